import type {
  CollectionConfig,
  Embedder,
  ReembedOptions,
  ReembedResult,
  WorkerEmbedder,
} from '../shared/types.js';
import type { CollectionRef } from '../shared/worker-api.js';
import type { embedInBatches } from './embed.js';
import type { Space, StoreAccess } from './store-access.js';

/** Names an embedder of this page to a worker. */
let nextEmbedder = 1;

// A chunk of its own that imports nothing: what it shares with others would be taken out of theirs.

export interface Handle {
  readonly store: StoreAccess;
  readonly ref: CollectionRef;
  readonly config: CollectionConfig;
}

/** Has the worker build the collection anew, and makes the vectors where the embedder runs here. */
export async function reembed(
  { store, ref, config }: Handle,
  embedder: Embedder | WorkerEmbedder,
  options: ReembedOptions,
  inBatches: typeof embedInBatches,
): Promise<{ space: Space; result: ReembedResult }> {
  const { id: embeddingSpace, dimension } = embedder;
  const { embedders } = store;
  const number = nextEmbedder++;
  const inWorker = 'runsIn' in embedder;
  if (!inWorker) {
    embedders.set(number, async (texts) => {
      const vectors = new Float32Array(texts.length * dimension);
      let row = 0;
      const batches = inBatches(texts, embedder, { ...config, dimension }, 'document', options.signal);
      for await (const batch of batches) {
        for (const [, vector] of batch) vectors.set(vector, row++ * dimension);
      }
      return vectors;
    });
  }
  try {
    const args = { embeddingSpace, dimension, embedder: inWorker ? embedder : number };
    const {
      id,
      config: own,
      ...result
    } = await store.call((api, call) => api.reembed(call, ref, args), {
      ...options,
      isWrite: true,
    });
    // What handles have asked of the collection holds for what has taken its place.
    store.wishes.set(id, { ...store.wishes.get(ref.id), ...store.wishes.get(id) });
    return { space: { id, config: own, embedder }, result };
  } finally {
    embedders.delete(number);
  }
}
