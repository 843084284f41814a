import { expect } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { hasBit } from '../bitmap.js';
import type { SeededRandom } from '../seeded-random.contract.js';
import { bestLists } from './inverted-lists.js';
import type { BestRows, InvertedLists, QueryVectors, RowPage, Rows, Scope } from './kernels.js';

// What kernels are judged by: score all in double precision, sort, slice.

export interface Case {
  readonly metric: Metric;
  readonly dimension: number;
  readonly rows: Rows;
  readonly queries: QueryVectors;
  readonly k: number;
  readonly scope?: Scope | undefined;
  /** What `scope.probes` counts. */
  readonly lists?: InvertedLists | undefined;
}

/** Rows in pages that are smaller than a block, so that it has several. */
export function* pagesOf({ vectors, norms }: Rows, dimension: number, pageRows = 16): Generator<RowPage> {
  for (let start = 0; start < norms.length; start += pageRows) {
    const end = Math.min(norms.length, start + pageRows);
    yield {
      start,
      vectors: vectors.slice(start * dimension, end * dimension),
      norms: norms.slice(start, end),
    };
  }
}

export function rowsFrom(vectors: Float32Array<ArrayBuffer>, dimension: number): Rows {
  const norms = Float32Array.from({ length: vectors.length / dimension }, (_, row) =>
    Math.sqrt(dotOf(vectors, row * dimension, vectors, row * dimension, dimension)),
  );
  return { vectors, norms };
}

export function randomRows(random: SeededRandom, rows: number, dimension: number, scale = 1): Rows {
  const vectors = Float32Array.from({ length: rows * dimension }, () => scale * random.normal());
  return rowsFrom(vectors, dimension);
}

/** Queries as the engine gives them: of unit length under cosine. */
export function queriesOf(
  metric: Metric,
  dimension: number,
  vectors: Float32Array<ArrayBuffer>,
): QueryVectors {
  const own = vectors.slice();
  const count = own.length / dimension;
  for (let q = 0; metric === 'cosine' && q < count; q++) {
    const norm = Math.sqrt(dotOf(own, q * dimension, own, q * dimension, dimension));
    for (let i = q * dimension; i < (q + 1) * dimension; i++) own[i] = own[i]! / norm;
  }
  return { vectors: own, count };
}

/** In double precision, which is exact enough to judge float32 by. */
function dotOf(a: Float32Array, atA: number, b: Float32Array, atB: number, dimension: number): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) sum += a[atA + i]! * b[atB + i]!;
  return sum;
}

export function trueSimilarity(
  { metric, dimension, rows, queries }: Case,
  row: number,
  query: number,
): number {
  const [x, q] = [row * dimension, query * dimension];
  if (metric === 'l2') {
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += (rows.vectors[x + i]! - queries.vectors[q + i]!) ** 2;
    return -Math.sqrt(sum);
  }
  const product = dotOf(rows.vectors, x, queries.vectors, q, dimension);
  if (metric === 'dot') return product;
  return product / Math.sqrt(dotOf(rows.vectors, x, rows.vectors, x, dimension));
}

/** How far two implementations may be apart about one row: the tolerances of kernels.ts. */
function tolerance({ metric, dimension, rows, queries }: Case, row: number, query: number): number {
  if (metric === 'cosine') return 1e-5;
  const [x, q] = [row * dimension, query * dimension];
  const rowNorm = Math.sqrt(dotOf(rows.vectors, x, rows.vectors, x, dimension));
  const queryNorm = Math.sqrt(dotOf(queries.vectors, q, queries.vectors, q, dimension));
  return metric === 'dot' ? 1e-5 * Math.max(1, rowNorm * queryNorm) : 1e-5 * (rowNorm + queryNorm);
}

/** The oracle: score all, sort, slice. Ties are judged by similarity, never by row. */
export function expectBest(best: BestRows, wanted: Case): void {
  const { rows, queries, k } = wanted;
  const count = rows.norms.length;
  const width = Math.min(k, count);
  expect(best.k).toBe(width);
  expect(best.rows).toHaveLength(width * queries.count);
  expect(best.similarities).toHaveLength(width * queries.count);
  let scanned = 0;
  for (let query = 0; query < queries.count; query++) {
    const live = rowsInScope(wanted, query);
    scanned += live.length;
    const inScope = new Set(live);
    const oracle = live
      .map((row) => ({ row, similarity: trueSimilarity(wanted, row, query) }))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, width);
    const found = [...best.rows.subarray(query * width, (query + 1) * width)];
    const similarities = [...best.similarities.subarray(query * width, (query + 1) * width)];
    expect(found.filter((row) => row !== -1)).toHaveLength(oracle.length);
    expect(found.slice(oracle.length).every((row) => row === -1)).toBe(true);
    expect(new Set(found.slice(0, oracle.length)).size).toBe(oracle.length);
    for (const [rank, { row: oracleRow, similarity }] of oracle.entries()) {
      const row = found[rank]!;
      expect(row >= 0 && row < count).toBe(true);
      expect(inScope.has(row)).toBe(true);
      if (rank > 0) expect(similarities[rank]).toBeLessThanOrEqual(similarities[rank - 1]!);
      const about = `query ${query}, rank ${rank}, row ${row} (oracle: ${oracleRow})`;
      expectWithin(
        similarities[rank]!,
        trueSimilarity(wanted, row, query),
        tolerance(wanted, row, query),
        about,
      );
      const either = Math.max(tolerance(wanted, row, query), tolerance(wanted, oracleRow, query));
      expectWithin(similarities[rank]!, similarity, either, about);
    }
  }
  expect(best.scanned).toBe(scanned);
}

function rowsInScope({ metric, dimension, rows, queries, scope = {}, lists }: Case, query: number): number[] {
  const { excluded, probes } = scope;
  if (scope.rows !== undefined) return [...scope.rows];
  const isLive = (row: number) => excluded === undefined || !hasBit(excluded, row);
  if (probes === undefined || lists === undefined) return [...rows.norms.keys()].filter(isLive);
  const vector = queries.vectors.subarray(query * dimension, (query + 1) * dimension);
  return [...bestLists(lists, metric, vector, probes)].flatMap((list) => {
    const from = lists.starts[list]!;
    return Array.from({ length: lists.starts[list + 1]! - from }, (_, i) => from + i).filter(isLive);
  });
}

export function expectWithin(value: number, expected: number, difference: number, about: string): void {
  // One assertion for a million numbers; the message only where it fails.
  if (Math.abs(value - expected) <= difference) return;
  expect.fail(`${about}: ${value} is not within ${difference} of ${expected}`);
}
