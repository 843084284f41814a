import { free } from '../free.js';
import type { Column, SegmentManifest } from '../storage/storage.js';
import type { CollectionPages } from './collection-pages.js';

const NOTHING = new Uint8Array(0);

/** Reads one column of a segment straight on, with one page in memory. */
export class ColumnCursor {
  readonly #starts: readonly number[];
  #page: Uint8Array<ArrayBuffer> | undefined;
  #index = -1;

  constructor(
    private readonly pages: CollectionPages,
    private readonly segment: SegmentManifest,
    private readonly column: Column,
  ) {
    this.#starts = segment.columns[column]?.starts ?? [];
  }

  /** Moves on to the page that has this row; resolves to the first row after it. */
  async moveTo(row: number): Promise<number> {
    const starts = this.#starts;
    // A column that was left out: every row of it is empty.
    if (starts.length === 0) return this.segment.rows;
    let index = this.#index;
    while (index + 1 < starts.length && starts[index + 1]! <= row) index++;
    if (index !== this.#index) {
      this.close();
      this.#index = index;
      this.#page = await this.pages.read(this.segment, this.column, index);
    }
    return starts[index + 1] ?? this.segment.rows;
  }

  /** The row's string as UTF-8; the row is in the page. */
  string(row: number): Uint8Array<ArrayBuffer> {
    const page = this.#page;
    if (page === undefined) return NOTHING;
    const rows = new Uint32Array(page.buffer, page.byteOffset, 1)[0]!;
    const at = row - this.#starts[this.#index]!;
    const offsets = new Uint32Array(page.buffer, page.byteOffset + 4 * (at + 1), 2);
    const body = 4 * (rows + 2);
    return page.subarray(body + offsets[0]!, body + offsets[1]!);
  }

  /** The row's `length` numbers; the row is in the page. */
  numbers(row: number, length: number): Float32Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.#page!;
    return new Float32Array(buffer, byteOffset + 4 * length * (row - this.#starts[this.#index]!), length);
  }

  close(): void {
    if (this.#page !== undefined) free(this.#page);
    this.#page = undefined;
  }
}
