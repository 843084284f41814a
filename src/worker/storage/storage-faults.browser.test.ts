import { afterEach, expect, it } from 'vitest';
import { xxHash32 } from '../../shared/checksum.js';
import type { StorageFailure } from '../../testing/protocol.js';
import { installFaults } from '../../testing/worker/install-faults.js';
import { buildingName } from './building.js';
import { IndexedDbStorage } from './indexeddb-storage.js';
import { dump, request } from './raw-database.contract.js';
import { collectionWith, inPlaceOf } from './replace-collection.contract.js';
import { databaseName } from './schema.js';
import { bytes, CONFIG, commitOn, deadBits, page, uniqueStoreName } from './storage.contract.js';
import type { CollectionRow, StoreRow } from './storage.js';

// Every IndexedDB call of every operation fails once, in every way: call 1, call 2, … until one has none left to fail.

const { rules } = installFaults();

const FAILURES: readonly StorageFailure[] = [
  'quota-at-commit',
  'quota-at-request',
  'connection-lost',
  'unknown-error',
  'invalid-state',
  'abort-at-commit',
];

/** A call that takes longer is told; one that takes ten times as long has hung. */
const SETTLES_MS = 5_000;

interface Operation {
  /** The store is not there before. */
  readonly creates?: true;
  /** Another collection is there to take the place of the first. */
  readonly builds?: true;
  run(storage: IndexedDbStorage, row: CollectionRow, store: string): Promise<unknown>;
}

const OPERATIONS: Record<string, Operation> = {
  'creating a store': { creates: true, run: async (storage) => (await storage.open()).format },
  'opening a store': { run: async (_, __, store) => (await connect(store).open()).nextCollection },
  'creating a collection': {
    run: async (storage) => (await storage.createCollection({ ...CONFIG, name: 'second' })).id,
  },
  'a small commit': { run: (storage, row) => storage.commit(commitOn(row, { pages: [page(2, 'ids', 0)] })) },
  'a commit that waits for its first page': {
    run: (storage, row) => {
      const pages = [8 << 20, 40, 40].map((size, i) => page(2, 'vectors', i, new Uint8Array(size).fill(i)));
      return storage.commit(commitOn(row, { pages }));
    },
  },
  'a delete': {
    run: (storage, row) => {
      const rowStates = [deadBits(0, 0, 3), deadBits(0, 1, 1), deadBits(1, 0, 7)];
      return storage.commit(commitOn(row, { pages: [page(2, 'tombstone-ids', 0)], rowStates }));
    },
  },
  'a merge': {
    run: (storage, row) => {
      const pages = [page(2, 'vectors', 0), page(2, 'ids', 0)];
      return storage.commit(commitOn(row, { pages, rowStates: [deadBits(2, 0, 1)], removed: [0, 1] }));
    },
  },
  'dropping a collection': { run: (storage) => storage.dropCollection(CONFIG.name) },
  'replacing a collection': {
    builds: true,
    run: async (storage, old) => {
      const by = (await storage.readCollection(buildingName(CONFIG.name)))!;
      await storage.replaceCollection({ old, by, next: inPlaceOf(old, by) });
    },
  },
  'remembering a GPU': { run: (storage) => storage.writeGpuFindings({ device: 'a GPU', crossovers: {} }) },
  'noting a backup': { run: (storage) => storage.noteBackup(1_700_000_000_000) },
  'reading rows': {
    run: async (storage) => [
      (await storage.readStore()).nextCollection,
      await storage.readCollection(CONFIG.name),
      await storage.readCollections(),
      await storage.readGeneration(CONFIG.name),
    ],
  },
  'reading pages and row states': {
    run: async (storage, row) => [
      await storage.readPages(row.id, 0, 'vectors', 0, 2),
      await storage.readRowStates(row.id, [0, 1]),
    ],
  },
};

const opened: IndexedDbStorage[] = [];
const names: string[] = [];
const told: string[] = [];

function connect(store: string): IndexedDbStorage {
  const storage = new IndexedDbStorage(store, {
    onLost: (reason) => told.push(reason),
    onOutdated: (reason) => told.push(reason),
  });
  opened.push(storage);
  return storage;
}

/** A storage on which the operation can run: two segments, with dead rows. */
async function prepare({ creates, builds }: Operation) {
  const store = uniqueStoreName();
  names.push(store);
  const storage = connect(store);
  if (creates) return { store, storage, row: undefined as never };
  await storage.open();
  let row = await storage.createCollection(CONFIG);
  for (const pages of [[page(0, 'vectors', 0), page(0, 'vectors', 1)], [page(1, 'ids', 0, bytes(9))]]) {
    const rowStates = [deadBits(pages[0]!.segment, 0, 1)];
    const commit = commitOn(row, { pages, rowStates, durability: 'memory' });
    await storage.commit(commit);
    row = commit.next;
  }
  if (builds) await collectionWith(storage, buildingName(CONFIG.name), 2);
  return { store, storage, row };
}

/** Everything on disk, without what is random; a database without a store in it counts as none. */
async function onDisk(store: string): Promise<unknown> {
  rules.reset();
  const there = await indexedDB.databases();
  if (!there.some(({ name, version }) => name === databaseName(store) && version! > 0)) return undefined;
  const { version, content } = await dump(store);
  for (const entries of Object.values(content)) for (const entry of entries) entry[1] = brief(entry[1]);
  const [meta] = content.meta!;
  if (meta === undefined) return undefined;
  const { databaseId, deviceId, ...row } = meta[1] as StoreRow;
  expect([databaseId.length, deviceId.length]).toEqual([32, 16]);
  return { version, content: { ...content, meta: row } };
}

/** Bytes as their checksum: comparing megabytes takes the test runner minutes. */
function brief(value: unknown): unknown {
  const text = JSON.stringify(value, (_, member: unknown) =>
    member instanceof Uint8Array ? `${member.length} bytes, ${xxHash32(member)}` : member,
  );
  return JSON.parse(text);
}

afterEach(async () => {
  rules.reset();
  for (const storage of opened.splice(0)) await storage.close();
  for (const name of names.splice(0)) await request(indexedDB.deleteDatabase(databaseName(name)));
  expect(told.splice(0)).toEqual([]);
});

for (const [name, operation] of Object.entries(OPERATIONS)) {
  it.each(FAILURES)(
    `P3, P4: ${name} is whole or undone, and settles, whichever call meets %s`,
    async (error) => {
      let prepared = await prepare(operation);
      const run = () => operation.run(prepared.storage, prepared.row, prepared.store);
      const before = await onDisk(prepared.store);
      const answer = await run();
      const after = await onDisk(prepared.store);

      let isUsed = true;
      let call = 0;
      let slowest = 0;
      for (let failed = true; failed; ) {
        call++;
        // What has failed and changed nothing goes on: the next call finds the way.
        if (isUsed) prepared = await prepare(operation);
        rules.reset();
        rules.fail({ call, error });
        const began = performance.now();
        const end = await run().then(
          (value) => ({ value }),
          (reason: unknown) => ({ reason }),
        );
        slowest = Math.max(slowest, performance.now() - began);
        expect(slowest).toBeLessThan(10 * SETTLES_MS);
        failed = rules.counts().failed > 0;
        const found = await onDisk(prepared.store);
        isUsed = JSON.stringify(found) !== JSON.stringify(before);
        if ('value' in end) {
          expect({ call, answer: end.value, found }).toEqual({ call, answer, found: after });
          continue;
        }
        expect(failed).toBe(true);
        const { code, outcome } = end.reason as { code?: string; outcome?: string };
        expect({ call, code }).toEqual({
          call,
          code: expect.stringMatching(/^(STORAGE_BLOCKED|QUOTA_EXCEEDED)$/),
        });
        if (outcome === 'unknown') expect([before, after]).toContainEqual(found);
        else expect({ call, found }).toEqual({ call, found: before });
      }
      if (slowest > SETTLES_MS) console.warn(`${name}: a call took ${Math.round(slowest)} ms`);
      expect(call).toBeGreaterThan(2);
    },
  );
}
