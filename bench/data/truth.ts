import type { Dataset, Part } from './dataset.js';

/** Hits may miss the k-th true score by this much: float32 sums in another order are not misses. */
const EPSILON = 1e-5;

/** What one query should find. */
export interface Neighbours {
  /** The k true nearest and whatever ties with the k-th. */
  readonly rows: ReadonlySet<number>;
  /** How many can be found: k, or fewer where fewer rows pass. */
  readonly count: number;
}

/** Queries over the rows that pass. */
export interface TruthJob {
  readonly queries: readonly Float32Array[];
  readonly passes: (row: number) => boolean;
}

interface Candidate {
  row: number;
  score: number;
}

/** The true neighbours, in float64 by scoring all rows, in one pass over the data: job → query → neighbours. */
export async function findNeighbours(
  data: Dataset,
  jobs: readonly TruthJob[],
  k: number,
  pause: () => Promise<void>,
): Promise<Neighbours[][]> {
  const candidates = jobs.map(({ queries }) => queries.map((): Candidate[] => []));
  for await (const part of data.parts()) {
    for (const [j, { queries, passes }] of jobs.entries()) {
      const rows = rowsThatPass(part, data.dimension, passes);
      if (rows.length === 0) continue;
      for (const [q, query] of queries.entries()) {
        candidates[j]![q]!.push(...nearestOf(part, rows, query, k));
        await pause();
      }
    }
  }
  return candidates.map((job) => job.map((found) => neighboursAmong(found, k)));
}

/** Positions in the part. */
function rowsThatPass(
  { from, vectors }: Part,
  dimension: number,
  passes: (row: number) => boolean,
): number[] {
  const rows: number[] = [];
  for (let i = 0; i < vectors.length / dimension; i++) if (passes(from + i)) rows.push(i);
  return rows;
}

/** The k nearest of a part and whatever ties with the k-th: a superset of what it has of the k nearest of all. */
function nearestOf(
  { from, vectors }: Part,
  rows: readonly number[],
  query: Float32Array,
  k: number,
): Candidate[] {
  const scores = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) scores[i] = dot(vectors, rows[i]! * query.length, query);
  // An oracle is a sort: nothing clever that could be wrong.
  const kth = scores.toSorted()[Math.max(0, rows.length - k)]!;
  const nearest: Candidate[] = [];
  for (const [i, score] of scores.entries()) {
    if (score >= kth - EPSILON) nearest.push({ row: from + rows[i]!, score });
  }
  return nearest;
}

function neighboursAmong(candidates: readonly Candidate[], k: number): Neighbours {
  const sorted = candidates.toSorted((a, b) => b.score - a.score);
  const count = Math.min(k, sorted.length);
  const kth = count === 0 ? 0 : sorted[count - 1]!.score;
  return {
    rows: new Set(sorted.filter(({ score }) => score >= kth - EPSILON).map(({ row }) => row)),
    count,
  };
}

/** Dot product of a row with a query, in float64. */
function dot(vectors: Float32Array, from: number, query: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += vectors[from + i]! * query[i]!;
  return sum;
}
