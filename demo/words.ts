import { type Collection, openStore, type StoreOptions, type VectorStore } from 'nearshore';
import { staticEmbedder } from 'nearshore/embedders';
import { type Faults, makeFaults } from 'nearshore/testing';

export type PartOfSpeech = 'noun' | 'verb' | 'adjective' | 'adverb' | 'note';

/** What is kept with a definition, or with a copy of a note of the user's. */
export type Entry = {
  /** The words that the definition defines; none for a note. */
  words: string[];
  pos: PartOfSpeech;
};

export type Words = Collection<Entry>;

export interface Library {
  readonly store: VectorStore;
  /** The dictionary, and a copy of each note. */
  readonly words: Words;
  readonly notes: Collection;
  /** For the buttons that break things. */
  readonly faults: Faults;
}

/** `?backend=webgpu` asks for an engine by its name. */
export async function openLibrary(): Promise<Library> {
  const faults = makeFaults();
  const backend = new URLSearchParams(location.search).get('backend');
  const store = await openStore('reverse-dictionary', {
    worker: faults.worker,
    ...(backend === null ? {} : { backend: backend as NonNullable<StoreOptions['backend']> }),
  });
  const embedder = staticEmbedder();
  return {
    store,
    words: await store.collection<Entry>('words', { embedder }),
    notes: await store.collection('notes', { embedder }),
    faults,
  };
}
