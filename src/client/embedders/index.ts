export type { Embedder, WorkerEmbedder } from '../../shared/types.js';
export { type StaticEmbedderOptions, staticEmbedder } from './static-embedder.js';
