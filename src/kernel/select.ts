import { replaceLeast, replaceLeastRow } from './heap';
import { RowSet } from './layout';
import { candidateRoom, Query } from './query';
import { similarityOf } from './similarity';

/**
 * Notes a row whose similarity is within the bounds, if it can be among the best: k rows are known to be at least as
 * good as the k-th best lower bound.
 */
export function offer(set: RowSet, row: u32, lower: f32, upper: f32, query: Query): void {
  if (upper < query.threshold) return;
  if (lower > query.threshold) query.threshold = replaceLeast(query.lowerBounds, query.k, lower);
  if (query.candidateCount === candidateRoom) makeRoom(set, query);
  const at = usize(query.candidateCount) << 2;
  query.candidateCount++;
  store<u32>(query.candidates + at, row);
  store<f32>(query.upperBounds + at, upper);
}

/** The rows that are left, scored. */
export function settle(set: RowSet, query: Query): void {
  dropBeaten(query);
  scoreCandidates(set, query);
}

export function score(set: RowSet, row: u32, query: Query): void {
  const similarity = similarityOf(set, row, query);
  if (similarity > load<f64>(query.similarities)) {
    replaceLeastRow(query.similarities, query.rows, query.k, similarity, row);
  }
}

function makeRoom(set: RowSet, query: Query): void {
  dropBeaten(query);
  if (query.candidateCount > candidateRoom >> 1) scoreCandidates(set, query);
}

function dropBeaten(query: Query): void {
  let left: u32 = 0;
  for (let i: u32 = 0; i < query.candidateCount; i++) {
    const upper = load<f32>(query.upperBounds + (usize(i) << 2));
    if (upper < query.threshold) continue;
    store<f32>(query.upperBounds + (usize(left) << 2), upper);
    store<u32>(query.candidates + (usize(left) << 2), load<u32>(query.candidates + (usize(i) << 2)));
    left++;
  }
  query.candidateCount = left;
}

function scoreCandidates(set: RowSet, query: Query): void {
  for (let i: u32 = 0; i < query.candidateCount; i++) {
    score(set, load<u32>(query.candidates + (usize(i) << 2)), query);
  }
  query.candidateCount = 0;
}
