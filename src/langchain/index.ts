/** A LangChain.js `VectorStore` on a collection. Needs the peer dependency `@langchain/core`. */
export { type NearshoreConfig, NearshoreVectorStore } from './vector-store.js';
