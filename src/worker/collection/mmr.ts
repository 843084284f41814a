import { scoreFrom } from '../../shared/metric.js';
import type { Metric } from '../../shared/types.js';

/** What is chosen from, best first. */
export interface Pool {
  /** n relevances. */
  readonly relevances: readonly number[];
  /** n × dimension. */
  readonly vectors: Float32Array;
  readonly metric: Metric;
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998) with λ = 1 − diversity: positions of k of the pool, one
 * after the other, each the one with the greatest λ × relevance − (1 − λ) × greatest similarity to those before.
 */
export function chooseDiverse({ relevances, vectors, metric }: Pool, k: number, diversity: number): number[] {
  const n = relevances.length;
  const dimension = n === 0 ? 0 : vectors.length / n;
  const vectorOf = (i: number) => vectors.subarray(i * dimension, (i + 1) * dimension);
  /** Greatest similarity to what is chosen. */
  const likeness = new Float64Array(n).fill(Number.NEGATIVE_INFINITY);
  const chosen: number[] = [];
  const left = new Set(relevances.keys());
  while (chosen.length < k && left.size > 0) {
    let best = -1;
    let bestValue = Number.NEGATIVE_INFINITY;
    for (const i of left) {
      const penalty = chosen.length === 0 ? 0 : diversity * likeness[i]!;
      const value = (1 - diversity) * relevances[i]! - penalty;
      if (best === -1 || value > bestValue) [best, bestValue] = [i, value];
    }
    left.delete(best);
    chosen.push(best);
    for (const i of left) {
      likeness[i] = Math.max(likeness[i]!, scoreOf(metric, vectorOf(i), vectorOf(best)));
    }
  }
  return chosen;
}

/** The metric's score of two vectors. */
function scoreOf(metric: Metric, a: Float32Array, b: Float32Array): number {
  let [product, squares, aa, bb] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    product += x * y;
    squares += (x - y) ** 2;
    aa += x * x;
    bb += y * y;
  }
  if (metric === 'l2') return scoreFrom(metric, -Math.sqrt(squares));
  return scoreFrom(metric, metric === 'dot' ? product : product / Math.sqrt(aa * bb));
}
