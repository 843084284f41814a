import type { Metadata } from '../data/dataset.js';

/** One answer to one query. */
export interface Answer {
  /** Best first. */
  ids: string[];
  /** Milliseconds of the search, taken where the system computes: in its worker. */
  insideMs: number;
  /** Set where the system did something else than was asked (another backend, an inexact plan); shown in the table. */
  note?: string;
}

export interface UpsertCost {
  /** Bytes of the values handed to IndexedDB, counted at every `put` in the worker. */
  putBytes: number;
}

/**
 * A system under test, as the page sees it. Every method settles when the work is done, and every system runs in
 * a dedicated worker of its own.
 */
export interface System {
  /** Makes an empty store that is ready to take rows: code is loaded, the database is open. */
  create(shape: Shape): Promise<void>;
  /** Stores all rows in the store just created; settles when they are durable. The arrays stay the caller's. */
  ingest(rows: Rows): Promise<void>;
  /** Loads what was stored; the next query can be answered. */
  open(shape: Shape): Promise<void>;
  query(vector: Float32Array, topK: number): Promise<Answer>;
  /** Only rows with `metadata.bucket === bucket`. */
  queryFiltered(vector: Float32Array, topK: number, bucket: number): Promise<Answer>;
  /** All in one call. */
  queryMany(vectors: readonly Float32Array[], topK: number): Promise<Answer[]>;
  /** One record; settles when it is durable. */
  upsert(id: string, vector: Float32Array, metadata: Metadata): Promise<UpsertCost>;
  /** Approximate systems: wider search, higher recall. */
  setEf?(ef: number): Promise<void>;
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

export const SYSTEM_NAMES = ['nearshore', 'nearshore-auto', 'js', 'hnsw'] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

export const LABELS: Record<SystemName, string> = {
  nearshore: 'nearshore',
  'nearshore-auto': "nearshore, backend 'auto'",
  js: 'JS brute force',
  hnsw: 'hnswlib-wasm',
};
