import type { Progress, WorkerEmbedder } from '../../shared/types.js';

export interface CallOptions {
  /** Of the handle that calls. */
  readonly embedder: WorkerEmbedder | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}
