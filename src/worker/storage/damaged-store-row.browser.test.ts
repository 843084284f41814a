import { afterEach, expect, it } from 'vitest';
import { restoreFixture, unpackFixture } from './fixtures/format-fixture.contract.js';
import { IndexedDbStorage } from './indexeddb-storage.js';
import { dump, readRaw, request, writeRaw } from './raw-database.contract.js';
import { databaseName } from './schema.js';
import { bytes, CONFIG, commitOn, deadBits, page, uniqueStoreName } from './storage.contract.js';
import { FORMAT, type StoreRow } from './storage.js';

const OTHER = { ...CONFIG, name: 'other' };

let store = '';
const opened: IndexedDbStorage[] = [];

afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close();
  await request(indexedDB.deleteDatabase(databaseName(store)));
});

async function connect() {
  const storage = new IndexedDbStorage(store);
  opened.push(storage);
  return { storage, row: await storage.open() };
}

/** Two collections with a page and row states each, of which the first is closed; as it is on disk. */
async function makeStore() {
  store = uniqueStoreName();
  const { storage } = await connect();
  for (const config of [CONFIG, OTHER]) await addSegment(storage, config);
  await storage.close();
  return readRaw<StoreRow>(store, 'meta', 'store');
}

async function addSegment(storage: IndexedDbStorage, config: typeof CONFIG) {
  const row = await storage.createCollection(config);
  const pages = [page(0, 'vectors', 0, bytes(64, row.id))];
  await storage.commit(commitOn(row, { pages, rowStates: [deadBits(0, 0, row.id)] }));
  return row.id;
}

async function expectWhole(storage: IndexedDbStorage, ids: Record<string, number>) {
  for (const [name, id] of Object.entries(ids)) {
    expect(await storage.readGeneration(name)).toMatchObject({
      row: { id, generation: 1 },
      rowStates: [deadBits(0, 0, id)],
    });
    expect(await storage.readPages(id, 0, 'vectors', 0, 1)).toEqual([bytes(64, id)]);
  }
}

const damages: Record<string, (row: StoreRow) => unknown> = {
  'the row is gone': () => undefined,
  'the row is null': () => null,
  'the row is a string': () => 'nonsense',
  'the row is a number': () => 42,
  'the row is an array': () => [],
  'the row is empty': () => ({}),
  'format is lower': (row) => ({ ...row, format: 1 }),
  'format is a string': (row) => ({ ...row, format: 'two' }),
  'databaseId is another': (row) => ({ ...row, databaseId: '0'.repeat(32) }),
  'databaseId is cut short': (row) => ({ ...row, databaseId: row.databaseId.slice(1) }),
  'databaseId is a number': (row) => ({ ...row, databaseId: 7 }),
  'deviceId is another': (row) => ({ ...row, deviceId: 'f'.repeat(16) }),
  'deviceId is too long': (row) => ({ ...row, deviceId: `${row.deviceId}00` }),
  'deviceId is no hex': (row) => ({ ...row, deviceId: 'x'.repeat(16) }),
  'deviceId is gone': ({ deviceId: _, ...row }) => row,
  'nextCollection is lower': (row) => ({ ...row, nextCollection: 1 }),
  'nextCollection is negative': (row) => ({ ...row, nextCollection: -3 }),
  'nextCollection is no number': (row) => ({ ...row, nextCollection: Number.NaN }),
  'nextCollection is a string': (row) => ({ ...row, nextCollection: '2' }),
  'nextCollection is beyond what is counted exactly': (row) => ({ ...row, nextCollection: 2 ** 60 }),
  'gpu is a number': (row) => ({ ...row, gpu: 7 }),
  'gpu has no crossovers': (row) => ({ ...row, gpu: { device: 'a GPU' } }),
  'lastBackup is a string': (row) => ({ ...row, lastBackup: 'yesterday' }),
};

it.each(Object.keys(damages))('R4 a store opens, with every record, where %s', async (damage) => {
  const whole = await makeStore();
  await writeRaw(store, 'meta', 'store', damages[damage]!(whole));
  const { storage, row } = await connect();
  expect(row).toMatchObject({
    format: FORMAT,
    databaseId: expect.stringMatching(/^[0-9a-f]{32}$/),
    deviceId: expect.stringMatching(/^[0-9a-f]{16}$/),
    nextCollection: expect.any(Number),
  });
  expect(storage.isNew).toBe(false);
  await expectWhole(storage, { [CONFIG.name]: 1, [OTHER.name]: 2 });
  // A new collection has an id of its own, so that it writes over nothing.
  expect(await addSegment(storage, { ...CONFIG, name: 'third' })).toBe(3);
  await expectWhole(storage, { [CONFIG.name]: 1, [OTHER.name]: 2, third: 3 });
  const fourth = await storage.createCollection({ ...CONFIG, name: 'fourth' });
  expect(fourth.id).toBe(4);
  // What is on disk now is what every later opening finds.
  const { row: again } = await connect();
  expect(again).toEqual({ ...row, nextCollection: 5 });
});

it('R4 what is whole of a damaged row is kept, and what another release has added to it', async () => {
  const whole = await makeStore();
  const gpu = { device: 'a GPU', crossovers: { '2 cosine': Number.POSITIVE_INFINITY } };
  const { deviceId: _, ...rest } = { ...whole, gpu, lastBackup: 7, later: { n: 1 } };
  await writeRaw(store, 'meta', 'store', rest);
  const { row } = await connect();
  expect(row).toEqual({ ...rest, deviceId: expect.stringMatching(/^[0-9a-f]{16}$/) });
});

it('R4 a row that is sound is not written again', async () => {
  await makeStore();
  const before = await dump(store);
  await (await connect()).storage.close();
  expect(await dump(store)).toEqual(before);
});

it('R4 a row that is damaged while the store is open does no harm to records', async () => {
  const whole = await makeStore();
  const { storage } = await connect();
  for (const damage of ['the row is gone', 'the row is null', 'nextCollection is lower']) {
    await writeRaw(store, 'meta', 'store', damages[damage]!(whole));
    const { databaseId, deviceId } = whole;
    expect(await storage.readStore()).toMatchObject({ format: FORMAT, databaseId, deviceId });
    expect(await addSegment(storage, { ...CONFIG, name: damage.replaceAll(' ', '-') })).toBeGreaterThan(2);
    await storage.noteBackup(5);
    expect(await storage.readStore()).toMatchObject({ lastBackup: 5, databaseId, deviceId });
  }
  await expectWhole(storage, { [CONFIG.name]: 1, [OTHER.name]: 2 });
});

it.each([1, 2 ** 32 - 1])(
  'R3 R4 a damaged collection is dropped with what belonged to it, where nextCollection is %i',
  async (nextCollection) => {
    const whole = await makeStore();
    await writeRaw(store, 'collections', OTHER.name, null);
    await writeRaw(store, 'meta', 'store', { ...whole, nextCollection });
    const { storage } = await connect();
    expect(await storage.dropCollection(OTHER.name)).toBe(true);
    const { content } = await dump(store);
    for (const name of ['pages', 'rowStates']) {
      expect(content[name]!.map(([key]) => (key as number[])[0])).toEqual([1]);
    }
    await expectWhole(storage, { [CONFIG.name]: 1 });
  },
);

it.each(['the row is gone', 'the row is null', 'the row is a string', 'nextCollection is a string'])(
  'R2 R4 a store of format 1 is upgraded where %s',
  async (damage) => {
    const file = await fetch(new URL('./fixtures/format-1.json', import.meta.url));
    const fixture = unpackFixture(await file.text());
    store = uniqueStoreName();
    await restoreFixture(store, fixture);
    await writeRaw(store, 'meta', 'store', damages[damage]!(await readRaw<StoreRow>(store, 'meta', 'store')));
    const { storage, row } = await connect();
    expect(row.format).toBe(FORMAT);
    expect(await storage.damagedCollections()).toEqual([]);
    expect((await storage.readCollections()).map(({ config }) => config.name)).toEqual(['notes', 'places']);
  },
);
