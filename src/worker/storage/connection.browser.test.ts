import { afterEach, describe, expect, it, vi } from 'vitest';
import { IndexedDbStorage } from './indexeddb-storage.js';
import { dump, request, withRaw, writeRaw } from './raw-database.contract.js';
import { DATABASE_VERSION, databaseName } from './schema.js';
import { bytes, CONFIG, commitOn, deadBits, page, uniqueStoreName } from './storage.contract.js';
import type { CollectionRow } from './storage.js';
import { toStoredCollection } from './stored.js';

const opened: IndexedDbStorage[] = [];
const names: string[] = [];

async function open(store = uniqueStoreName()) {
  const opens = vi.spyOn(IDBFactory.prototype, 'open');
  const told: string[] = [];
  const storage = new IndexedDbStorage(store, {
    onLost: (reason) => told.push(`lost: ${reason}`),
    onOutdated: (reason) => told.push(`outdated: ${reason}`),
  });
  opened.push(storage);
  names.push(store);
  await storage.open();
  const created = await storage.createCollection(CONFIG);
  await storage.commit(commitOn(created, { pages: [page(0, 'ids', 0)], rowStates: [deadBits(0, 0, 1)] }));
  const row = (await storage.readCollection(CONFIG.name))!;
  const handle: IDBDatabase = opens.mock.results.at(-1)!.value.result;
  opens.mockClear();
  return { storage, store, row, told, opens, handle };
}

afterEach(async () => {
  vi.restoreAllMocks();
  for (const storage of opened.splice(0)) await storage.close();
  for (const store of names.splice(0)) await request(indexedDB.deleteDatabase(databaseName(store)));
});

/** As a browser does: the connection is closed first, then the event comes. */
function loseNow(handle: IDBDatabase): void {
  handle.close();
  handle.dispatchEvent(new Event('close'));
}

const CALLS: Record<string, (storage: IndexedDbStorage, row: CollectionRow) => Promise<unknown>> = {
  readStore: (storage) => storage.readStore(),
  readCollections: (storage) => storage.readCollections(),
  readCollection: (storage) => storage.readCollection(CONFIG.name),
  readRowStates: (storage, { id }) => storage.readRowStates(id, [0]),
  readPages: (storage, { id }) => storage.readPages(id, 0, 'ids', 0, 1),
  createCollection: (storage) => storage.createCollection({ ...CONFIG, name: 'other' }),
  commit: (storage, row) => storage.commit(commitOn(row, { pages: [page(1, 'ids', 0)] })),
  writeGpuFindings: (storage) => storage.writeGpuFindings({ device: 'a GPU', crossovers: {} }),
  dropCollection: (storage) => storage.dropCollection(CONFIG.name),
};

describe('S9 a lost connection', () => {
  it.each(Object.keys(CALLS))('is opened again, once, for %s', async (call) => {
    const expected = await open().then(({ storage, row }) => CALLS[call]!(storage, row));
    const { storage, row, opens, handle } = await open();
    handle.close();
    const answer = await CALLS[call]!(storage, row);
    if (call !== 'readStore') expect(answer).toEqual(expected);
    expect(opens).toHaveBeenCalledTimes(1);
  });

  it('is opened once for all calls that wait, and for its event', async () => {
    const { storage, row, opens, handle } = await open();
    loseNow(handle);
    const reads = Object.entries(CALLS).filter(([name]) => name.startsWith('read'));
    await Promise.all(reads.map(([, call]) => call(storage, row)));
    expect(opens).toHaveBeenCalledTimes(1);
  });

  it.each(['InvalidStateError', 'UnknownError'])(
    'that gives %s twice is STORAGE_BLOCKED; later calls try anew',
    async (name) => {
      const { storage, row, opens } = await open();
      vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => {
        throw new DOMException('on purpose', name);
      });
      await expect(storage.readStore()).rejects.toMatchObject({ code: 'STORAGE_BLOCKED' });
      vi.mocked(IDBDatabase.prototype.transaction).mockRestore();
      expect(await storage.readCollection(CONFIG.name)).toEqual(row);
      expect(opens).toHaveBeenCalled();
    },
  );

  it('is dropped after QuotaExceededError, and the call is not tried again', async () => {
    const { storage, row, opens } = await open();
    const { put } = IDBObjectStore.prototype;
    const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
      throw new DOMException('no room', 'QuotaExceededError');
    });
    const commit = commitOn(row, { pages: [page(1, 'ids', 0)] });
    await expect(storage.commit(commit)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(spy).toHaveBeenCalledTimes(1);
    spy.mockImplementation(put);
    await storage.commit(commit);
    expect(opens).toHaveBeenCalledTimes(1);
  });

  it('under an opening is opened again', async () => {
    const store = uniqueStoreName();
    names.push(store);
    const storage = new IndexedDbStorage(store);
    opened.push(storage);
    const opens = vi.spyOn(IDBFactory.prototype, 'open').mockImplementationOnce(() => {
      throw new DOMException('Internal error opening backing store', 'UnknownError');
    });
    await storage.open();
    expect(opens).toHaveBeenCalledTimes(2);
    expect(storage.isNew).toBe(true);
  });
});

describe('S9 a commit whose end was not seen', () => {
  /** The next transaction commits, or not; the connection is lost before anybody has seen which. */
  const hideEnd = (commits: boolean, meanwhile: () => Promise<unknown> = async () => {}) => {
    const { transaction } = IDBDatabase.prototype;
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction');
    spy.mockImplementationOnce(function (this: IDBDatabase, ...args) {
      spy.mockRestore();
      const tx = transaction.apply(this, args);
      const hide = (event: Event) => {
        if (!event.isTrusted) return;
        event.stopImmediatePropagation();
        this.close();
        void meanwhile().then(() => tx.dispatchEvent(new Event('abort')));
      };
      tx.addEventListener('complete', hide);
      tx.addEventListener('abort', hide);
      if (!commits) {
        const { put } = IDBObjectStore.prototype;
        vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
          this: IDBObjectStore,
          ...put_
        ) {
          const made = put.apply(this, put_);
          if (this.name !== 'collections') return made;
          vi.mocked(IDBObjectStore.prototype.put).mockRestore();
          made.addEventListener('success', () => tx.abort());
          return made;
        });
      }
      return tx;
    });
  };
  const commitOf = (row: CollectionRow) =>
    commitOn(row, { pages: [page(1, 'ids', 0)], rowStates: [deadBits(0, 0, 3)] });

  it.each([true, false])('is looked up: it had committed, %s', async (commits) => {
    const { storage, store, row } = await open();
    const commit = commitOf(row);
    hideEnd(commits);
    expect(await storage.commit(commit)).toBe(41);
    expect(await storage.readCollection(CONFIG.name)).toEqual(commit.next);
    const { content } = await dump(store);
    expect(content.pages!.map(([key]) => key)).toEqual([
      [row.id, 0, 'ids', 0],
      [row.id, 1, 'ids', 0],
    ]);
  });

  it.each(['page', 'row state', 'row'])(
    'is not taken for that of another tab, whose %s is another',
    async (what) => {
      const { storage, store, row } = await open();
      const commit = commitOf(row);
      const others = {
        ...commit,
        pages: [page(1, 'ids', 0, bytes(40, what === 'page' ? 99 : 1))],
        rowStates: [deadBits(0, 0, what === 'row state' ? 4 : 3)],
        next: { ...commit.next, clock: what === 'row' ? 'other' : commit.next.clock },
      };
      hideEnd(false, async () => {
        const other = new IndexedDbStorage(store);
        await other.open();
        await other.commit(others);
        await other.close();
      });
      await expect(storage.commit(commit)).rejects.toMatchObject({ name: 'GenerationConflict', found: 2 });
      expect(await storage.readCollection(CONFIG.name)).toEqual(others.next);
      expect(await storage.readPages(row.id, 1, 'ids', 0, 1)).toEqual([others.pages[0]!.bytes]);
    },
  );

  it.each([true, false])(
    'and another tab has committed since: it is found where its segment is listed, %s',
    async (isListed) => {
      const { storage, store, row } = await open();
      const commit = commitOf(row);
      hideEnd(true, async () => {
        const other = new IndexedDbStorage(store);
        await other.open();
        const removed = isListed ? [] : [1];
        await other.commit(commitOn(commit.next, { pages: [page(2, 'ids', 0)], removed }));
        await other.close();
      });
      const committing = storage.commit(commit);
      if (isListed) expect(await committing).toBe(41);
      else
        await expect(committing).rejects.toMatchObject({
          code: 'STORAGE_BLOCKED',
          outcome: 'unknown',
          message: expect.stringMatching(/generation 3.*may or may not/s),
        });
    },
  );

  it('has an unknown outcome where the database cannot be opened again', async () => {
    const { storage, row } = await open();
    const commit = commitOf(row);
    hideEnd(true);
    const opens = vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('on purpose', 'UnknownError');
    });
    await expect(storage.commit(commit)).rejects.toMatchObject({
      code: 'STORAGE_BLOCKED',
      outcome: 'unknown',
    });
    opens.mockRestore();
    expect(await storage.readCollection(CONFIG.name)).toEqual(commit.next);
  });

  it('has an unknown outcome where looking it up fails', async () => {
    const { storage, row } = await open();
    const commit = commitOf(row);
    const { get } = IDBObjectStore.prototype;
    hideEnd(true, async () => {
      vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
        if (this.name === 'collections') throw new DOMException('on purpose', 'DataError');
        return get.call(this, key);
      });
    });
    await expect(storage.commit(commit)).rejects.toMatchObject({
      code: 'STORAGE_BLOCKED',
      outcome: 'unknown',
    });
    vi.mocked(IDBObjectStore.prototype.get).mockRestore();
    expect(await storage.readCollection(CONFIG.name)).toEqual(commit.next);
  });

  it('has a known one where the connection was lost before all of it was handed over', async () => {
    const { storage, row, handle } = await open();
    const opens = vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('on purpose', 'UnknownError');
    });
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
      handle.close();
      throw new DOMException('on purpose', 'UnknownError');
    });
    const failure = await storage.commit(commitOf(row)).catch((error: object) => error);
    expect(failure).toMatchObject({ code: 'STORAGE_BLOCKED' });
    expect(failure).not.toHaveProperty('outcome');
    opens.mockRestore();
    expect(await storage.readCollection(CONFIG.name)).toEqual(row);
  });
});

describe('S10 a database that is opened again', () => {
  const remove = (store: string) => request(indexedDB.deleteDatabase(databaseName(store)));
  const isThere = async (store: string) =>
    (await indexedDB.databases()).some(({ name, version }) => name === databaseName(store) && version! > 0);
  const expectLost = async (storage: IndexedDbStorage, row: CollectionRow, told: string[]) => {
    for (const call of Object.values(CALLS))
      await expect(call(storage, row)).rejects.toMatchObject({ code: 'STORAGE_LOST' });
    expect(storage.ended?.code).toBe('STORAGE_LOST');
    expect(told).toEqual([expect.stringMatching(/^lost: /)]);
  };

  it('and is gone is lost: told once, by every call, and not created', async () => {
    const { storage, store, row, told, handle } = await open();
    handle.close();
    await remove(store);
    await expectLost(storage, row, told);
    expect(await isThere(store)).toBe(false);
  });

  it('and is another one is lost; the other one is left as it is', async () => {
    const { storage, store, row, told, handle } = await open();
    handle.close();
    await remove(store);
    const other = await open(store);
    const before = await dump(store);
    await expectLost(storage, row, told);
    expect(await dump(store)).toEqual(before);
    expect(await other.storage.readCollection(CONFIG.name)).toEqual(other.row);
  });

  it('and is none of ours is lost', async () => {
    const { storage, store, row, told, handle } = await open();
    handle.close();
    await remove(store);
    (await request(indexedDB.open(databaseName(store), DATABASE_VERSION))).close();
    await expectLost(storage, row, told);
  });

  it('and has a collection of a lower generation is lost', async () => {
    const { storage, store, row, told, handle } = await open();
    await writeRaw(
      store,
      'collections',
      CONFIG.name,
      toStoredCollection({ ...row, generation: row.generation - 1 }),
    );
    handle.close();
    await expectLost(storage, row, told);
  });

  it('and has a collection of a higher generation, or less collections, is the one it was', async () => {
    const { storage, store, row, told, handle } = await open();
    await writeRaw(store, 'collections', CONFIG.name, toStoredCollection({ ...row, generation: 7 }));
    handle.close();
    expect((await storage.readCollection(CONFIG.name))?.generation).toBe(7);
    const other = new IndexedDbStorage(store);
    opened.push(other);
    await other.open();
    await other.dropCollection(CONFIG.name);
    vi.mocked(IDBFactory.prototype.open).mock.results.at(-2)!.value.result.close();
    expect(await storage.readCollection(CONFIG.name)).toBeUndefined();
    expect((await storage.createCollection(CONFIG)).id).toBe(2);
    expect(told).toEqual([]);
  });

  it('after a close event without any call is compared, too', async () => {
    const { store, told, handle } = await open();
    handle.close();
    await remove(store);
    handle.dispatchEvent(new Event('close'));
    await vi.waitFor(() => expect(told).toEqual([expect.stringContaining('cleared')]), { timeout: 10_000 });
    expect(await isThere(store)).toBe(false);
  });

  it('by a new worker of the same page is that one, or lost and not created', async () => {
    const { storage, store } = await open();
    const { databaseId } = await storage.readStore();
    const again = new IndexedDbStorage(store);
    opened.push(again);
    expect((await again.open(databaseId)).databaseId).toBe(databaseId);
    await again.destroy();
    const late = new IndexedDbStorage(store);
    await expect(late.open(databaseId)).rejects.toMatchObject({ code: 'STORAGE_LOST' });
    expect(await isThere(store)).toBe(false);
  });

  it('S7 that another tab deletes or upgrades is told so', async () => {
    const deleted = await open();
    await remove(deleted.store);
    expect(deleted.told).toEqual([expect.stringMatching(/^lost: another tab.*deleted/)]);
    const upgraded = await open();
    (await request(indexedDB.open(databaseName(upgraded.store), DATABASE_VERSION + 1))).close();
    expect(upgraded.told).toEqual([
      expect.stringMatching(new RegExp(`^outdated: .*version ${DATABASE_VERSION + 1}.*Reload`)),
    ]);
  });

  it('is open to nobody after close', async () => {
    const { storage, row, store } = await open();
    await storage.close();
    for (const call of Object.values(CALLS))
      await expect(call(storage, row)).rejects.toMatchObject({ code: 'CLOSED' });
    await withRaw(store, async (database) => expect(database.version).toBe(DATABASE_VERSION));
  });
});
