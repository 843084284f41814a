import type { FieldTest } from '../../shared/filter-parse.js';
import type { JsonScalar } from '../../shared/filter-types.js';
import type { JsonValue } from '../../shared/types.js';
import { type Bitmap, createBitmap, setBit } from '../bitmap.js';
import type { ScalarIndex } from './scalar-index.js';
import { ScalarIndexBuilder } from './scalar-index-builder.js';

/** What one path leads to in each row of a segment, arranged for filters. Objects satisfy nothing but `$exists`. */
export class FieldColumn {
  constructor(
    private readonly rows: number,
    /** Rows in which the path leads somewhere. */
    private readonly present: Bitmap,
    /** Scalars that the path leads to. */
    private readonly direct: ScalarIndex,
    /** Scalars in the arrays that the path leads to. */
    private readonly elements: ScalarIndex,
  ) {}

  get bytes(): number {
    return this.present.byteLength + this.direct.bytes + this.elements.bytes;
  }

  /** The rows that pass a condition on this path. */
  passing(test: FieldTest): Bitmap {
    if (test.op === 'exists') return this.present;
    const found = createBitmap(this.rows);
    this.elements.addPassing(found, test);
    if (test.op !== 'contains') this.direct.addPassing(found, test);
    else if (typeof test.operand === 'string') this.direct.addContaining(found, test.operand);
    return found;
  }
}

/** Takes metadata row by row, in the order of rows. */
export class FieldColumnBuilder {
  readonly #present: Bitmap;
  readonly #direct = new ScalarIndexBuilder();
  readonly #elements = new ScalarIndexBuilder();

  constructor(
    private readonly rows: number,
    private readonly path: readonly string[],
  ) {
    this.#present = createBitmap(rows);
  }

  /** What the column will take. */
  get bytes(): number {
    return this.#present.byteLength + this.#direct.bytes + this.#elements.bytes;
  }

  add(row: number, metadata: JsonValue): void {
    this.#follow(row, metadata, 0);
  }

  async finish(): Promise<FieldColumn> {
    return new FieldColumn(
      this.rows,
      this.#present,
      await this.#direct.finish(),
      await this.#elements.finish(),
    );
  }

  /** One segment down the path, through the objects of an array where there is one; SPEC.md, rule F16. */
  #follow(row: number, value: JsonValue, depth: number): void {
    for (const owner of Array.isArray(value) ? value : [value]) this.#enter(row, owner, depth);
  }

  #enter(row: number, value: JsonValue, depth: number): void {
    const key = this.path[depth]!;
    if (!isObject(value) || !Object.hasOwn(value, key)) return;
    if (depth + 1 < this.path.length) this.#follow(row, value[key]!, depth + 1);
    else this.#hold(row, value[key]!);
  }

  #hold(row: number, value: JsonValue): void {
    setBit(this.#present, row);
    if (isScalar(value)) this.#direct.add(row, value);
    if (!Array.isArray(value)) return;
    for (const element of value) if (isScalar(element)) this.#elements.add(row, element);
  }
}

function isScalar(value: JsonValue): value is JsonScalar {
  return typeof value !== 'object' || value === null;
}

function isObject(value: JsonValue): value is { [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
