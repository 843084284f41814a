import { afterEach, describe, expect, it } from 'vitest';
import { IndexedDbStorage } from '../../storage/indexeddb-storage.js';
import { request } from '../../storage/raw-database.contract.js';
import { databaseName } from '../../storage/schema.js';
import { uniqueStoreName } from '../../storage/storage.contract.js';
import { ROWS_PER_CHUNK } from '../../storage/storage.js';
import { batch, callOptions, record } from '../engine.contract.js';
import { describeMirror } from './mirror.contract.js';
import { describeMirrorHealing } from './mirror-healing.contract.js';
import { type Events, NO_EVENTS, runMirrorModel } from './mirror-model.contract.js';
import { type Connect, descriptorOf, openNotes } from './mirror-world.contract.js';

const stores: string[] = [];
const opened: IndexedDbStorage[] = [];

const connect: Connect = async () => {
  const store = uniqueStoreName();
  stores.push(store);
  return async () => {
    const storage = new IndexedDbStorage(store);
    opened.push(storage);
    await storage.open();
    return storage;
  };
};

afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close();
  for (const store of stores.splice(0)) await request(indexedDB.deleteDatabase(databaseName(store)));
});

describeMirror('IndexedDbStorage', connect);
describeMirrorHealing('IndexedDbStorage', connect);

describe('a mirror on IndexedDbStorage', () => {
  it('Y2 Y3 Y4 Y5 is a plain map of stamps, bases and what is pushed', async () => {
    const events: Events = { ...NO_EVENTS };
    for (const conflict of ['last-writer-wins', 'compare-and-set'] as const) {
      await runMirrorModel(await (await connect())(), conflict, 7, 60, events);
    }
    expect(events.acknowledged).toBeGreaterThan(0);
  });

  it('S8 what is pushed of tombstones in another chunk than the rows is there after opening again', async () => {
    const again = await connect();
    const notes = await openNotes(await again());
    await notes.mirror.begin(descriptorOf(), 0);
    // Merged with the rows, the tombstones come after the border.
    await notes.upsert([...batch(0, ROWS_PER_CHUNK - 1), record('a'), record('b'), record('c')]);
    const all = await notes.pending(1e6);
    await notes.settle(all.slice(-3), { status: 'ok' }, { status: 'ok' }, { status: 'ok' });
    await notes.deleteIds(['a', 'b', 'c']);
    await notes.engine.optimize(callOptions());
    const tombstones = await notes.mirror.operations(['a', 'b', 'c']);
    expect(tombstones.map(({ kind }) => kind)).toEqual(['delete', 'delete', 'delete']);
    await notes.settle(tombstones.slice(0, 1), { status: 'ok' });
    await notes.upsert([record('b')]);
    const other = await openNotes(await again());
    expect(await other.mirror.stillPending(['a', 'b', 'c'])).toEqual(['b', 'c']);
    expect((await other.mirror.operations(['a', 'b', 'c'])).map(({ kind }) => kind)).toEqual([
      'delete',
      'upsert',
      'delete',
    ]);
  });
});
