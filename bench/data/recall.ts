import { type Dataset, rowOf } from './dataset.js';
import { dot, EPSILON } from './truth.js';

/**
 * Share of the k true neighbours among the answer, counted by score as ann-benchmarks does: an answer is a hit
 * if its true score (computed here, never taken from the system) is at least the k-th true score less 1e-5, so
 * ties are hits. Repeated ids count once; rows that do not pass the filter are misses.
 */
export function recallOf(
  data: Dataset,
  query: Float32Array,
  ids: readonly string[],
  k: number,
  kthScore: number,
  passes: (row: number) => boolean = () => true,
): number {
  let hits = 0;
  for (const row of new Set(ids.slice(0, k).map(rowOf))) {
    if (row < 0 || row >= data.size || !passes(row)) continue;
    if (dot(data.base, row * data.dimension, query) >= kthScore - EPSILON) hits++;
  }
  return hits / k;
}
