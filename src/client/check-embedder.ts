import { checkBatchSize, checkDimension } from '../shared/argument-check.js';
import { VectorStoreError } from '../shared/errors.js';
import type { Embedder, WorkerEmbedder } from '../shared/types.js';
import { isWorkerEmbedder } from './embed.js';

/** Throws `INVALID_ARGUMENT` unless it can embed. */
export function checkEmbedder(embedder: Embedder | WorkerEmbedder): void {
  const { id, dimension, batchSize, embed } = (embedder ?? {}) as Partial<Embedder>;
  if (batchSize !== undefined) checkBatchSize(batchSize);
  const canEmbed = isWorkerEmbedder(embedder) || typeof embed === 'function';
  if (typeof id === 'string' && id !== '' && canEmbed) {
    checkDimension(dimension);
    return;
  }
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    'The embedder lacks a non-empty id or an embed function. Its id is pinned as the embedding space, so that vectors of two models never mix. ' +
      'Give { id, dimension, embed(texts, signal) }, or what a function of nearshore/embedders returns.',
  );
}
