import type { Page } from '@playwright/test';
import { addHelpers, expect, openBlank, test } from './support/api-test.js';

/** Small segments, a sealed one, replaced and deleted rows: whatever a reopen has to read. */
async function fill(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const store = await nearshore.openStore('kept', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 8, metric: 'l2', embeddingSpace: 'm1' });
    const ids = helpers.ids(2_500);
    const metadata = ids.map((_, i) => (i % 2 === 0 ? { i } : undefined));
    await notes.upsert({ ids, vectors: helpers.vectors(2_500, 8, 1), metadata });
    await notes.upsert([
      { id: 'r3', vector: helpers.vectors(1, 8, 2), text: 'naïve 🦑', metadata: { n: null } },
    ]);
    await notes.delete({ ids: ['r4', 'r5'] });
    await notes.setMetadata([{ id: 'r6', metadata: { later: [1, { x: 'y' }] } }]);
  });
}

/** Everything in the collection, as text, and an answer to a query. */
function contents(page: Page) {
  return page.evaluate(async () => {
    const store = await nearshore.openStore('kept', { backend: 'js' });
    const notes = await store.collection('notes');
    const { records } = await notes.list({ limit: 10_000, includeVectors: true });
    const bits = (vector: Float32Array) => [...new Uint32Array(vector.slice().buffer)].join();
    const { matches } = await notes.query({ vector: helpers.vectors(1, 8, 3), topK: 5 });
    const { databaseId } = await store.status();
    const { generation, records: count } = await notes.stats();
    return {
      config: [notes.dimension, notes.metric, notes.embeddingSpace],
      records: records.map(({ vector, ...rest }) => JSON.stringify({ ...rest, bits: bits(vector!) })),
      matches: matches.map(({ id, score }) => `${id} ${score}`),
      databaseId,
      generation,
      count,
    };
  });
}

test('C1: a reload of the page finds everything again, bit for bit', async ({ page }) => {
  await openBlank(page);
  await fill(page);
  const before = await contents(page);
  expect(before.count).toBe(2_498);
  expect(before.records).toHaveLength(2_498);
  await openBlank(page);
  expect(await contents(page)).toEqual(before);
});

test('C1: a restart of the browser finds everything again', async ({ launchPersistent }) => {
  const first = await launchPersistent();
  await addHelpers(first);
  const page = await first.newPage();
  await openBlank(page);
  await fill(page);
  const before = await contents(page);
  await first.close();

  const second = await launchPersistent();
  await addHelpers(second);
  const after = await second.newPage();
  await openBlank(after);
  expect(await contents(after)).toEqual(before);
});

test("C1: storage 'memory' works alike, and keeps nothing", async ({ page }) => {
  await openBlank(page);
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { storage: 'memory', backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([
      { id: 'a', vector: [1, 0], metadata: { x: 1 } },
      { id: 'b', vector: [0, 1] },
    ]);
    await notes.delete({ ids: ['b'] });
    await notes.optimize();
    const { matches } = await notes.query({ vector: [1, 1] });
    const { storage, persisted, usage } = await store.status();
    const databases = (await indexedDB.databases()).length;
    await store.close();
    const again = await nearshore.openStore('s', { storage: 'memory', backend: 'js' });
    const left = await again.listCollections();
    return { matches, storage, persisted, ownBytes: usage.ownBytes, databases, left };
  });
  expect(seen).toEqual({
    matches: [
      {
        id: 'a',
        metadata: { x: 1 },
        score: expect.closeTo(Math.SQRT1_2, 5),
        distance: expect.closeTo(1 - Math.SQRT1_2, 5),
      },
    ],
    storage: 'memory',
    persisted: false,
    ownBytes: 0,
    databases: 0,
    left: [],
  });
});

test("C4: destroy deletes the data, close does not; neither touches another store's", async ({ page }) => {
  await openBlank(page);
  const seen = await page.evaluate(async () => {
    const [a, b] = [await nearshore.openStore('a'), await nearshore.openStore('b')];
    for (const store of [a, b]) {
      const notes = await store.collection('notes', { dimension: 2 });
      await notes.upsert([{ id: store.name, vector: [1, 2] }]);
    }
    await a.destroy();
    await b.close();
    const names = (await indexedDB.databases()).map(({ name }) => name);
    const [newA, sameB] = [await nearshore.openStore('a'), await nearshore.openStore('b')];
    const records = (await (await sameB.collection('notes')).list()).records;
    return { names, ofA: await newA.listCollections(), records };
  });
  expect(seen).toEqual({ names: ['nearshore:b'], ofA: [], records: [{ id: 'b' }] });
});
