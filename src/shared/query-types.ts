import type { Backend, Kernel } from './backend-types.js';
import type { Filter, JsonScalar } from './filter-types.js';
import type { HybridOptions, KeywordOptions, Regrouping } from './ranking-types.js';
import type { StoredRecord } from './record-types.js';
import type { ServerReceipt } from './server-receipt.js';

/** What every query may have. */
export interface QueryCommon<M> extends Regrouping {
  /** Matches wanted, from 1. Default 10. */
  topK?: number;
  /** Only matches with `score >= minScore`. No default: there is no hidden threshold. */
  minScore?: number;
  filter?: Filter<M>;
  /**
   * A predicate on the page, applied after `filter`; the search widens until `topK` pass. It sees id, metadata
   * and text. Slower than `filter`: every candidate crosses from the worker.
   */
  where?: (record: StoredRecord<M>) => boolean;
  /** Default false. */
  includeVectors?: boolean;
  /** Default true; covers `metadata` and `text`. */
  includeMetadata?: boolean;
  /** Asks for the exact answer whatever index there is. Default false. */
  exact?: boolean;
  /**
   * Wanted share of the true `topK`, above 0 and at most 1, on average over queries. Default 0.95. What an index finds is
   * measured, and as much of it is searched as reaches the target; where that is nearly everything, the answer is exact.
   */
  targetRecall?: number;
  /**
   * Who is asked: the device (`'local'`, the default), the sync server (`'remote'`), or both (`'auto'`), whose answers are
   * merged: of one id the server's record, or the device's where it has an edit that no server has. Each match tells its
   * `origin` then. Where no server answers, `'auto'` gives what the device has, with `receipt.complete` false.
   */
  scope?: 'local' | 'remote' | 'auto';
  signal?: AbortSignal;
}

/**
 * One query, by exactly one of `vector`, `text` (needs an embedder) or `id` (that record's vector). `keyword` looks for the
 * words of the text (needs no embedder); `hybrid` for its words and its meaning, or for its words and what is near a
 * vector or a record that is given with it.
 */
export type Query<M = unknown> = QueryCommon<M> & (VectorQuery | KeywordQuery | HybridQuery);

/** A vector that is asked with: `dimension` finite numbers; under cosine not all 0. */
export type Point = Float32Array | readonly number[];

/** The nearest to a vector, to that of a text (by the embedder), or to that of a record. */
export type VectorQuery = { keyword?: false; hybrid?: false } & (
  | { vector: Point; text?: never; id?: never }
  | { text: string; vector?: never; id?: never }
  | { id: string; vector?: never; text?: never }
);

/** The records with words of a text, by BM25. */
export interface KeywordQuery {
  text: string;
  keyword: boolean | KeywordOptions;
  hybrid?: false;
  vector?: never;
  id?: never;
}

/** Words and nearness together, by reciprocal rank; `vector` or `id` take the place of the text's vector. */
export type HybridQuery = { text: string; hybrid: boolean | HybridOptions; keyword?: false } & (
  | { vector?: Point; id?: never }
  | { id: string; vector?: never }
);

/**
 * One found record.
 *
 * | metric | `distance` | `score` (greater is closer) |
 * |---|---|---|
 * | `cosine` | 1 − cos | cos, in [−1, 1] |
 * | `dot` | −(a·b) | a·b |
 * | `l2` | Euclidean | 1 / (1 + distance) |
 */
export interface Match<M = unknown> extends StoredRecord<M> {
  /** `NaN` in a keyword query, which compares no vectors. */
  score: number;
  /** `NaN` in a keyword query. */
  distance: number;
  /** In keyword and hybrid queries: BM25 of the record's words; absent where it has no word of the text. */
  keywordScore?: number;
  /** In hybrid queries: what the ranks in both rankings come to (reciprocal rank fusion). */
  fusedScore?: number;
  /** Which tier it comes from; absent where the device was asked alone. */
  origin?: 'local' | 'remote';
}

/** How an answer came about. */
export interface Receipt {
  /** Every record that could match was considered, and the matches are scored at full precision. */
  exact: boolean;
  /** False only if fewer than `topK` are returned although more match; then `reason` says why. */
  complete: boolean;
  /** Why it is not complete, in words. */
  reason?: string;
  /**
   * `'flat'`: every live record that passes the filter was considered; `'ivf'`: in at least one segment only the
   * records in the inverted lists nearest to the query; `'empty'`: there was none to consider. `'vector-set'`: a server's Redis
   * has named candidates, which were scored at full precision. `'keyword'`: the records that have a word of the text;
   * `'hybrid'`: these, and the vectors.
   */
  plan: 'flat' | 'ivf' | 'empty' | 'vector-set' | 'keyword' | 'hybrid';
  /** What scored the records; the lowest, if several had a part. */
  backend: Backend;
  kernel: Kernel;
  /** Records considered. */
  scanned: number;
  /** Milliseconds in the worker, from the request to the answer. */
  elapsedMs: number;
  /** The collection's generation that was searched; 0 where only a server was asked. */
  generation: number;
  /** What the server has done, where one was asked. */
  server?: ServerReceipt;
}

/** What `query` resolves to. */
export interface QueryResult<M = unknown> {
  /**
   * Best first (by `keywordScore` in a keyword query, by `fusedScore` in a hybrid one), equal ones in the order of id. With
   * `groupBy` group after group; with `diversity` in the order in which they were chosen.
   */
  matches: Match<M>[];
  /** With `groupBy`: the same matches by group, the group of the best match first. */
  groups?: Group<M>[];
  receipt: Receipt;
}

/** Matches that have one value in the field of `groupBy`. */
export interface Group<M = unknown> {
  value: Exclude<JsonScalar, null>;
  matches: Match<M>[];
}
