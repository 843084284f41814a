import { type Similarity, similarityOf } from '../../shared/similarity.js';
import { Slice } from '../slices.js';
import { BestHeap } from './best-heap.js';
import type { BestRows, BlockShape, Compact, QueryVectors, RowBlock, Rows, Scope } from './kernels.js';
import { groupsOf } from './query-groups.js';
import { rowsAtOnce } from './rows-at-once.js';
import type { SimdInstance } from './simd-instance.js';

/** Rows as integers: these tell which may be among the best, and they alone are read at full precision. */
export class CompactBlock implements RowBlock {
  readonly kernel = 'simd';
  readonly backend = 'wasm';
  readonly rows: number;
  readonly #dimension: number;
  readonly #similarity: Similarity;
  readonly #isCosine: boolean;
  #instance: SimdInstance | undefined;

  constructor(
    { rows, dimension, metric }: BlockShape,
    private readonly compact: Compact,
    instance: SimdInstance,
  ) {
    this.rows = rows;
    this.#dimension = dimension;
    this.#similarity = similarityOf(metric);
    this.#isCosine = metric === 'cosine';
    this.#instance = instance;
  }

  get bytes(): number {
    return this.#instance?.bytes ?? 0;
  }

  async search(queries: QueryVectors, k: number, scope: Scope): Promise<BestRows> {
    const width = Math.min(k, this.rows);
    const rounded = scope.rounded === true && this.compact.precision === 'int16';
    const rows = new Int32Array(queries.count * width);
    const best = { k: width, rows, similarities: new Float32Array(rows.length) };
    const step = this.#loaded().queriesTogether(width, scope);
    const slice = new Slice();
    let scanned = 0;
    for (const { first, group } of groupsOf(queries, this.#dimension, step)) {
      if (slice.isOver()) await slice.next();
      if (rounded) scanned += this.#loaded().search(group, scope, first, best);
      else scanned += await this.#searchAtFullPrecision(group, scope, first, best);
    }
    return { ...best, scanned, rounded };
  }

  /** Nothing refers to the instance then, and its memory is the collector's. */
  async release(): Promise<void> {
    this.#instance = undefined;
  }

  #loaded(): SimdInstance {
    if (this.#instance === undefined) throw new Error('The block has been released.');
    return this.#instance;
  }

  /** Like `SimdInstance.search`. */
  async #searchAtFullPrecision(
    queries: QueryVectors,
    scope: Scope,
    first: number,
    best: Pick<BestRows, 'k' | 'rows' | 'similarities'>,
  ): Promise<number> {
    const { rows: candidates, scanned } = this.#loaded().candidates(queries, best.k, scope);
    const heaps = candidates.map(() => new BestHeap(best.k));
    const wanted = ascendingOnce(candidates);
    const step = rowsAtOnce(this.#dimension);
    for (let from = 0; from < wanted.length; from += step) {
      const rows = wanted.slice(from, from + step);
      const read = await this.compact.readRows(rows);
      for (const [q, heap] of heaps.entries()) {
        const query = queries.vectors.subarray(q * this.#dimension, (q + 1) * this.#dimension);
        this.#score(rows, read, candidates[q]!, query, heap);
      }
    }
    for (const [q, heap] of heaps.entries()) heap.drainTo(best, (first + q) * best.k);
    return scanned;
  }

  /** Offers the candidates that were read. @param rows ascending @param candidates ascending */
  #score(
    rows: Uint32Array,
    { vectors, norms }: Rows,
    candidates: Uint32Array,
    query: Float32Array,
    heap: BestHeap,
  ): void {
    let at = 0;
    for (const row of candidates) {
      while (at < rows.length && rows[at]! < row) at++;
      if (rows[at] !== row) continue;
      const similarity = this.#similarity(vectors, at * this.#dimension, query);
      heap.offer(row, this.#isCosine ? similarity / norms[at]! : similarity);
    }
  }
}

/** Sorts each list, and joins them into one without repetitions. */
function ascendingOnce(lists: readonly Uint32Array[]): Uint32Array<ArrayBuffer> {
  for (const list of lists) list.sort();
  return Uint32Array.from(new Set(lists.flatMap((list) => [...list]))).sort();
}
