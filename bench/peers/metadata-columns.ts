import type { Metadata } from '../data/dataset.js';
import type { RowFilter } from '../data/filters.js';

/** Metadata as a peer keeps it to filter by: one typed array for each field. */
export class MetadataColumns {
  readonly #buckets: Uint8Array;
  readonly #ranks: Uint16Array;

  constructor(capacity: number) {
    this.#buckets = new Uint8Array(capacity);
    this.#ranks = new Uint16Array(capacity);
  }

  set(row: number, { bucket, rank }: Metadata): void {
    this.#buckets[row] = bucket;
    this.#ranks[row] = rank;
  }

  /** A test of rows with nothing left to decide but the comparison. */
  matcher(filter: RowFilter): (row: number) => boolean {
    const [buckets, ranks] = [this.#buckets, this.#ranks];
    if ('bucket' in filter) {
      const { bucket } = filter;
      return (row) => buckets[row] === bucket;
    }
    const { rankBelow } = filter;
    return (row) => ranks[row]! < rankBelow;
  }
}
