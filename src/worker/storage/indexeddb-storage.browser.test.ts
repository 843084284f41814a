import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeBackupNote } from './backup-note.contract.js';
import { describeGenerations } from './generation.contract.js';
import { describeGpuFindings } from './gpu-findings.contract.js';
import { IndexedDbStorage } from './indexeddb-storage.js';
import { describeMaintenanceLock } from './maintenance-lock.contract.js';
import { describeQuarantinedPages } from './quarantined-pages.contract.js';
import { dump, readRaw, request, withRaw, writeRaw } from './raw-database.contract.js';
import { describeReplacing } from './replace-collection.contract.js';
import { DATABASE_VERSION, databaseName } from './schema.js';
import {
  bytes,
  CONFIG,
  commitOn,
  deadBits,
  describeStorage,
  page,
  type StorageKind,
  uniqueStoreName,
} from './storage.contract.js';
import { type CollectionRow, type Commit, FORMAT } from './storage.js';

const KIND: StorageKind = { name: 'IndexedDbStorage', connect: (store) => new IndexedDbStorage(store) };

describeStorage(KIND);
describeGenerations(KIND);
describeGpuFindings(KIND);
describeMaintenanceLock(KIND);
describeBackupNote(KIND);
describeQuarantinedPages(KIND);
describeReplacing(KIND);

describe('IndexedDbStorage', () => {
  const opened: { close(): unknown }[] = [];
  const names: string[] = [];

  const open = async (store = uniqueStoreName()) => {
    const storage = new IndexedDbStorage(store);
    names.push(store);
    opened.push(storage);
    await storage.open();
    return { storage, store };
  };
  /** A store with one segment of two columns. */
  const openWithSegment = async () => {
    const { storage, store } = await open();
    const row = await storage.createCollection(CONFIG);
    const pages = [page(0, 'vectors', 0, bytes(64)), page(0, 'vectors', 1, bytes(64, 2)), page(0, 'ids', 0)];
    await storage.commit(commitOn(row, { pages, rowStates: [deadBits(0, 0, 1)] }));
    return { storage, store, row: (await storage.readCollection(CONFIG.name))! };
  };
  /** A commit that adds, replaces and removes: 3 pages, 2 row states, 1 row. */
  const richCommit = (row: CollectionRow): Commit =>
    commitOn(row, {
      pages: [page(1, 'vectors', 0), page(1, 'vectors', 1), page(1, 'ids', 0)],
      rowStates: [deadBits(1, 0, 3), deadBits(0, 1, 255)],
      removed: [0],
    });
  const RICH_PUTS = 6;

  afterEach(async () => {
    vi.restoreAllMocks();
    vi.useRealTimers();
    for (const each of opened.splice(0)) await each.close();
    for (const name of names.splice(0)) await request(indexedDB.deleteDatabase(databaseName(name)));
  });

  /** Calls `interfere` at the n-th put from now on; a disk that is full stays so. */
  const atPut = (n: number, interfere: (store: IDBObjectStore, put: () => IDBRequest) => IDBRequest) => {
    const isFull = interfere === failures['throws because the disk is full'];
    let puts = 0;
    const { put } = IDBObjectStore.prototype;
    const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      ...args: Parameters<IDBObjectStore['put']>
    ) {
      const own = () => put.apply(this, args);
      return ++puts === n || (isFull && puts > n) ? interfere(this, own) : own();
    });
    return spy;
  };

  const failures: Record<string, Parameters<typeof atPut>[1]> = {
    'throws because the disk is full': () => {
      throw new DOMException('no room', 'QuotaExceededError');
    },
    'throws because the value cannot be cloned': () => {
      throw new DOMException('not cloneable', 'DataCloneError');
    },
    'comes as the browser ends the transaction': (objectStore, put) => {
      const made = put();
      objectStore.transaction.abort();
      return made;
    },
    'succeeds and the transaction ends afterwards, as Chromium does on a full disk': (objectStore, put) => {
      const made = put();
      made.addEventListener('success', () => objectStore.transaction.abort());
      return made;
    },
    'fails as a request': (objectStore) => objectStore.add({}, 1e9) && objectStore.add({}, 1e9),
  };
  const cases = Object.keys(failures).flatMap((failure) =>
    Array.from({ length: RICH_PUTS }, (_, i) => [i + 1, failure] as const),
  );

  it.each(cases)('S1 leaves everything as it was where put %i of 6 %s', async (n, failure) => {
    const { storage, store, row } = await openWithSegment();
    const before = await dump(store);
    const spy = atPut(n, failures[failure]!);
    const code = failure.includes('disk is full') ? 'QUOTA_EXCEEDED' : 'STORAGE_BLOCKED';
    await expect(storage.commit(richCommit(row))).rejects.toMatchObject({
      name: 'VectorStoreError',
      code: failure.startsWith('succeeds') ? 'STORAGE_BLOCKED' : code,
    });
    expect(spy.mock.calls.length).toBeGreaterThanOrEqual(n);
    spy.mockRestore();
    expect(await dump(store)).toEqual(before);
    // The connection is still good.
    await storage.commit(richCommit(row));
    expect((await storage.readCollection(CONFIG.name))!.generation).toBe(row.generation + 1);
  });

  it('S1 is one readwrite transaction, however many bytes it has', async () => {
    const { storage, row } = await openWithSegment();
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const pages = Array.from({ length: 5 }, (_, i) => page(1, 'vectors', i, new Uint8Array(3 << 20)));
    await storage.commit(commitOn(row, { pages, removed: [0] }));
    expect(spy.mock.calls.map(([, mode]) => mode)).toEqual(['readwrite']);
    const [last] = await storage.readPages(row.id, 1, 'vectors', 4, 5);
    expect(last!.length).toBe(3 << 20);
    expect(last!.every((byte) => byte === 0)).toBe(true);
  });

  it('S1 leaves everything as it was where the fifth page of 3 MiB fails', async () => {
    const { storage, store, row } = await openWithSegment();
    const before = await dump(store);
    const spy = atPut(5, failures['throws because the disk is full']!);
    const pages = Array.from({ length: 6 }, (_, i) => page(1, 'vectors', i, new Uint8Array(3 << 20)));
    await expect(storage.commit(commitOn(row, { pages, removed: [0] }))).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
    });
    spy.mockRestore();
    expect(await dump(store)).toEqual(before);
  });

  it('S1 resolves after the complete event, not before', async () => {
    const { storage, row } = await openWithSegment();
    const log: string[] = [];
    const { transaction } = IDBDatabase.prototype;
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
      const tx = transaction.apply(this, args);
      tx.addEventListener('complete', () => log.push('complete'));
      return tx;
    });
    await storage.commit(richCommit(row)).then(() => log.push('resolved'));
    expect(log).toEqual(['complete', 'resolved']);
  });

  it('S2 lets two open connections race many times, and never loses a winner', async () => {
    const { storage: one, store } = await open();
    const { storage: two } = await open(store);
    let row = await one.createCollection(CONFIG);
    for (let round = 0; round < 20; round++) {
      const commits = [one, two].map((storage, i) => ({
        storage,
        commit: commitOn(row, { pages: [page(2 * round + i, 'ids', 0)] }),
      }));
      if (round % 2 === 1) commits.reverse();
      const ends = await Promise.allSettled(commits.map(({ storage, commit }) => storage.commit(commit)));
      expect(ends.map((end) => end.status).sort()).toEqual(['fulfilled', 'rejected']);
      const winner = ends.findIndex((end) => end.status === 'fulfilled');
      row = (await one.readCollection(CONFIG.name))!;
      expect(row).toEqual(commits[winner]!.commit.next);
    }
    const keys = await withRaw(store, (database) =>
      request(database.transaction('pages').objectStore('pages').count()),
    );
    expect(keys).toBe(20);
  });

  it('S3 asks for strict transactions for disk, relaxed ones for memory, strict ones to create and drop', async () => {
    const { storage } = await open();
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const asked = () => spy.mock.calls.splice(0).map(([, mode, options]) => [mode, options?.durability]);
    let row = await storage.createCollection(CONFIG);
    expect(asked()).toEqual([['readwrite', 'strict']]);
    for (const [durability, expected] of [
      ['disk', 'strict'],
      ['memory', 'relaxed'],
    ] as const) {
      const commit = commitOn(row, { pages: [page(row.nextSegment, 'ids', 0)], durability });
      await storage.commit(commit);
      expect(asked()).toEqual([['readwrite', expected]]);
      row = commit.next;
    }
    await storage.dropCollection(CONFIG.name);
    expect(asked()).toEqual([['readwrite', 'strict']]);
  });

  it('stores the bytes of a page without the buffer they are a view of', async () => {
    const { storage, store } = await open();
    const row = await storage.createCollection(CONFIG);
    const parent = new Uint8Array(4 << 20).fill(7);
    const view = parent.subarray(1 << 20, (1 << 20) + 64);
    await storage.commit(commitOn(row, { pages: [page(0, 'vectors', 0, view)] }));
    const stored = await readRaw<{ bytes: Uint8Array }>(store, 'pages', [row.id, 0, 'vectors', 0]);
    expect(stored.bytes).toEqual(new Uint8Array(64).fill(7));
    expect(stored.bytes.buffer.byteLength).toBe(64);
  });

  const PAGE = [1, 0, 'vectors', 0];
  type Stored = { checksum: number; bytes: Uint8Array };
  const damages: Record<string, (stored: Stored) => unknown> = {
    'one bit is flipped': ({ checksum, bytes: own }) => {
      const damaged = own.slice();
      damaged[17]! ^= 4;
      return { checksum, bytes: damaged };
    },
    'the last byte is cut off': ({ checksum, bytes: own }) => ({ checksum, bytes: own.slice(0, -1) }),
    'a zero byte is appended': ({ checksum, bytes: own }) => ({
      checksum,
      bytes: Uint8Array.from([...own, 0]),
    }),
    'all bytes are gone': ({ checksum }) => ({ checksum, bytes: new Uint8Array(0) }),
    'the checksum is another': ({ checksum, bytes: own }) => ({ checksum: (checksum ^ 1) >>> 0, bytes: own }),
    'the checksum is gone': ({ bytes: own }) => ({ bytes: own }),
    'the bytes are a string': ({ checksum }) => ({ checksum, bytes: 'nonsense' }),
    'the value is no page': () => 42,
    'the value is null': () => null,
    'the bytes are a view that starts at an odd place': ({ checksum, bytes: own }) => ({
      checksum,
      bytes: Uint8Array.from([0, ...own])
        .subarray(1)
        .fill(9),
    }),
    'the page is gone': () => undefined,
  };

  it.each(Object.keys(damages))('S4 rejects with CORRUPT where %s', async (damage) => {
    const { storage, store, row } = await openWithSegment();
    const stored = await readRaw<Stored>(store, 'pages', PAGE);
    await writeRaw(store, 'pages', PAGE, damages[damage]!(stored));
    const [from, to] = [0, 2];
    await expect(storage.readPages(row.id, 0, 'vectors', from, to)).rejects.toMatchObject({
      name: 'VectorStoreError',
      code: 'CORRUPT',
      message: expect.stringMatching(/Page 0 of column "vectors" in segment 0/),
    });
    // What is whole is still answered.
    expect(await storage.readPages(row.id, 0, 'vectors', 1, 2)).toEqual([bytes(64, 2)]);
    expect(await storage.readPages(row.id, 0, 'ids', 0, 1)).toEqual([page(0, 'ids', 0).bytes]);
    await writeRaw(store, 'pages', PAGE, stored);
    expect(await storage.readPages(row.id, 0, 'vectors', 0, 1)).toEqual([bytes(64)]);
  });

  it('S4 rejects with CORRUPT where a bit of the row states is flipped', async () => {
    const { storage, store, row } = await openWithSegment();
    const state = { segment: 0, chunk: 0, dead: Uint8Array.of(0b101) };
    await storage.commit(commitOn((await storage.readCollection(row.config.name))!, { rowStates: [state] }));
    expect(await storage.readRowStates(row.id, [0])).toEqual([state]);
    const key = [row.id, 0, 0];
    const stored = await readRaw<{ dead: Uint8Array }>(store, 'rowStates', key);
    await writeRaw(store, 'rowStates', key, { ...stored, dead: Uint8Array.of(0b100) });
    await expect(storage.readRowStates(row.id, [0])).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('S5 refuses a newer format, and changes nothing', async () => {
    const { storage, store } = await openWithSegment();
    const row = await storage.readStore();
    await storage.close();
    await writeRaw(store, 'meta', 'store', { ...row, format: FORMAT + 1, fromTheFuture: true });
    const before = await dump(store);
    await expect(open(store)).rejects.toMatchObject({
      code: 'FORMAT_TOO_NEW',
      message: expect.stringMatching(`format ${FORMAT + 1}.*up to ${FORMAT}`),
    });
    expect(await dump(store)).toEqual(before);
    // And keeps no connection that would be in somebody's way.
    await request(indexedDB.deleteDatabase(databaseName(store)));
  });

  it('S5 refuses a newer version of the database, and changes nothing', async () => {
    const { storage, store } = await openWithSegment();
    await storage.close();
    const upgrade = indexedDB.open(databaseName(store), DATABASE_VERSION + 1);
    upgrade.onupgradeneeded = () => upgrade.result.createObjectStore('later').put('x', 'y');
    (await request(upgrade)).close();
    const before = await dump(store);
    await expect(open(store)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' });
    expect(await dump(store)).toEqual(before);
    expect(before.version).toBe(DATABASE_VERSION + 1);
  });

  it('keeps everything across a reopening', async () => {
    const { storage, store, row } = await openWithSegment();
    const store1 = await storage.readStore();
    await storage.close();
    const { storage: again } = await open(store);
    expect(await again.readStore()).toEqual(store1);
    expect(await again.readCollection(CONFIG.name)).toEqual(row);
    expect(await again.readPages(row.id, 0, 'vectors', 0, 2)).toEqual([bytes(64), bytes(64, 2)]);
    expect(await again.readRowStates(row.id, [0])).toEqual([deadBits(0, 0, 1)]);
  });

  it('S2 queues writers by a Web Lock of the store, not of all stores', async () => {
    const { storage, store } = await open();
    const { storage: other } = await open();
    const held = await storage.exclusively(async () => (await navigator.locks.query()).held);
    const name = `${databaseName(store)}:write`;
    expect(held!.map((lock) => lock.name)).toContain(name);
    // A task in another store runs inside a task of this one.
    expect(await storage.exclusively(() => other.exclusively(async () => 'ran'))).toBe('ran');
  });

  it.each([
    ['upgrade', 'STORAGE_BLOCKED'],
    ['deletion', 'STORAGE_LOST'],
  ])('S7 closes at once for the %s by another tab, and every call is %s', async (kind, code) => {
    const { storage, store } = await open();
    const row = await storage.createCollection(CONFIG);
    const began = performance.now();
    const name = databaseName(store);
    const other =
      kind === 'upgrade' ? indexedDB.open(name, DATABASE_VERSION + 1) : indexedDB.deleteDatabase(name);
    let blocked = false;
    other.onblocked = () => {
      blocked = true;
    };
    const database = await request<IDBDatabase | undefined>(other as IDBRequest);
    database?.close();
    expect(blocked).toBe(false);
    expect(performance.now() - began).toBeLessThan(5_000);
    const calls = [
      storage.readStore(),
      storage.readCollections(),
      storage.readCollection(CONFIG.name),
      storage.createCollection(CONFIG),
      storage.dropCollection(CONFIG.name),
      storage.readRowStates(1, [0]),
      storage.readPages(1, 0, 'ids', 0, 1),
      storage.commit(richCommit(row)),
    ];
    for (const end of await Promise.allSettled(calls)) {
      expect(end).toMatchObject({ status: 'rejected', reason: { code } });
    }
  });

  it('S7 lets a commit that is under way end before it closes', async () => {
    const { storage, store, row } = await openWithSegment();
    const commit = storage.commit(commitOn(row, { pages: [page(1, 'vectors', 0, new Uint8Array(4 << 20))] }));
    // The transaction begins after the checksums.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const upgrade = indexedDB.open(databaseName(store), DATABASE_VERSION + 1);
    const [end] = await Promise.allSettled([commit]);
    const after = await request(upgrade);
    const pages = await request(after.transaction('pages').objectStore('pages').count());
    after.close();
    expect(pages).toBe(end.status === 'fulfilled' ? 4 : 3);
  });

  describe('where a tab does not let go', () => {
    /** A tab that ignores `versionchange`. */
    const openStubbornTab = async (store: string) => {
      const database = await request(indexedDB.open(databaseName(store)));
      opened.push(database);
      return database;
    };
    /** Lets 10 s pass once the browser has said "blocked". */
    const passTenSeconds = async () => {
      await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0), { interval: 5 });
      vi.advanceTimersByTime(9_900);
      expect(vi.getTimerCount()).toBeGreaterThan(0);
      vi.advanceTimersByTime(200);
    };

    it('S7 gives a deletion up after 10 s with STORAGE_BLOCKED', async () => {
      const { storage, store } = await openWithSegment();
      await openStubbornTab(store);
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const destroyed = storage.destroy();
      destroyed.catch(() => undefined);
      await passTenSeconds();
      await expect(destroyed).rejects.toMatchObject({ code: 'STORAGE_BLOCKED' });
    });

    it('S7 gives an opening up after 10 s too, where a deletion waits before it', async () => {
      const { storage, store } = await openWithSegment();
      await storage.close();
      await openStubbornTab(store);
      indexedDB.deleteDatabase(databaseName(store));
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const waiting = new IndexedDbStorage(store);
      opened.push(waiting);
      const opening = waiting.open();
      opening.catch(() => undefined);
      await passTenSeconds();
      await expect(opening).rejects.toMatchObject({ code: 'STORAGE_BLOCKED' });
    });
  });
});
