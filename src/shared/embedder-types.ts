/** What a text is embedded for: to be found, or to find. Some models want to be told. */
export type EmbedPurpose = 'document' | 'query';

/** Computes vectors from texts, on the page. Any object of this shape will do; so will a function in one. */
export interface Embedder {
  /**
   * Names the embedding space; pinned as the collection's `embeddingSpace` when it is created. It has to change with
   * everything that changes the vectors: model, revision, pooling, prefixes.
   */
  readonly id: string;
  /** Numbers in a vector, 1 to 4,096. */
  readonly dimension: number;
  /** Texts it is given at a time at most. Default: 64. Greater: fewer calls; between two of them one can abort. */
  readonly batchSize?: number;
  /** One vector of `dimension` finite numbers for each text, in order. */
  embed(texts: readonly string[], signal?: AbortSignal, purpose?: EmbedPurpose): Vectors | Promise<Vectors>;
}

/** One vector for each text, in order. */
export type Vectors = readonly (Float32Array | readonly number[])[];

/** Describes an embedder that runs in the worker; made by a function of `nearshore/embedders`. */
export interface WorkerEmbedder {
  readonly runsIn: 'worker';
  readonly kind: 'static';
  readonly id: string;
  readonly dimension: number;
  /** Absolute URLs of the embedder's assets. */
  readonly assets: Readonly<Record<'model' | 'table' | 'vocabulary', string>>;
}
