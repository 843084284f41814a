import { rowOf } from './dataset.js';
import type { Neighbours } from './truth.js';

/**
 * Share of the k true neighbours among the answer, counted by score as ann-benchmarks does: an answer is a hit
 * if its true score (computed here, never taken from the system) is at least the k-th true score less 1e-5, so
 * ties are hits. Repeated ids count once; rows that do not pass the filter are misses. Where fewer than k rows
 * pass, it is the share of these.
 */
export function recallOf(ids: readonly string[], { rows, count }: Neighbours): number {
  if (count === 0) return 1;
  const hits = new Set(
    ids
      .slice(0, count)
      .map(rowOf)
      .filter((row) => rows.has(row)),
  );
  return hits.size / count;
}
