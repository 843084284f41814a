/** JSON data: what metadata is made of. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** How closeness is measured; see `Match` for what `distance` and `score` mean under each. */
export type Metric = 'cosine' | 'dot' | 'l2';

/** What `upsert` and `insert` take: an id and a vector, or an id and a text for the collection's embedder. */
export interface VectorRecord<M = unknown> {
  /** 1 to 512 bytes of UTF-8. */
  id: string;
  /** `dimension` finite numbers. */
  vector?: Float32Array | readonly number[];
  /** Kept with the record; embedded where `vector` is left out. Not empty. */
  text?: string;
  /** A plain JSON object: at most 16 deep and 64 KiB as JSON. */
  metadata?: M;
}

/** Many records as columns: the fastest way in. */
export interface VectorBatch<M = unknown> {
  /** n ids. */
  ids: readonly string[];
  /** n × dimension, row-major. */
  vectors: Float32Array;
  /** n entries where given; `undefined` entries have no metadata. */
  metadata?: readonly (M | undefined)[];
  /** n entries where given; kept with the records. */
  texts?: readonly (string | undefined)[];
}

/** A record as it is stored. */
export interface StoredRecord<M = unknown> {
  id: string;
  metadata?: M;
  text?: string;
  /** A copy; only with `includeVectors`. */
  vector?: Float32Array;
}
