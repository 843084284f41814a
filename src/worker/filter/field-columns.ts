import type { StringColumn } from '../../shared/string-column.js';
import { pause } from '../slices.js';
import { allRows, listRows } from './bitmap-sets.js';
import { type FieldColumn, FieldColumnBuilder } from './field-column.js';
import { metadataBatches } from './metadata-batches.js';

export interface ColumnLimits {
  readonly fields: number;
  readonly bytes: number;
}

/** Path by its name: segments joined by dots, which no segment has. */
export type Paths = ReadonlyMap<string, readonly string[]>;

/** Columns by the names of their paths; `undefined` for a field that is too large to keep. */
export type Columns = ReadonlyMap<string, FieldColumn | undefined>;

interface Held {
  readonly column: Promise<FieldColumn | undefined>;
  /** 0 until it is made. */
  bytes: number;
}

const MIB = 1 << 20;

/**
 * What the columns of a segment may take. A field with few values takes some 4 bytes a row, one whose values are all
 * different some 12 and its text. Too little, and filters that take turns make their columns again and again.
 */
export function columnLimits(rows: number): ColumnLimits {
  return { fields: 64, bytes: Math.min(128 * MIB, Math.max(32 * MIB, 128 * rows)) };
}

/** The columns of one segment's fields, each made when a filter first names it. */
export class FieldColumns {
  /** Least recently used first. */
  readonly #held = new Map<string, Held>();
  #next: { readonly paths: Map<string, readonly string[]>; readonly columns: Promise<Columns> } | undefined;

  constructor(
    private readonly rows: number,
    private readonly limits: ColumnLimits,
  ) {}

  get bytes(): number {
    let bytes = 0;
    for (const held of this.#held.values()) bytes += held.bytes;
    return bytes;
  }

  /** The columns of these fields, made of the segment's metadata; of more fields than may be kept, the first. */
  async of(paths: Paths, metadata: StringColumn): Promise<Columns> {
    const columns = new Map<string, FieldColumn | undefined>();
    const asked = [...paths].slice(0, this.limits.fields).map(([name, path]) => ({
      name,
      column: this.#use(name, path, metadata),
    }));
    for (const { name, column } of asked) columns.set(name, await column);
    this.#dropLeastUsed();
    return columns;
  }

  #use(name: string, path: readonly string[], metadata: StringColumn): Promise<FieldColumn | undefined> {
    const held = this.#held.get(name) ?? this.#make(name, path, metadata);
    this.#held.delete(name);
    this.#held.set(name, held);
    return held.column;
  }

  #make(name: string, path: readonly string[], metadata: StringColumn): Held {
    const { paths, columns } = (this.#next ??= this.#gather(metadata));
    paths.set(name, path);
    const held = { column: columns.then((made) => made.get(name)), bytes: 0 };
    held.column.then(
      (column) => {
        held.bytes = column?.bytes ?? 0;
      },
      () => {
        if (this.#held.get(name) === held) this.#held.delete(name);
      },
    );
    return held;
  }

  /** Calls that are already waiting may name more fields: one pass over the metadata serves all. */
  #gather(metadata: StringColumn) {
    const paths = new Map<string, readonly string[]>();
    const columns = pause().then(() => {
      this.#next = undefined;
      return this.#build(paths, metadata);
    });
    return { paths, columns };
  }

  async #build(paths: Paths, metadata: StringColumn): Promise<Columns> {
    const builders = new Map(
      [...paths].map(([name, path]) => [name, new FieldColumnBuilder(this.rows, path)]),
    );
    const rows = listRows(allRows(this.rows), this.rows);
    for await (const { from, values } of metadataBatches(metadata, rows)) {
      for (const builder of builders.values()) {
        for (const [i, value] of values.entries()) if (value !== undefined) builder.add(from + i, value);
      }
      this.#dropLargest(builders);
      if (builders.size === 0) break;
    }
    const columns = new Map<string, FieldColumn>();
    for (const [name, builder] of builders) columns.set(name, await builder.finish());
    return columns;
  }

  #dropLargest(builders: Map<string, FieldColumnBuilder>): void {
    for (;;) {
      const sizes = [...builders].map(([name, { bytes }]) => ({ name, bytes }));
      if (sizes.reduce((sum, { bytes }) => sum + bytes, 0) <= this.limits.bytes) return;
      builders.delete(sizes.reduce((largest, each) => (each.bytes > largest.bytes ? each : largest)).name);
    }
  }

  #dropLeastUsed(): void {
    for (const name of this.#held.keys()) {
      if (this.#held.size <= this.limits.fields && this.bytes <= this.limits.bytes) return;
      this.#held.delete(name);
    }
  }
}
