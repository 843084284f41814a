import { afterEach, expect, it, vi } from 'vitest';
import { StoreEngine } from '../store-engine.js';
import { StoreSyncs } from './store-syncs.js';

const NEVER = new AbortController().signal;

afterEach(() => vi.unstubAllGlobals());

it('Y10 a sync that is begun while the one before is being stopped is another one, and stays', async () => {
  vi.stubGlobal('fetch', async () => {
    throw new TypeError('fetch failed');
  });
  // Node has no events of the network.
  for (const name of ['addEventListener', 'removeEventListener']) vi.stubGlobal(name, () => {});
  const unset = { assetBaseUrl: undefined, memoryBudgetBytes: undefined };
  const store = await StoreEngine.open(
    { name: 'st', storage: 'memory', backend: 'js', kernel: 'auto', ...unset },
    () => {},
    undefined as never,
  );
  const open = { name: 'notes', dimension: 2, metric: undefined, embeddingSpace: undefined };
  const wishes = { embedder: undefined, quantization: undefined };
  const { id } = await store.openCollection({ ...open, ...wishes });
  const syncs = new StoreSyncs(store, { ask: () => new Promise(() => {}), tell: () => {} });
  const remote = { urls: ['http://127.0.0.1:1/'], hasToken: false };
  const args = { collection: { id, name: 'notes', ...wishes }, remote, live: true };

  const first = syncs.run(args);
  const stopping = syncs.stop(id);
  const second = syncs.run(args);
  // The server is gone; CLOSED would be the answer of the one that stops.
  await expect(syncs.now(args, NEVER)).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' });
  await Promise.all([first, stopping]);
  // The first one's end has not made the second one forgotten.
  await syncs.stop(id);
  await second;
  await store.close();
});
