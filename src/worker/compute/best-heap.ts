import type { BestRows } from './kernels.js';

/** The k greatest of a stream: a min-heap on similarity. */
export class BestHeap {
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

  /** What a value has to be above to get in; −∞ while there are fewer than k. */
  get least(): number {
    return this.#size < this.k ? Number.NEGATIVE_INFINITY : this.#values[0]!;
  }

  /** Empties the heap into `best` at `at`, greatest first; the rest is filled with row −1. */
  drainTo(best: Pick<BestRows, 'rows' | 'similarities'>, at: number): void {
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
