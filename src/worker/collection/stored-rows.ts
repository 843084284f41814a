import type { Metric } from '../../shared/types.js';
import { type Bitmap, hasBit } from '../bitmap.js';
import { BestHeap } from '../compute/best-heap.js';
import { bestLists } from '../compute/inverted-lists.js';
import type {
  BestRows,
  InvertedLists,
  Kernels,
  QueryVectors,
  RowBlock,
  Rows,
  Scope,
} from '../compute/kernels.js';
import { groupsOf } from '../compute/query-groups.js';
import { rowsAtOnce } from '../compute/rows-at-once.js';
import { free } from '../free.js';
import type { Segment } from './segment.js';

/** Some rows of the segment: `places[i]` is where row i stands in it, or the first of consecutive ones. */
interface Part extends Rows {
  readonly places: Uint32Array | number;
  readonly excluded?: Bitmap | undefined;
}

/** The rows of a segment that stay in storage: a search reads what it looks at. */
export class StoredRows implements RowBlock {
  readonly bytes = 0;

  constructor(
    private readonly segment: Segment,
    private readonly lists: InvertedLists | undefined,
    private readonly metric: Metric,
    private readonly kernels: Kernels,
  ) {}

  get kernel() {
    return this.kernels.name;
  }

  get backend() {
    return this.kernels.backend;
  }

  get rows(): number {
    return this.segment.rows;
  }

  async search(queries: QueryVectors, k: number, scope: Scope): Promise<BestRows> {
    const width = Math.min(k, this.rows);
    const heaps = Array.from({ length: queries.count }, () => new BestHeap(width));
    let scanned = 0;
    const { dimension } = this.segment;
    // Where lists are picked, each query has its own.
    const together = this.lists === undefined || scope.probes === undefined ? queries.count : 1;
    for (const { first, group } of groupsOf(queries, dimension, together)) {
      for await (const part of this.#parts(group, scope)) {
        scanned += await this.#searchPart(part, group, width, heaps.slice(first, first + group.count));
      }
    }
    const rows = new Int32Array(queries.count * width);
    const best = { k: width, rows, similarities: new Float32Array(rows.length) };
    for (const [q, heap] of heaps.entries()) heap.drainTo(best, q * width);
    return { ...best, scanned };
  }

  async release(): Promise<void> {}

  /** The rows of the lists that the queries ask for; undefined: these are not what is asked for. */
  rowsOfLists(queries: QueryVectors, { excluded, probes }: Scope): Uint32Array<ArrayBuffer> | undefined {
    const { lists, metric } = this;
    const { dimension } = this.segment;
    if (lists === undefined || probes === undefined) return undefined;
    const probed = new Set<number>();
    for (let q = 0; q < queries.count; q++) {
      const query = queries.vectors.subarray(q * dimension, (q + 1) * dimension);
      for (const list of bestLists(lists, metric, query, probes)) probed.add(list);
    }
    const rows: number[] = [];
    for (const list of [...probed].sort((a, b) => a - b)) {
      for (let row = lists.starts[list]!; row < lists.starts[list + 1]!; row++) {
        if (excluded === undefined || !hasBit(excluded, row)) rows.push(row);
      }
    }
    return Uint32Array.from(rows);
  }

  async *#parts(queries: QueryVectors, scope: Scope): AsyncGenerator<Part> {
    const places = scope.rows ?? this.rowsOfLists(queries, scope);
    if (places === undefined) {
      yield* this.#pages(scope.excluded);
      return;
    }
    const step = rowsAtOnce(this.segment.dimension);
    for (let from = 0; from < places.length; from += step) {
      const own = places.slice(from, from + step);
      yield { ...(await this.segment.copyRows(own)), places: own };
    }
  }

  async *#pages(excluded: Bitmap | undefined): AsyncGenerator<Part> {
    const { segment } = this;
    const norms = await segment.norms();
    const { rowsPerPage } = segment;
    for (let page = 0; page * rowsPerPage < segment.rows; page++) {
      const start = page * rowsPerPage;
      const [vectors] = await segment.readVectorPages(page, page + 1);
      // Pages begin at whole bytes of a bitmap.
      yield {
        vectors: vectors!,
        norms: norms.subarray(start, start + rowsPerPage),
        places: start,
        excluded: excluded?.subarray(start >>> 3),
      };
    }
  }

  /** Gives how many rows were in the scope, over all queries. */
  async #searchPart(
    { places, excluded, ...rows }: Part,
    queries: QueryVectors,
    k: number,
    heaps: readonly BestHeap[],
  ): Promise<number> {
    const block = await this.kernels.pass(rows, this.segment.dimension, this.metric);
    try {
      const best = await block.search(queries, k, { excluded });
      for (const [q, heap] of heaps.entries()) {
        for (let at = q * best.k; at < (q + 1) * best.k && best.rows[at] !== -1; at++) {
          const row = best.rows[at]!;
          heap.offer(typeof places === 'number' ? places + row : places[row]!, best.similarities[at]!);
        }
      }
      return best.scanned;
    } finally {
      await block.release();
      free(rows.vectors);
    }
  }
}
