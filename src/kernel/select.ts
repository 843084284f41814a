import { replaceLeast, replaceLeastRow } from './heap';
import { Metric, RowSet } from './layout';
import { errorOfLows } from './quantise';
import { candidateRoom, forgetBounds, Query } from './query';
import { similarityOf, similarityOfLows } from './similarity';

/** Rows without float32 are scored by codes and lows; otherwise those that may be the best stay candidates. */
let isRounded = false;
/** There was no room for all candidates: some are missing. */
export let hasOverflowed = false;

export function beginSelection(rounded: bool): void {
  isRounded = rounded;
  hasOverflowed = false;
}

export function isScored(set: RowSet): bool {
  return set.hasVectors || isRounded;
}

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

/** The rows that are left, scored where they can be. */
export function settle(set: RowSet, query: Query): void {
  dropBeaten(query);
  if (isScored(set)) scoreCandidates(set, query);
  else if (set.lows !== 0) narrow(set, query);
}

export function score(set: RowSet, row: u32, query: Query): void {
  const similarity = similarityOf(set, row, query);
  if (similarity > load<f64>(query.similarities)) {
    replaceLeastRow(query.similarities, query.rows, query.k, similarity, row);
  }
}

function makeRoom(set: RowSet, query: Query): void {
  dropBeaten(query);
  if (isScored(set)) {
    if (query.candidateCount > candidateRoom >> 1) scoreCandidates(set, query);
  } else if (query.candidateCount === candidateRoom) {
    hasOverflowed = true;
    query.candidateCount = 0;
  }
}

/** Drops the candidates that their lows show to be beaten. */
function narrow(set: RowSet, query: Query): void {
  forgetBounds(query);
  for (let i: usize = 0; i < query.candidateCount; i++) {
    const row = load<u32>(query.candidates + (i << 2));
    const similarity = f32(similarityOfLows(set, row, query));
    let slack = errorOfLows(set, row);
    if (set.metric !== Metric.L2) slack *= query.errorFactor;
    // For the similarity's own rounding.
    slack += abs(similarity) * 2e-7 + f32.MIN_NORMAL_VALUE;
    if (similarity - slack > query.threshold) {
      query.threshold = replaceLeast(query.lowerBounds, query.k, similarity - slack);
    }
    store<f32>(query.upperBounds + (i << 2), similarity + slack);
  }
  dropBeaten(query);
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
