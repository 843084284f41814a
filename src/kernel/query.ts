import { codeStride, dimension, take } from './layout';

/** One of the queries at hand, and what has been found for it. */
@unmanaged
export class Query {
  /** float32, padded with zeros to codeStride. */
  vector: usize;
  /** The query (under l2 relative to the centre) as codeStride int16, times `step`. */
  codes: usize;
  step: f32;
  /** A similarity of codes is off by at most the row's error × errorFactor + its length × lengthFactor. */
  errorFactor: f32;
  lengthFactor: f32;
  length: f32;
  /** Its product with the centre. */
  ofCentre: f64;
  /** How many rows are wanted. */
  k: u32;
  /** k rows are known to be at least as good as this. */
  threshold: f32;
  /** The k best lower bounds seen, float32: a min-heap. */
  lowerBounds: usize;
  candidateCount: u32;
  /** Rows that may be among the best, uint32. */
  candidates: usize;
  /** Upper bounds of their similarities, float32. */
  upperBounds: usize;
  /** The k best similarities known, float64: a min-heap. */
  similarities: usize;
  /** Their rows, uint32. */
  rows: usize;
}

/** Room for candidates: most searches leave a few dozen of them, and where there is more room less is scored early. */
const LEAST_CANDIDATES: u32 = 2048;
const MOST_CANDIDATES: u32 = 65536;

/** No row: fewer than k were found. */
export const NO_ROW: u32 = u32.MAX_VALUE;

/** Candidates that there is room for, per query; where there are more, some are scored early. */
export let candidateRoom: u32 = 0;
/** Where the caller puts the queries, each padded to codeStride float32. */
export let queryVectors: usize = 0;
let heapRoom: u32 = 0;
let queries: usize = 0;
let queryCodes: usize = 0;
let lowerBounds: usize = 0;
let candidates: usize = 0;
let upperBounds: usize = 0;
let similarities: usize = 0;
let rows: usize = 0;

/**
 * Lays out `count` queries for up to k rows each, and at least `room` candidates. Nothing is written: the memory may
 * not be there yet.
 */
export function layOutQueries(count: u32, k: u32, room: u32): void {
  const each = u64(count);
  heapRoom = k;
  candidateRoom = max(room, min(max(4 * k, LEAST_CANDIDATES), MOST_CANDIDATES));
  queries = take(each * offsetof<Query>());
  queryVectors = take(4 * each * codeStride);
  queryCodes = take(2 * each * codeStride);
  lowerBounds = take(4 * each * heapRoom);
  candidates = take(4 * each * candidateRoom);
  upperBounds = take(4 * each * candidateRoom);
  similarities = take(8 * each * heapRoom);
  rows = take(4 * each * heapRoom);
}

export function queryAt(index: u32): Query {
  return changetype<Query>(queries + usize(index) * offsetof<Query>());
}

/** A query whose vector is in its place. */
export function openQuery(index: u32): Query {
  const query = queryAt(index);
  const i = usize(index);
  query.vector = queryVectors + 4 * i * codeStride;
  query.codes = queryCodes + 2 * i * codeStride;
  query.lowerBounds = lowerBounds + 4 * i * heapRoom;
  query.candidates = candidates + 4 * i * candidateRoom;
  query.upperBounds = upperBounds + 4 * i * candidateRoom;
  query.similarities = similarities + 8 * i * heapRoom;
  query.rows = rows + 4 * i * heapRoom;
  for (let at = usize(dimension); at < codeStride; at++) store<f32>(query.vector + (at << 2), 0);
  return query;
}

/** Begins to look for the best k rows. */
export function beginWith(query: Query, k: u32): void {
  query.k = k;
  query.candidateCount = 0;
  forgetBounds(query);
  for (let i: usize = 0; i < k; i++) {
    store<f64>(query.similarities + (i << 3), -Infinity);
    store<u32>(query.rows + (i << 2), NO_ROW);
  }
}

export function forgetBounds(query: Query): void {
  query.threshold = -Infinity;
  for (let i: usize = 0; i < query.k; i++) store<f32>(query.lowerBounds + (i << 2), -Infinity);
}
