/**
 * Embedders: texts to vectors, without a download, by a model of the Hugging Face hub, or by one of the AI SDK.
 *
 * @module nearshore/embedders
 */
export type { LoadProgress, Pooling } from '../../shared/transformers-wire.js';
export type { Embedder, EmbedPurpose, WorkerEmbedder } from '../../shared/types.js';
export {
  type AiSdkEmbedderOptions,
  type AiSdkEmbeddingModel,
  type AiSdkProviderOptions,
  aiSdkEmbedder,
} from './ai-sdk-embedder.js';
export { type StaticEmbedderOptions, staticEmbedder } from './static-embedder.js';
export {
  type TransformersEmbedder,
  type TransformersEmbedderOptions,
  transformersEmbedder,
} from './transformers-embedder.js';
