import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  askStore,
  type FormatFixture,
  PLACES,
  packContent,
  restoreFixture,
  unpackFixture,
} from './fixtures/format-fixture.contract.js';
import type { HangingUpgrade, Reached } from './fixtures/hanging-upgrade.contract.js';
import { IndexedDbStorage } from './indexeddb-storage.js';
import { dump, readRaw, request, writeRaw } from './raw-database.contract.js';
import { DATABASE_VERSION, databaseName } from './schema.js';
import { uniqueStoreName } from './storage.contract.js';
import { FORMAT } from './storage.js';

let store = '';

afterEach(() => request(indexedDB.deleteDatabase(databaseName(store))));

async function load(format: number): Promise<FormatFixture> {
  const file = await fetch(new URL(`./fixtures/format-${format}.json`, import.meta.url));
  const fixture = unpackFixture(await file.text());
  store = uniqueStoreName();
  await restoreFixture(store, fixture);
  return fixture;
}

/** Formats that were released before this one. */
const OLDER = [1, 2];

/** Requests that the upgrade of each makes in its transaction: row states, rows, the store's row. */
const REQUESTS: Record<number, number> = { 1: 8, 2: 2 };

describe.each([...OLDER, FORMAT])('R2 a store of format %i', (format) => {
  it('answers as it did when it was written, now and when it is opened again', async () => {
    const { answers } = await load(format);
    expect(answers).toMatchObject({ notes: { stats: { count: 33 } }, places: { stats: { count: 2078 } } });
    expect(await askStore(store)).toEqual(answers);
    expect(await askStore(store)).toEqual(answers);
    const meta = await readRaw<{ format: number }>(store, 'meta', 'store');
    expect(meta.format).toBe(FORMAT);
    expect((await dump(store)).version).toBe(DATABASE_VERSION);
  });
});

describe.each(OLDER)('R2 the upgrade of format %i', (format) => {
  it('is one transaction: where it ends at any request, the old format is there, and the next opening works', async () => {
    const { answers } = await load(format);
    const before = await packContent(store);
    let requests = 0;
    for (let last = 1; ; last++) {
      const storage = new IndexedDbStorage(store);
      const spies = abortAtRequest(last, (count) => {
        requests = count;
      });
      const end = await storage.open().catch((error) => error);
      for (const spy of spies) spy.mockRestore();
      await storage.close();
      if (requests < last) break;
      expect(end, `request ${last}`).toMatchObject({ name: 'VectorStoreError', code: 'STORAGE_BLOCKED' });
      expect(await packContent(store), `request ${last}`).toBe(before);
    }
    expect(requests).toBeGreaterThanOrEqual(REQUESTS[format]!);
    expect(await askStore(store)).toEqual(answers);
  });

  it('may be killed at any request: the old format is there, whole, and the next opening works', async () => {
    const { answers } = await load(format);
    const before = await packContent(store);
    let kills = 0;
    for (let at = 1; (await killUpgrade({ store, request: at })) === 'hanging'; at++, kills++) {
      expect(await packContent(store), `request ${at}`).toBe(before);
    }
    expect(kills).toBeGreaterThanOrEqual(REQUESTS[format]!);
    expect(await askStore(store)).toEqual(answers);
  });

  it('refuses a store that a newer release has written into the older layout, and changes nothing', async () => {
    await load(format);
    const row = await readRaw<object>(store, 'meta', 'store');
    await writeRaw(store, 'meta', 'store', { ...row, format: FORMAT + 1 });
    const before = await packContent(store);
    const opening = new IndexedDbStorage(store).open();
    await expect(opening).rejects.toMatchObject({
      code: 'FORMAT_TOO_NEW',
      message: expect.stringMatching(`format ${FORMAT + 1}.*up to ${FORMAT}`),
    });
    expect(await packContent(store)).toBe(before);
  });

  it('leaves a damaged collection to be found, and brings the others over', async () => {
    const { answers } = await load(format);
    for (const damaged of [
      null,
      'nonsense',
      { id: 1 },
      { id: 1, config: { name: 'notes' }, segments: [null] },
    ]) {
      await request(indexedDB.deleteDatabase(databaseName(store)));
      await load(format);
      await writeRaw(store, 'collections', 'notes', damaged);
      const storage = new IndexedDbStorage(store);
      await storage.open();
      expect(await storage.damagedCollections()).toEqual(['notes']);
      await storage.dropCollection('notes');
      await storage.close();
      expect(await askStore(store, [PLACES])).toEqual({ places: (answers as { places: object }).places });
      await request(indexedDB.deleteDatabase(databaseName(store)));
    }
  });
});

/** Terminates a worker while its upgrade is under way. */
async function killUpgrade(order: HangingUpgrade): Promise<Reached> {
  const url = new URL('./fixtures/hanging-upgrade.contract.ts', import.meta.url);
  const worker = new Worker(url, { type: 'module' });
  const reached = await new Promise<Reached>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage(order);
  });
  worker.terminate();
  return reached;
}

/** Ends the upgrade's transaction at its n-th request, before that is made. Tells how many there have been. */
function abortAtRequest(n: number, onRequest: (count: number) => void) {
  let count = 0;
  const watched = [
    [IDBObjectStore.prototype, 'get'],
    [IDBObjectStore.prototype, 'getAll'],
    [IDBObjectStore.prototype, 'getAllKeys'],
    [IDBObjectStore.prototype, 'put'],
  ] as const;
  return watched.map(([prototype, method]) => {
    const original = prototype[method] as (...args: unknown[]) => IDBRequest;
    return vi.spyOn(prototype, method as 'get').mockImplementation(function (
      this: IDBObjectStore,
      ...args: unknown[]
    ) {
      if (this.transaction.mode !== 'versionchange') return original.apply(this, args);
      onRequest(++count);
      if (count === n) this.transaction.abort();
      return original.apply(this, args);
    });
  });
}
