import { Document } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { openStore } from 'nearshore';
import { NearshoreVectorStore } from 'nearshore/langchain';

export async function remember(embeddings: EmbeddingsInterface, dimension: number) {
  const store = await openStore('notebook');
  const collection = await store.collection<Record<string, unknown>>('documents', { dimension });
  const vectors = new NearshoreVectorStore(embeddings, { collection });
  await vectors.addDocuments([
    new Document({ id: 'a', pageContent: 'The tide turns at six.', metadata: { year: 2024 } }),
    new Document({ id: 'b', pageContent: 'Mussels grow on the pier.', metadata: { year: 2019 } }),
  ]);
  const retriever = vectors.asRetriever({ k: 1, filter: { year: { $gte: 2020 } } });
  return retriever.invoke('When is low water?'); // a Document with pageContent 'The tide turns at six.'
}
