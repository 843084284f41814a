import type { CompiledFilter } from '../../shared/filter.js';
import type { StringColumn } from '../../shared/string-column.js';
import { type Bitmap, countBits, createBitmap, setBit } from '../bitmap.js';
import { Slice } from '../slices.js';
import { allRows, difference, listRows } from './bitmap-sets.js';
import { evaluate, pathsOf } from './evaluate.js';
import { type ColumnLimits, columnLimits, FieldColumns } from './field-columns.js';
import { metadataBatches } from './metadata-batches.js';

/** Filters whose bitmap is kept. */
const CACHED_FILTERS = 32;

/** Which rows of one segment pass a filter: from columns of the fields it names, kept with the last results. */
export class RowFilter {
  readonly #columns: FieldColumns;
  /** By the filter's key, least recently used first. */
  readonly #passing = new Map<string, Promise<Bitmap>>();

  constructor(
    private readonly rows: number,
    private readonly metadata: () => Promise<StringColumn | undefined>,
    limits: ColumnLimits = columnLimits(rows),
  ) {
    this.#columns = new FieldColumns(rows, limits);
  }

  get bytes(): number {
    return this.#columns.bytes + this.#passing.size * ((this.rows + 7) >>> 3);
  }

  /** The rows whose metadata passes. */
  passing(filter: CompiledFilter): Promise<Bitmap> {
    let passing = this.#passing.get(filter.key);
    if (passing === undefined) {
      passing = this.#evaluate(filter);
      passing.catch(() => this.#passing.delete(filter.key));
    } else {
      this.#passing.delete(filter.key);
    }
    this.#passing.set(filter.key, passing);
    if (this.#passing.size > CACHED_FILTERS) this.#passing.delete(this.#passing.keys().next().value!);
    return passing;
  }

  async #evaluate(filter: CompiledFilter): Promise<Bitmap> {
    const { node, matches } = filter;
    const paths = pathsOf(node);
    const metadata = paths.size === 0 ? undefined : await this.metadata();
    if (metadata === undefined) return matches(undefined) ? allRows(this.rows) : createBitmap(this.rows);
    const columns = await this.#columns.of(paths, metadata);
    const { certain, possible } = await evaluate(node, this.rows, columns, new Slice());
    if (certain === possible) return certain;
    const passing = certain.slice();
    const open = difference(possible, certain);
    const rows = listRows(open, countBits(open));
    for await (const { from, values } of metadataBatches(metadata, rows)) {
      for (const [i, value] of values.entries()) if (matches(value)) setBit(passing, rows[from + i]!);
    }
    return passing;
  }
}
