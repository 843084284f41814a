/** Computes vectors from texts, on the page. */
export interface Embedder {
  /** Names the embedding space; pinned as the collection's `embeddingSpace` when it is created. */
  readonly id: string;
  readonly dimension: number;
  /** One vector of `dimension` numbers for each text, in order. */
  embed(
    texts: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly (Float32Array | readonly number[])[]>;
}

/** Describes an embedder that runs in the worker; made by a function of `nearshore/embedders`. */
export interface WorkerEmbedder {
  readonly runsIn: 'worker';
  readonly kind: 'static';
  readonly id: string;
  readonly dimension: number;
  /** Absolute URLs of the embedder's assets. */
  readonly assets: Readonly<Record<'model' | 'table' | 'vocabulary', string>>;
}
