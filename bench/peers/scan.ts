/** The k best rows seen so far: a bounded heap whose root is the worst of them. */
export class TopRows {
  readonly #scores: Float64Array;
  readonly #rows: Int32Array;
  #length = 0;

  constructor(k: number) {
    this.#scores = new Float64Array(k);
    this.#rows = new Int32Array(k);
  }

  /** A row needs a higher score than this to get in. */
  get bar(): number {
    return this.#length < this.#scores.length ? Number.NEGATIVE_INFINITY : this.#scores[0]!;
  }

  push(row: number, score: number): void {
    if (this.#length < this.#scores.length) {
      let at = this.#length++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (this.#scores[parent]! <= score) break;
        this.#move(parent, at);
        at = parent;
      }
      this.#scores[at] = score;
      this.#rows[at] = row;
    } else if (score > this.#scores[0]!) {
      this.#replaceRoot(row, score);
    }
  }

  /** Rows, best first. */
  sorted(): number[] {
    const order = Array.from({ length: this.#length }, (_, i) => i);
    order.sort((a, b) => this.#scores[b]! - this.#scores[a]!);
    return order.map((i) => this.#rows[i]!);
  }

  #replaceRoot(row: number, score: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#length) break;
      if (child + 1 < this.#length && this.#scores[child + 1]! < this.#scores[child]!) child++;
      if (this.#scores[child]! >= score) break;
      this.#move(child, at);
      at = child;
    }
    this.#scores[at] = score;
    this.#rows[at] = row;
  }

  #move(from: number, to: number): void {
    this.#scores[to] = this.#scores[from]!;
    this.#rows[to] = this.#rows[from]!;
  }
}

/** Dot product with four accumulators, which lets the engine keep four sums under way. */
export function dot4(matrix: Float32Array, from: number, query: Float32Array, dimension: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < dimension; i += 4) {
    a += matrix[from + i]! * query[i]!;
    b += matrix[from + i + 1]! * query[i + 1]!;
    c += matrix[from + i + 2]! * query[i + 2]!;
    d += matrix[from + i + 3]! * query[i + 3]!;
  }
  return a + b + (c + d);
}

/** Exact search over the first `count` rows; the dimension is a multiple of 4. */
export function scan(
  matrix: Float32Array,
  dimension: number,
  count: number,
  query: Float32Array,
  topK: number,
): number[] {
  const top = new TopRows(topK);
  let bar = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    const score = dot4(matrix, row * dimension, query, dimension);
    if (score > bar) {
      top.push(row, score);
      bar = top.bar;
    }
  }
  return top.sorted();
}

/** The same over some rows only. */
export function scanRows(
  matrix: Float32Array,
  dimension: number,
  rows: Int32Array,
  query: Float32Array,
  topK: number,
): number[] {
  const top = new TopRows(topK);
  let bar = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    const score = dot4(matrix, row * dimension, query, dimension);
    if (score > bar) {
      top.push(row, score);
      bar = top.bar;
    }
  }
  return top.sorted();
}
