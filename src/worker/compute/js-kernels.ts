import type { Metric } from '../../shared/types.js';
import { type Bitmap, hasBit } from '../bitmap.js';
import type { BestRows, Kernels, QueryVectors, RowBlock, Rows } from './kernels.js';

// Always there: no WASM, no `eval`, nothing to load. Four accumulators let the CPU overlap the additions.

export const jsKernels: Kernels = {
  backend: 'js',
  holdsByReference: true,
  hold: async (rows, dimension, metric) => new JsBlock(rows, dimension, metric),
  pass: async (rows, dimension, metric) => new JsBlock(rows, dimension, metric),
};

class JsBlock implements RowBlock {
  readonly backend = 'js';
  readonly rows: number;
  readonly bytes = 0;

  constructor(
    private readonly data: Rows,
    private readonly dimension: number,
    private readonly metric: Metric,
  ) {
    this.rows = data.norms.length;
  }

  async search(queries: QueryVectors, k: number, excluded: Bitmap | undefined): Promise<BestRows> {
    const width = Math.min(k, this.rows);
    const best: BestRows = {
      k: width,
      rows: new Int32Array(queries.count * width),
      similarities: new Float32Array(queries.count * width),
    };
    for (let q = 0; q < queries.count; q++) {
      const query = queries.vectors.subarray(q * this.dimension, (q + 1) * this.dimension);
      const heap = new BestHeap(width);
      this.#scan(query, heap, excluded);
      heap.drainTo(best, q * width);
    }
    return best;
  }

  async release(): Promise<void> {}

  #scan(query: Float32Array, heap: BestHeap, excluded: Bitmap | undefined): void {
    const { vectors, norms } = this.data;
    const { dimension, metric } = this;
    const similarity = metric === 'l2' ? negativeDistance : dot;
    for (let row = 0; row < this.rows; row++) {
      if (excluded !== undefined && hasBit(excluded, row)) continue;
      let value = similarity(vectors, row * dimension, query);
      if (metric === 'cosine') value /= norms[row]!;
      heap.offer(row, value);
    }
  }
}

export function dot(rows: Float32Array, offset: number, query: Float32Array): number {
  const n = query.length;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    a += rows[offset + i]! * query[i]!;
    b += rows[offset + i + 1]! * query[i + 1]!;
    c += rows[offset + i + 2]! * query[i + 2]!;
    d += rows[offset + i + 3]! * query[i + 3]!;
  }
  for (; i < n; i++) a += rows[offset + i]! * query[i]!;
  return a + b + c + d;
}

function negativeDistance(rows: Float32Array, offset: number, query: Float32Array): number {
  let a = 0;
  let b = 0;
  const n = query.length;
  let i = 0;
  for (; i + 2 <= n; i += 2) {
    const x = rows[offset + i]! - query[i]!;
    const y = rows[offset + i + 1]! - query[i + 1]!;
    a += x * x;
    b += y * y;
  }
  if (i < n) {
    const x = rows[offset + i]! - query[i]!;
    a += x * x;
  }
  return -Math.sqrt(a + b);
}

/** The k greatest of a stream: a min-heap on similarity. */
class BestHeap {
  readonly #rows: Int32Array;
  readonly #values: Float64Array;
  #size = 0;

  constructor(private readonly k: number) {
    this.#rows = new Int32Array(k);
    this.#values = new Float64Array(k);
  }

  offer(row: number, value: number): void {
    if (this.#size < this.k) {
      this.#siftUp(this.#size++, row, value);
    } else if (this.k > 0 && value > this.#values[0]!) {
      this.#siftDown(row, value);
    }
  }

  /** Empties the heap into `best` at `at`, greatest first; the rest is filled with row −1. */
  drainTo(best: BestRows, at: number): void {
    best.rows.fill(-1, at, at + this.k);
    best.similarities.fill(Number.NEGATIVE_INFINITY, at, at + this.k);
    for (let size = this.#size; size > 0; size--) {
      best.rows[at + size - 1] = this.#rows[0]!;
      best.similarities[at + size - 1] = this.#values[0]!;
      this.#size = size - 1;
      this.#siftDown(this.#rows[size - 1]!, this.#values[size - 1]!);
    }
  }

  #siftUp(hole: number, row: number, value: number): void {
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.#values[parent]! <= value) break;
      this.#rows[hole] = this.#rows[parent]!;
      this.#values[hole] = this.#values[parent]!;
      hole = parent;
    }
    this.#rows[hole] = row;
    this.#values[hole] = value;
  }

  /** Puts (row, value) in the place of the root. */
  #siftDown(row: number, value: number): void {
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#values[child + 1]! < this.#values[child]!) child++;
      if (this.#values[child]! >= value) break;
      this.#rows[hole] = this.#rows[child]!;
      this.#values[hole] = this.#values[child]!;
      hole = child;
    }
    this.#rows[hole] = row;
    this.#values[hole] = value;
  }
}
