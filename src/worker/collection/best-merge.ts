import type { Backend } from '../../shared/types.js';
import type { BestRows } from '../compute/kernels.js';

export interface Found {
  /** Which of the searched places (views of a snapshot). */
  readonly source: number;
  readonly row: number;
  readonly similarity: number;
}

/** Collects the best rows of several blocks, for b queries at once. */
export class BestMerge {
  readonly #found: Found[][];
  #backend: Backend | undefined;

  constructor(
    queries: number,
    private readonly k: number,
  ) {
    this.#found = Array.from({ length: queries }, () => []);
  }

  /** `'js'` as soon as plain JS had a part in it. */
  get backend(): Backend {
    return this.#backend ?? 'js';
  }

  /** Adds a block's answer; its row r is row `firstRow + r` of `source`. */
  add(best: BestRows, source: number, firstRow: number, backend: Backend): void {
    this.addMapped(best, backend, (row) => ({ source, row: firstRow + row }));
  }

  addMapped(best: BestRows, backend: Backend, place: (row: number) => { source: number; row: number }): void {
    this.#backend = this.#backend === 'js' ? 'js' : backend;
    for (const [q, found] of this.#found.entries()) {
      for (let i = q * best.k; i < (q + 1) * best.k; i++) {
        if (best.rows[i] === -1) break;
        found.push({ ...place(best.rows[i]!), similarity: best.similarities[i]! });
      }
    }
  }

  /** The k best of one query, best first. */
  best(query: number): Found[] {
    return this.#found[query]!.sort((a, b) => b.similarity - a.similarity).slice(0, this.k);
  }
}
