// Of LangChain what is used here.
export { Document, type DocumentInterface } from '@langchain/core/documents';
export type { EmbeddingsInterface } from '@langchain/core/embeddings';
export { maximalMarginalRelevance } from '@langchain/core/utils/math';
export { type MaxMarginalRelevanceSearchOptions, VectorStore } from '@langchain/core/vectorstores';
