import type { Metadata } from '../data/dataset.js';
import type { RowFilter } from '../data/filters.js';

/** One answer to one query. */
export interface Answer {
  /** Best first. */
  ids: string[];
  /** Milliseconds of the search, taken where the system computes: in its worker. */
  insideMs: number;
  /** The system vouches for it: nothing nearer exists. */
  exact: boolean;
  /** Set where the system did something else than was asked (another backend, another plan); shown in the table. */
  note?: string;
}

export interface UpsertCost {
  /** Bytes of the values handed to IndexedDB, counted at every `put` in the worker; absent where it stores elsewhere. */
  putBytes?: number;
}

/** How thoroughly to search: a value of the system's own scale, or exactly; undefined: by the system's default. */
export type Effort = number | 'exact' | undefined;

export interface EffortScale {
  /** The system's own word for it. */
  readonly name: string;
  /** Values worth trying, rising: larger ones find more and take longer. */
  readonly tries: readonly number[];
}

/**
 * A system under test, as the page sees it. Every method settles when the work is done, and every system runs in
 * a dedicated worker of its own.
 */
export interface System {
  /** Makes an empty store that is ready to take rows: code is loaded, the database is open. */
  create(shape: Shape): Promise<void>;
  /**
   * Stores rows in the store just created; settles when they are durable. The arrays stay the caller's. Called once
   * for each part of the data, and only for systems `IN_PARTS` if there is more than one.
   */
  ingest(rows: Rows): Promise<void>;
  /**
   * Settles when there is nothing left to build, with the number of rows that the index then has. Absent where there
   * never is an index.
   */
  train?(): Promise<number>;
  /** Loads what was stored; the next query can be answered. */
  open(shape: Shape): Promise<void>;
  query(vector: Float32Array, topK: number): Promise<Answer>;
  /** Absent where there are no filters. */
  queryFiltered?(vector: Float32Array, topK: number, filter: RowFilter): Promise<Answer>;
  /** All in one call. */
  queryMany(vectors: readonly Float32Array[], topK: number): Promise<Answer[]>;
  /** One record; settles when it is durable. */
  upsert(id: string, vector: Float32Array, metadata: Metadata): Promise<UpsertCost>;
  /** How `setEffort` is meant; absent where every answer is exact. */
  readonly effort?: EffortScale;
  /** For all queries from now on. */
  setEffort?(effort: Effort): Promise<void>;
  /** Holds the vectors of the loaded store otherwise; settles when that is done. */
  holdAs?(quantization: 'none' | 'int16' | 'int8'): Promise<void>;
  /** Answers so far that were remembered instead of searched for; absent where there is no such thing. */
  cacheHits?(): Promise<number>;
  /** Ends the worker; what is stored stays. */
  close(): Promise<void>;
  /** Deletes what is stored; no worker may have it open. */
  destroy(): Promise<void>;
}

export interface Shape {
  dimension: number;
  /** Room for this many rows: an index of fixed capacity is made large enough for later upserts. */
  capacity: number;
}

export interface Rows extends Shape {
  ids: readonly string[];
  /** n × dimension, of length 1 each, row-major. */
  vectors: Float32Array;
  metadata: readonly Metadata[];
}

export const SYSTEM_NAMES = [
  'nearshore',
  'nearshore-onnx',
  'nearshore-auto',
  'nearshore-int16',
  'nearshore-int8',
  'js',
  'hnsw',
  'voy',
  'orama',
  'sqlite-vec',
] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

/** Systems that take data too large for one array. */
export const IN_PARTS: readonly SystemName[] = ['nearshore'];

/** Most rows that a system is given; the others are given all. */
export const MOST_ROWS: Partial<Record<SystemName, number>> = {
  voy: 100_000,
  orama: 100_000,
  'sqlite-vec': 100_000,
};

export const LABELS: Record<SystemName, string> = {
  nearshore: 'nearshore',
  'nearshore-onnx': "nearshore, kernel 'onnx'",
  'nearshore-auto': "nearshore, backend 'auto'",
  'nearshore-int16': 'nearshore, int16',
  'nearshore-int8': 'nearshore, int8',
  js: 'JS brute force',
  hnsw: 'hnswlib-wasm',
  voy: 'voy-search',
  orama: 'orama',
  'sqlite-vec': 'sqlite-vec',
};
