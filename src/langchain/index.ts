/**
 * A LangChain.js `VectorStore` on a collection. Needs the peer dependency `@langchain/core`.
 *
 * @module nearshore/langchain
 */
export { type AddOptions, type NearshoreConfig, NearshoreVectorStore } from './vector-store.js';
