/** Sorting is put off until so many have gathered beyond the limit. */
const LEAST_SURPLUS = 64;

/** The first `limit` of a stream in an order; no two are equal in it. */
export class FirstOf<T> {
  /** Nothing that comes after it can be among them any more. */
  last: T | undefined;
  readonly #most: number;
  #kept: T[] = [];

  constructor(
    private readonly limit: number,
    private readonly compare: (a: T, b: T) => number,
  ) {
    this.#most = limit + Math.max(limit, LEAST_SURPLUS);
  }

  push(item: T): void {
    if (this.last !== undefined && this.compare(item, this.last) > 0) return;
    if (this.#kept.push(item) >= this.#most) this.#cut();
  }

  /** In order. */
  finish(): T[] {
    this.#cut();
    return this.#kept;
  }

  #cut(): void {
    this.#kept.sort(this.compare);
    this.#kept.length = Math.min(this.#kept.length, this.limit);
    if (this.#kept.length === this.limit) this.last = this.#kept.at(-1);
  }
}
