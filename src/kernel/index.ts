import { countBits, listUnsetBits } from './bitmap';
import { layOutChunk } from './chunk';
import { sortHeap } from './heap';
import {
  block,
  endWithZeros,
  excludedRows,
  Form,
  layOut,
  listedRows,
  listStarts,
  lists,
  Metric,
  rewind,
  startOf,
  take,
  taken,
} from './layout';
import { findCentre, quantise } from './quantise';
import { quantiseQuery } from './quantise-query';
import { beginWith, layOutQueries, openQuery, Query, queryAt, queryVectors } from './query';
import { layOutScores, openScan, planFor, scanList, scanRange } from './scan';
import { beginSelection, hasOverflowed, settle } from './select';

// What the worker calls. It makes the memory as large as asked for before anything is written.

/** Which rows of the block a search looks at. */
enum Scope {
  All,
  NotExcluded,
  Listed,
}

/** The best lists of a query, uint32. */
let probed: usize = 0;
let resultRows: usize = 0;
let resultSimilarities: usize = 0;

/** Lays out an empty block; gives the bytes it takes. */
export function layOutBlock(rows: u32, dimension: u32, metric: Metric, listCount: u32, form: Form): f64 {
  layOut(rows, dimension, metric, listCount, form);
  return taken();
}

/** Lays out a search, with room for so many candidates at least; gives the bytes it takes together with the block. */
export function layOutSearch(queryCount: u32, k: u32, probes: u32, room: u32): f64 {
  rewind();
  layOutScores();
  layOutChunk();
  probed = take(4 * u64(probes));
  resultRows = take(4 * u64(queryCount) * k);
  resultSimilarities = take(4 * u64(queryCount) * k);
  layOutQueries(queryCount, max(k, probes), room);
  return taken();
}

export function vectorsAt(): usize {
  return block.vectors;
}
export function normsAt(): usize {
  return block.norms;
}
export function centroidsAt(): usize {
  return lists.vectors;
}
export function listStartsAt(): usize {
  return listStarts;
}
export function excludedRowsAt(): usize {
  return excludedRows;
}
export function listedRowsAt(): usize {
  return listedRows;
}
export function queryVectorsAt(): usize {
  return queryVectors;
}
export function resultRowsAt(): usize {
  return resultRows;
}
export function resultSimilaritiesAt(): usize {
  return resultSimilarities;
}

export function candidatesAt(index: u32): usize {
  return queryAt(index).candidates;
}
export function candidateCount(index: u32): u32 {
  return queryAt(index).candidateCount;
}

/** Before rows are written that a block does not keep: `first` is where the first of them belongs. */
export function stageRows(first: u32): void {
  block.firstVector = first;
}

/** Chooses what the codes are relative to; the centroids, or the block's first `rows` rows, are there. */
export function beginCodes(rows: u32): void {
  findCentre(rows);
  quantise(lists, 0, lists.rows);
}

export function quantiseRows(from: u32, to: u32): void {
  quantise(block, from, to);
}

export function countIncluded(): u32 {
  return block.rows - countBits(excludedRows, 0, block.rows);
}

/** Lists the rows that are not excluded. */
export function listIncluded(): void {
  listUnsetBits(excludedRows, block.rows, listedRows);
}

/**
 * The best k rows of each query, best first, as rows and similarities of float32 (fewer: row −1). Where the block does
 * not keep float32 and `rounded` is not set: the candidates, unordered, among which they are. Gives how many rows were
 * in the scope, over all queries; −1: there are more candidates than there is room for.
 */
export function search(queryCount: u32, k: u32, probes: u32, scope: Scope, listed: u32, rounded: bool): f64 {
  beginSelection(rounded);
  endWithZeros(block);
  endWithZeros(lists);
  const needsCodes = block.codes !== 0;
  for (let i: u32 = 0; i < queryCount; i++) {
    const query = openQuery(i);
    if (needsCodes || block.metric !== Metric.L2) quantiseQuery(query, block.metric);
  }
  const scanned =
    probes > 0 ? searchLists(queryCount, k, probes, scope) : searchAll(queryCount, k, scope, listed);
  for (let i: u32 = 0; i < queryCount; i++) writeResult(queryAt(i), i * k);
  return hasOverflowed ? -1 : scanned;
}

function searchAll(queryCount: u32, k: u32, scope: Scope, listed: u32): f64 {
  for (let i: u32 = 0; i < queryCount; i++) beginWith(queryAt(i), k);
  if (scope === Scope.Listed) {
    openScan(block, planFor(block, listed, k), 0, queryCount, 0);
    scanList(listedRows, listed);
    return f64(listed) * f64(queryCount);
  }
  openScan(block, planFor(block, block.rows, k), 0, queryCount, bitmapOf(scope));
  scanRange(0, block.rows);
  return f64(scope === Scope.NotExcluded ? countIncluded() : block.rows) * f64(queryCount);
}

function searchLists(queryCount: u32, k: u32, probes: u32, scope: Scope): f64 {
  const excluded = bitmapOf(scope);
  let scanned: f64 = 0;
  for (let i: u32 = 0; i < queryCount; i++) {
    const rows = findLists(i, probes);
    beginWith(queryAt(i), k);
    openScan(block, planFor(block, rows, k), i, i + 1, excluded);
    for (let rank: usize = 0; rank < probes; rank++) {
      const list = load<u32>(probed + (rank << 2));
      scanRange(startOf(list), startOf(list + 1) - startOf(list));
      if (excluded !== 0) scanned -= countBits(excluded, startOf(list), startOf(list + 1));
    }
    scanned += rows;
  }
  return scanned;
}

function bitmapOf(scope: Scope): usize {
  return scope === Scope.NotExcluded ? excludedRows : 0;
}

/** Puts the best lists of a query into `probed`, best first; gives the number of their rows. */
function findLists(index: u32, probes: u32): u32 {
  const query = queryAt(index);
  beginWith(query, probes);
  openScan(lists, planFor(lists, lists.rows, probes), index, index + 1, 0);
  scanRange(0, lists.rows);
  settle(lists, query);
  sortHeap(query.similarities, query.rows, probes);
  let rows: u32 = 0;
  for (let rank: usize = 0; rank < probes; rank++) {
    const list = load<u32>(query.rows + (rank << 2));
    store<u32>(probed + (rank << 2), list);
    rows += startOf(list + 1) - startOf(list);
  }
  return rows;
}

function writeResult(query: Query, at: u32): void {
  settle(block, query);
  sortHeap(query.similarities, query.rows, query.k);
  for (let rank: u32 = 0; rank < query.k; rank++) {
    const from = usize(rank);
    const to = usize(at + rank) << 2;
    store<u32>(resultRows + to, load<u32>(query.rows + (from << 2)));
    store<f32>(resultSimilarities + to, <f32>load<f64>(query.similarities + (from << 3)));
  }
}
