import { throwIfAborted } from '../../shared/errors.js';
import { distanceFrom, scoreFrom } from '../../shared/metric.js';
import type { Receipt } from '../../shared/types.js';
import type { QueryOnWire } from '../../shared/worker-api.js';
import type { Compute } from '../compute/compute.js';
import type { Found } from './best-merge.js';
import { type Fusion, fusedScore } from './fuse.js';
import { type KeywordFound, searchKeywords } from './keyword-search.js';
import { type Place, readIds } from './records.js';
import { scorePlaces } from './score-places.js';
import { findBest } from './search.js';
import type { CompiledFilter } from './segment.js';
import type { Snapshot } from './snapshot.js';

/** Records taken of each ranking that is fused: this many, or four times as many as are wanted. */
const LEAST_DEPTH = 100;
const DEPTH_FACTOR = 4;

export interface RankedRow extends Place {
  readonly id: string;
  readonly score: number;
  readonly distance: number;
  readonly keywordScore?: number;
  readonly fusedScore?: number;
}

export interface Ranking {
  /** Best first. */
  readonly rows: readonly RankedRow[];
  /** There are no others. */
  readonly isWhole: boolean;
  readonly receipt: Pick<Receipt, 'exact' | 'plan' | 'backend' | 'kernel' | 'scanned'>;
}

/** One question about one snapshot, which may be asked for more and more of its answer. */
export interface Question {
  readonly snapshot: Snapshot;
  readonly compute: Compute;
  readonly query: QueryOnWire;
  /** Undefined: words alone are looked for. */
  readonly vector: Float32Array<ArrayBuffer> | undefined;
  readonly filter: CompiledFilter | undefined;
  readonly targetRecall: number;
  readonly boost: number;
  readonly signal: AbortSignal;
}

/** The best k by vector, by words, or by both. */
export async function rank(question: Question, k: number): Promise<Ranking> {
  throwIfAborted(question.signal);
  const { query, vector } = question;
  if (query.keyword !== undefined || vector === undefined) return byKeyword(question, k);
  return query.hybrid === undefined ? byVector(question, vector, k) : byBoth(question, vector, k);
}

async function byVector(question: Question, vector: Float32Array<ArrayBuffer>, k: number): Promise<Ranking> {
  const { rows, isWhole, receipt } = await nearest(question, vector, k);
  const { minScore = Number.NEGATIVE_INFINITY } = question.query;
  const kept = rows.filter(({ score }) => score >= minScore);
  return { rows: kept, isWhole: isWhole || kept.length < rows.length, receipt };
}

async function byKeyword(question: Question, k: number): Promise<Ranking> {
  const { query } = question;
  const { best, considered } = await words(question, k);
  const rows = best.map((found) => ({
    ...found,
    score: Number.NaN,
    distance: Number.NaN,
  }));
  const fused = query.hybrid === undefined ? rows : withFusedScores(rows, query.hybrid);
  // No similarity is at least any.
  const kept = query.minScore === undefined ? fused : [];
  return {
    rows: kept,
    isWhole: best.length < k || kept.length < rows.length,
    receipt: {
      exact: true,
      plan: query.hybrid === undefined ? 'keyword' : 'hybrid',
      backend: 'js',
      kernel: 'js',
      scanned: considered,
    },
  };
}

async function byBoth(question: Question, vector: Float32Array<ArrayBuffer>, k: number): Promise<Ranking> {
  const { snapshot, compute, query } = question;
  const depth = Math.max(LEAST_DEPTH, DEPTH_FACTOR * k);
  const near = await nearest(question, vector, depth);
  const { best, considered } = await words(question, depth);
  const byId = new Map<string, RankedRow>(near.rows.map((row) => [row.id, row]));
  const ranks = new Map(
    near.rows.map(({ id }, i) => [id, { vector: i + 1 } as { vector?: number; keyword?: number }]),
  );
  const others = best.filter(({ id }) => !byId.has(id));
  const similarities = await scorePlaces(snapshot, compute, vector, others);
  for (const [i, found] of others.entries()) byId.set(found.id, scored(snapshot, found, similarities[i]!));
  for (const [i, { id, keywordScore }] of best.entries()) {
    ranks.set(id, { ...ranks.get(id), keyword: i + 1 });
    byId.set(id, { ...byId.get(id)!, keywordScore });
  }
  const fusion = fusionOf(query.hybrid);
  const { minScore = Number.NEGATIVE_INFINITY } = query;
  const rows = [...byId.values()]
    .filter(({ score }) => score >= minScore)
    .map((row) => ({ ...row, fusedScore: fusedScore(ranks.get(row.id)!, fusion) }))
    .sort((a, b) => b.fusedScore - a.fusedScore || (a.id < b.id ? -1 : 1));
  return {
    rows: rows.slice(0, k),
    isWhole: rows.length < k,
    receipt: { ...near.receipt, plan: 'hybrid', scanned: near.receipt.scanned + considered },
  };
}

function withFusedScores(rows: readonly RankedRow[], options: QueryOnWire['hybrid']): RankedRow[] {
  const fusion = fusionOf(options);
  return rows.map((row, i) => ({ ...row, fusedScore: fusedScore({ keyword: i + 1 }, fusion) }));
}

function fusionOf({ weights = {}, rankConstant = 60 }: NonNullable<QueryOnWire['hybrid']> = {}): Fusion {
  const { vector = 1, keyword = 1 } = weights;
  return { weights: { vector, keyword }, rankConstant };
}

function words({ snapshot, query, filter }: Question, k: number) {
  const { fields = [] } = query.keyword ?? query.hybrid ?? {};
  return searchKeywords(snapshot, query.text!, fields, filter, k);
}

async function nearest(question: Question, vector: Float32Array<ArrayBuffer>, k: number): Promise<Ranking> {
  const { snapshot, compute, query, filter, targetRecall, boost } = question;
  const { exact = false } = query;
  const found = await findBest(snapshot, compute, {
    queries: { vectors: vector, count: 1 },
    topK: k,
    filter,
    targetRecall: exact ? undefined : targetRecall,
    rounded: !exact,
    boost,
  });
  const places = found.best.best(0);
  const ids = await readIds(snapshot, places);
  const rows = places
    .map((place, i) => scored(snapshot, { ...place, id: ids[i]! }, place.similarity))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  return {
    rows,
    isWhole: rows.length < k,
    receipt: {
      exact: found.isExact,
      plan: found.scanned === 0 ? 'empty' : found.isProbed ? 'ivf' : 'flat',
      backend: found.best.computed.backend,
      kernel: found.best.computed.name,
      scanned: found.scanned,
    },
  };
}

function scored(
  { row: { config } }: Snapshot,
  { source, row, id }: Pick<KeywordFound, 'source' | 'row' | 'id'> | (Found & { id: string }),
  similarity: number,
): RankedRow {
  const { metric } = config;
  return {
    source,
    row,
    id,
    score: scoreFrom(metric, similarity),
    distance: distanceFrom(metric, similarity),
  };
}
