import { type Collection, openStore, type VectorStore } from 'nearshore';
import { staticEmbedder } from 'nearshore/embedders';

export type PartOfSpeech = 'noun' | 'verb' | 'adjective' | 'adverb' | 'note';

/** What is kept with a definition, or with a note of the user's. */
export type Entry = {
  /** The words that the definition defines; none for a note. */
  words: string[];
  pos: PartOfSpeech;
};

export type Words = Collection<Entry>;

/** The dictionary and the notes: one collection, so that one search finds both. */
export async function openWords(): Promise<{ store: VectorStore; words: Words }> {
  const store = await openStore('reverse-dictionary');
  return { store, words: await store.collection<Entry>('words', { embedder: staticEmbedder() }) };
}
