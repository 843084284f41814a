import { expect, it } from 'vitest';
import type { ConflictPolicy } from '../shared/types.js';
import { exportBytes, importBlob, openMemoryStore } from './backup/backup.contract.js';
import type { StoreEngine } from './store-engine.js';

const NONE = { metric: undefined, embeddingSpace: undefined, embedder: undefined, quantization: undefined };

function open(store: StoreEngine, conflict?: ConflictPolicy) {
  return store.openCollection({ ...NONE, name: 'notes', dimension: 2, conflict });
}

it('C3 Y1 the conflict policy is pinned at creation; left out, it is last writer wins', async () => {
  const [store, other] = [await openMemoryStore(), await openMemoryStore()];
  const merging = await open(store, 'compare-and-set');
  expect(merging.config).toEqual({
    name: 'notes',
    dimension: 2,
    metric: 'cosine',
    conflict: 'compare-and-set',
  });
  expect(await open(store)).toEqual(merging);
  await expect(open(store, 'last-writer-wins')).rejects.toMatchObject({ code: 'CONFIG_MISMATCH' });

  const racing = await open(other);
  // As a release that knew no policy has stored it.
  expect(racing.config).toEqual({ name: 'notes', dimension: 2, metric: 'cosine' });
  expect(await open(other, 'last-writer-wins')).toEqual(racing);
  await expect(open(other, 'compare-and-set')).rejects.toMatchObject({ code: 'CONFIG_MISMATCH' });
});

it('B2 an import leaves the conflict policy of a collection that is there alone', async () => {
  const [from, to] = [await openMemoryStore(), await openMemoryStore()];
  await open(from, 'compare-and-set');
  const { config } = await open(to);
  await importBlob(to, await exportBytes(from));
  expect(await to.listCollections()).toEqual([config]);
});
