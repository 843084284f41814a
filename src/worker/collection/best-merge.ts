import type { BestRows, Kernels } from '../compute/kernels.js';

/** What computed an answer. */
export type Computed = Pick<Kernels, 'name' | 'backend'>;

const LOWEST_FIRST = ['js', 'wasm', 'webgpu'];
const NOTHING_COMPUTED: Computed = { name: 'js', backend: 'js' };

export interface Found {
  /** Which of the searched places (views of a snapshot). */
  readonly source: number;
  readonly row: number;
  readonly similarity: number;
}

/** Collects the best rows of several blocks, for b queries at once. */
export class BestMerge {
  readonly #found: Found[][];
  #computed: Computed | undefined;

  constructor(
    queries: number,
    private readonly k: number,
  ) {
    this.#found = Array.from({ length: queries }, () => []);
  }

  /** The lowest of what had a part in it. */
  get computed(): Computed {
    return this.#computed ?? NOTHING_COMPUTED;
  }

  /** Adds a block's answer to the queries from `first` on; `place` says where its rows are. */
  add(
    best: BestRows,
    by: Computed,
    place: (row: number) => { source: number; row: number },
    first = 0,
  ): void {
    const lowest = this.#computed ?? by;
    this.#computed = LOWEST_FIRST.indexOf(by.backend) < LOWEST_FIRST.indexOf(lowest.backend) ? by : lowest;
    for (let q = 0; q * best.k < best.rows.length; q++) {
      for (let i = q * best.k; i < (q + 1) * best.k; i++) {
        if (best.rows[i] === -1) break;
        this.#found[first + q]!.push({ ...place(best.rows[i]!), similarity: best.similarities[i]! });
      }
    }
  }

  /** The k best of one query, best first. */
  best(query: number): Found[] {
    return this.#found[query]!.sort((a, b) => b.similarity - a.similarity).slice(0, this.k);
  }
}
