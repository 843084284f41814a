import { type Similarity, similarityOf } from '../../shared/similarity.js';
import type { Metric } from '../../shared/types.js';
import { hasBit } from '../bitmap.js';
import { BestHeap } from './best-heap.js';
import { floatBytes } from './float-bytes.js';
import { bestLists } from './inverted-lists.js';
import type {
  BestRows,
  BlockShape,
  Kernels,
  QueryVectors,
  RowBlock,
  RowPage,
  Rows,
  Scope,
} from './kernels.js';

// Always there: no WASM, no `eval`, nothing to load.

export const jsKernels: Kernels = {
  name: 'js',
  backend: 'js',
  holdsByReference: true,
  bytesToHold: floatBytes,
  hold: async (shape, pages) => {
    const held: RowPage[] = [];
    for await (const page of pages) held.push(page);
    return new JsBlock(shape, held);
  },
  pass: async (rows, dimension, metric) =>
    new JsBlock({ rows: rows.norms.length, dimension, metric }, [{ start: 0, ...rows }]),
};

class JsBlock implements RowBlock {
  readonly kernel = 'js';
  readonly backend = 'js';
  readonly rows: number;
  readonly bytes = 0;

  constructor(
    private readonly shape: BlockShape,
    private readonly pages: readonly RowPage[],
  ) {
    this.rows = shape.rows;
  }

  async search(queries: QueryVectors, k: number, scope: Scope): Promise<BestRows> {
    const { dimension } = this.shape;
    const width = Math.min(k, this.rows);
    const rows = new Int32Array(queries.count * width);
    const similarities = new Float32Array(queries.count * width);
    let scanned = 0;
    for (let q = 0; q < queries.count; q++) {
      const query = queries.vectors.subarray(q * dimension, (q + 1) * dimension);
      const heap = new BestHeap(width);
      scanned += this.#scan(query, heap, scope);
      heap.drainTo({ rows, similarities }, q * width);
    }
    return { k: width, rows, similarities, scanned };
  }

  async release(): Promise<void> {}

  #scan(query: Float32Array, heap: BestHeap, { rows, excluded, probes }: Scope): number {
    const { lists, metric } = this.shape;
    const scanner = new Scanner(this.pages, metric, query, heap);
    if (rows !== undefined) {
      for (const row of rows) scanner.score(row);
    } else if (lists === undefined || probes === undefined) {
      scanner.scoreRange(0, this.rows, excluded);
    } else {
      for (const list of bestLists(lists, metric, query, probes)) {
        scanner.scoreRange(lists.starts[list]!, lists.starts[list + 1]!, excluded);
      }
    }
    return scanner.scored;
  }
}

/** Scores rows of a block, wherever their pages are, against one query. */
class Scanner {
  scored = 0;
  readonly #similarity: Similarity;
  readonly #isCosine: boolean;
  #page: RowPage;
  #pageEnd: number;

  constructor(
    private readonly pages: readonly RowPage[],
    metric: Metric,
    private readonly query: Float32Array,
    private readonly heap: BestHeap,
  ) {
    this.#similarity = similarityOf(metric);
    this.#isCosine = metric === 'cosine';
    this.#page = pages[0]!;
    this.#pageEnd = rowsOf(this.#page);
  }

  scoreRange(from: number, to: number, excluded: Scope['excluded']): void {
    for (let row = from; row < to; row++) {
      if (excluded === undefined || !hasBit(excluded, row)) this.score(row);
    }
  }

  score(row: number): void {
    if (row >= this.#pageEnd || row < this.#page.start) this.#turnTo(row);
    const { start, vectors, norms } = this.#page;
    const at = row - start;
    const value = this.#similarity(vectors, at * this.query.length, this.query);
    this.heap.offer(row, this.#isCosine ? value / norms[at]! : value);
    this.scored++;
  }

  #turnTo(row: number): void {
    let low = 0;
    for (let high = this.pages.length - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if (this.pages[middle]!.start <= row) low = middle;
      else high = middle - 1;
    }
    this.#page = this.pages[low]!;
    this.#pageEnd = this.#page.start + rowsOf(this.#page);
  }
}

function rowsOf({ norms }: Rows): number {
  return norms.length;
}
