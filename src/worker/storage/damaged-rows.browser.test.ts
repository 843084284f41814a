import { afterEach, describe, expect, it } from 'vitest';
import { damageOf } from './damage-errors.js';
import { IndexedDbStorage } from './indexeddb-storage.js';
import { readRaw, request, withRaw, writeRaw } from './raw-database.contract.js';
import { databaseName } from './schema.js';
import { bytes, CONFIG, commitOn, deadBits, page, uniqueStoreName } from './storage.contract.js';

const OTHER = { ...CONFIG, name: 'other' };

describe('IndexedDbStorage', () => {
  let store = '';
  let storage: IndexedDbStorage;

  /** Two collections of two segments each. */
  const openStore = async () => {
    store = uniqueStoreName();
    storage = new IndexedDbStorage(store);
    await storage.open();
    for (const config of [CONFIG, OTHER]) {
      const row = await storage.createCollection(config);
      const pages = [0, 1].flatMap((segment) => [
        page(segment, 'vectors', 0, bytes(64, 10 * row.id + segment)),
        page(segment, 'vectors', 1, bytes(64, 20 * row.id + segment)),
      ]);
      const rowStates = [deadBits(0, 0, row.id), deadBits(0, 1, 2 + row.id), deadBits(1, 0, 4 + row.id)];
      await storage.commit(commitOn(row, { pages, rowStates }));
    }
  };

  afterEach(async () => {
    await storage.close();
    await request(indexedDB.deleteDatabase(databaseName(store)));
  });

  const swap = async (objectStore: string, a: IDBValidKey, b: IDBValidKey) => {
    const [first, second] = [await readRaw(store, objectStore, a), await readRaw(store, objectStore, b)];
    await writeRaw(store, objectStore, a, second);
    await writeRaw(store, objectStore, b, first);
  };

  it.each([
    ['of one column', [1, 0, 'vectors', 1]],
    ['of two segments', [1, 1, 'vectors', 0]],
    ['of two collections', [2, 0, 'vectors', 0]],
  ])('S4 finds pages that were exchanged: %s', async (_, other) => {
    await openStore();
    await swap('pages', [1, 0, 'vectors', 0], other);
    const [collection, segment, , index] = other as [number, number, string, number];
    for (const read of [
      storage.readPages(1, 0, 'vectors', 0, 1),
      storage.readPages(collection, segment, 'vectors', index, index + 1),
    ])
      await expect(read).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it.each([
    ['chunks', [1, 0, 1]],
    ['of two segments', [1, 1, 0]],
    ['of two collections', [2, 0, 0]],
  ])('S4 finds row states that were exchanged: %s', async (_, other) => {
    await openStore();
    await swap('rowStates', [1, 0, 0], other);
    const error = await storage.readRowStates(1, [0]).catch((fault) => fault);
    expect(error).toMatchObject({ code: 'CORRUPT' });
    expect(damageOf(error)).toMatchObject({ segment: 0 });
  });

  it.each([
    'null',
    '42',
    '{"segment":0,"chunk":0}',
    '{"segment":0,"chunk":0,"dead":"nonsense","checksum":1}',
  ])('S4 rejects row states that are %s', async (nonsense) => {
    await openStore();
    await writeRaw(store, 'rowStates', [1, 0, 0], JSON.parse(nonsense));
    const error = await storage.readRowStates(1, [0]).catch((fault) => fault);
    expect(error).toMatchObject({ code: 'CORRUPT' });
    expect(damageOf(error)).toMatchObject({ segment: 0 });
  });

  type Row = Record<string, unknown> & { segments: { rows: number }[] };
  const rowDamages: Record<string, (row: Row) => unknown> = {
    'one segment is gone': ({ segments, ...row }) => ({ ...row, segments: segments.slice(1) }),
    'segments are in another order': ({ segments, ...row }) => ({ ...row, segments: segments.toReversed() }),
    'a number of rows is another': ({ segments, ...row }) => ({
      ...row,
      segments: segments.map((segment) => ({ ...segment, rows: segment.rows + 1 })),
    }),
    'the generation is another': (row) => ({ ...row, generation: 7 }),
    'the id is that of the other collection': (row) => ({ ...row, id: 2 }),
    'there is one thing more': (row) => ({ ...row, more: 1 }),
    'the checksum is gone': ({ checksum: _, ...row }) => row,
    'the checksum is another': (row) => ({ ...row, checksum: 1 }),
    'it is null': () => null,
    'it is a string': () => 'nonsense',
    'it holds what is no JSON': (row) => ({ ...row, more: 1n }),
  };

  it.each(Object.keys(rowDamages))(
    'R3 rejects the row of a collection where %s; others open',
    async (damage) => {
      await openStore();
      const whole = await storage.readCollection(CONFIG.name);
      const damaged = rowDamages[damage]!(await readRaw<Row>(store, 'collections', CONFIG.name));
      await writeRaw(store, 'collections', CONFIG.name, damaged);
      for (const call of [
        storage.readCollection(CONFIG.name),
        storage.createCollection(CONFIG),
        storage.commit(commitOn(whole!, { pages: [page(5, 'ids', 0)] })),
      ]) {
        await expect(call).rejects.toMatchObject({
          code: 'CORRUPT',
          message: expect.stringMatching(/"notes"/),
        });
      }
      expect((await storage.readCollections()).map(({ config }) => config.name)).toEqual([OTHER.name]);
      expect(await storage.damagedCollections()).toEqual([CONFIG.name]);
      expect(await readRaw(store, 'collections', CONFIG.name)).toEqual(damaged);

      // It can be dropped, with what belonged to it and nothing else, and created anew.
      expect(await storage.dropCollection(CONFIG.name)).toBe(true);
      const keys = await withRaw(store, (database) =>
        request(database.transaction('pages').objectStore('pages').getAllKeys()),
      );
      expect(keys.map((key) => (key as number[])[0])).toEqual([2, 2, 2, 2]);
      expect(await storage.readPages(2, 0, 'vectors', 0, 1)).toEqual([bytes(64, 20)]);
      expect(await storage.createCollection(CONFIG)).toMatchObject({ id: 3, generation: 0 });
    },
  );

  it('R3 drops no pages as long as another damaged collection may own them', async () => {
    await openStore();
    for (const name of [CONFIG.name, OTHER.name]) await writeRaw(store, 'collections', name, null);
    const count = () =>
      withRaw(store, (database) => request(database.transaction('pages').objectStore('pages').count()));
    await storage.dropCollection(CONFIG.name);
    expect(await count()).toBe(8);
    await storage.dropCollection(OTHER.name);
    expect(await count()).toBe(0);
  });
});
