import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../client/open-store.js';
import type { VectorStore } from '../client/store.js';
import { remember } from './documents.example.js';
import { NearshoreVectorStore } from './index.js';

// LangChain's own classes, on a real store in memory.

/** Counts letters: near where they share many. */
class LetterEmbeddings extends Embeddings {
  constructor() {
    super({});
  }
  embedQuery(text: string): Promise<number[]> {
    const counts = new Array<number>(26).fill(0);
    for (const letter of text.toLowerCase()) {
      const i = letter.charCodeAt(0) - 97;
      if (i >= 0 && i < 26) counts[i]!++;
    }
    return Promise.resolve(counts);
  }
  embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }
}

const embeddings = new LetterEmbeddings();
const texts = ['abba', 'abbb', 'baab', 'zebra', 'cccc'];
const metadatas = texts.map((text, i) => ({ place: i, first: text[0] }));

let store: VectorStore;
let made = 0;
beforeAll(async () => {
  store = await openStore('langchain', { storage: 'memory', backend: 'js' });
});
afterAll(() => store?.close());

async function filled() {
  const collection = await store.collection<Record<string, unknown>>(`c${++made}`, { dimension: 26 });
  return NearshoreVectorStore.fromTexts(texts, metadatas, embeddings, { collection });
}

const contents = (documents: readonly { pageContent: string }[]) => documents.map((each) => each.pageContent);

test('U4 similarity search finds documents as they were, with true scores', async () => {
  const vectors = await filled();
  const found = await vectors.similaritySearchWithScore('ab', 3);
  expect(contents(found.map(([document]) => document)).toSorted()).toEqual(['abba', 'abbb', 'baab']);
  const [best, score] = found[0]!;
  expect(best.metadata).toEqual(metadatas[texts.indexOf(best.pageContent)]);
  expect(score).toBeCloseTo(1, 6);
  // (1, 1) and (1, 3): cos = 4 / √20.
  expect(found.find(([{ pageContent }]) => pageContent === 'abbb')![1]).toBeCloseTo(4 / Math.sqrt(20), 6);
});

test('U4 filters are objects, and k are found where k pass', async () => {
  const vectors = await filled();
  const found = await vectors.similaritySearch('ab', 2, { place: { $gte: 3 } });
  expect(contents(found)).toEqual(['zebra', 'cccc']);
});

test('U4 documents keep their ids, are replaced by them, and deleted by ids or filter', async () => {
  const vectors = await filled();
  const two = ['one', 'two'].map((pageContent) => new Document({ pageContent, metadata: { place: 9 } }));
  expect(await vectors.addDocuments(two, { ids: ['1', '2'] })).toEqual(['1', '2']);
  const own = new Document({ id: '1', pageContent: 'uno', metadata: {} });
  expect(await vectors.addDocuments([own])).toEqual(['1']);
  expect(await vectors.collection.count()).toBe(texts.length + 2);
  const [found] = await vectors.similaritySearch('uno', 1);
  expect([found!.id, found!.pageContent]).toEqual(['1', 'uno']);
  await vectors.delete({ ids: ['1'] });
  await vectors.delete({ filter: { place: 9 } });
  expect(await vectors.collection.count()).toBe(texts.length);
});

test('U4 maximal marginal relevance takes what is unlike', async () => {
  const vectors = await filled();
  const nearest = await vectors.similaritySearch('ab', 2);
  const diverse = await vectors.maxMarginalRelevanceSearch('ab', { k: 2, fetchK: 5, lambda: 0.1 });
  expect(contents(nearest).toSorted()).toEqual(['abba', 'baab']);
  expect(diverse).toHaveLength(2);
  expect(contents(diverse)).not.toEqual(contents(nearest));
});

test('U4 it is a retriever, with filter and by maximal marginal relevance', async () => {
  const vectors = await filled();
  const near = vectors.asRetriever({ k: 1, filter: { first: 'z' } });
  expect(contents(await near.invoke('ab'))).toEqual(['zebra']);
  const mmr = vectors.asRetriever({ searchType: 'mmr', k: 3, searchKwargs: { fetchK: 5, lambda: 0.3 } });
  expect(await mmr.invoke('ab')).toHaveLength(3);
});

test('U4 an empty document is kept, and what is refused is not half there', async () => {
  const vectors = await filled();
  const [id] = await vectors.addVectors([new Array(26).fill(1)], [new Document({ pageContent: '' })]);
  const [found] = await vectors.similaritySearch('abcdefghijklmnopqrstuvwxyz', 1);
  expect([found!.id, found!.pageContent]).toEqual([id, '']);
  const documents = [new Document({ pageContent: 'a' }), new Document({ pageContent: 'b' })];
  await expect(vectors.addVectors([new Array(26).fill(1), [1]], documents)).rejects.toMatchObject({
    code: 'DIMENSION_MISMATCH',
  });
  expect(await vectors.collection.count()).toBe(texts.length + 1);
});

test('U4 W1 the code in the documentation finds what it says', async () => {
  const found = await remember(embeddings, 26);
  expect(contents(found)).toEqual(['The tide turns at six.']);
  await (await openStore('notebook')).destroy();
});
