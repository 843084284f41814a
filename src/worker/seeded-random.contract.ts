/** Mulberry32 (Tommy Ettinger, public domain): numbers in [0, 1) that depend on the seed alone. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, end). */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** Normally distributed (Box-Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** Distinct values, in random order. */
  sample<T>(values: readonly T[], count: number): T[] {
    const rest = [...values];
    const picked: T[] = [];
    while (picked.length < count && rest.length > 0) {
      const at = this.below(rest.length);
      picked.push(rest[at]!);
      rest[at] = rest.at(-1)!;
      rest.pop();
    }
    return picked;
  }
}
