/** Hits may miss the k-th true score by this much: float32 sums in another order are not misses. */
export const EPSILON = 1e-5;

/** The k-th best true score of a query, in float64 by scoring all rows; a row counts as a hit from there on. */
export async function kthScores(
  base: Float32Array,
  dimension: number,
  queries: readonly Float32Array[],
  k: number,
  passes: (row: number) => boolean,
  pause: () => Promise<void>,
): Promise<Float64Array> {
  const rows: number[] = [];
  for (let row = 0; row < base.length / dimension; row++) if (passes(row)) rows.push(row);
  const result = new Float64Array(queries.length);
  const scores = new Float64Array(rows.length);
  for (let q = 0; q < queries.length; q++) {
    const query = queries[q]!;
    for (let i = 0; i < rows.length; i++) scores[i] = dot(base, rows[i]! * dimension, query);
    // An oracle is a sort: nothing clever that could be wrong.
    result[q] = scores.toSorted()[Math.max(0, rows.length - k)]!;
    await pause();
  }
  return result;
}

/** Dot product of a row with a query, in float64. */
export function dot(base: Float32Array, from: number, query: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += base[from + i]! * query[i]!;
  return sum;
}
