import type { Page } from '@playwright/test';
import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

/** A worker of ours holds a lock for as long as it lives. */
function livingWorkers(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { held = [] } = await navigator.locks.query();
    return held.filter(({ name }) => name?.startsWith('nearshore:worker:')).length;
  });
}

test('C1: handles of one name share one worker, which ends with the last of them', async ({ page }) => {
  const counts = await page.evaluate(async () => {
    const [first, second] = await Promise.all([nearshore.openStore('shared'), nearshore.openStore('shared')]);
    const third = await nearshore.openStore('shared');
    const oneName = helpers.workers.length;
    const other = await nearshore.openStore('other');
    const twoNames = helpers.workers.length;
    await other.close();
    await first.close();
    await third.close();
    // The second handle still answers, by the same worker.
    const { name } = await second.status();
    return { oneName, twoNames, name, inTheEnd: helpers.workers.length };
  });
  expect(counts).toEqual({ oneName: 1, twoNames: 2, name: 'shared', inTheEnd: 2 });

  await expect.poll(() => livingWorkers(page)).toBe(1);
});

test('C1: the last handle ends the worker, and a later open starts another', async ({ page }) => {
  await page.evaluate(async () => (await nearshore.openStore('again')).close());
  await expect.poll(() => livingWorkers(page)).toBe(0);
  const made = await page.evaluate(async () => {
    const again = await nearshore.openStore('again');
    await again.status();
    return helpers.workers.length;
  });
  expect(made).toBe(2);
});

test('C1: other options than those of the open store are refused', async ({ page }) => {
  const codes = await page.evaluate(async () => {
    const { openStore } = nearshore;
    const open = await openStore('s', { backend: 'js' });
    const refused = [
      await helpers.codeOf(openStore('s', { backend: 'js', storage: 'memory' })),
      await helpers.codeOf(openStore('s', { backend: 'wasm' })),
      await helpers.codeOf(openStore('s')),
      await helpers.codeOf(openStore('s', { backend: 'js', assetBaseUrl: '/elsewhere' })),
    ];
    const still = await open.status();
    await open.close();
    const reopened = await openStore('s', { backend: 'auto' });
    return { refused, storage: still.storage, requested: (await reopened.status()).backend.requested };
  });
  expect(codes).toEqual({
    refused: ['CONFIG_MISMATCH', 'CONFIG_MISMATCH', 'CONFIG_MISMATCH', 'CONFIG_MISMATCH'],
    storage: 'indexeddb',
    requested: 'auto',
  });
});

test('V10: names and options that do not exist are refused, and no worker is started for them', async ({
  page,
}) => {
  const { codes, workers, longest } = await page.evaluate(async () => {
    const names = ['', '.a', '-a', 'a b', 'a/b', 'ä', 'a'.repeat(65), undefined, null, 7, {}];
    const codes = await Promise.all(names.map((name) => helpers.codeOf(nearshore.openStore(name as string))));
    for (const options of [{ storage: 'disk' }, { storage: null }, { backend: 'webgl' }, { backend: '' }]) {
      codes.push(await helpers.codeOf(nearshore.openStore('ok', options as never)));
    }
    const workers = helpers.workers.length;
    const longest = await nearshore.openStore(`9._-${'a'.repeat(60)}`);
    return { codes, workers, longest: longest.name.length };
  });
  expect(new Set(codes)).toEqual(new Set(['INVALID_ARGUMENT']));
  expect({ workers, longest }).toEqual({ workers: 0, longest: 64 });
});

test('C4: what was closed, dropped or destroyed rejects with CLOSED', async ({ page }) => {
  const codes = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const callsOf = (collection: typeof notes) => [
      () => collection.upsert([{ id: 'b', vector: [1, 2] }]),
      () => collection.insert([{ id: 'b', vector: [1, 2] }]),
      () => collection.setMetadata([{ id: 'a', metadata: {} }]),
      () => collection.delete({ ids: ['a'] }),
      () => collection.get(['a']),
      () => collection.has('a'),
      () => collection.count(),
      () => collection.list(),
      () => collection.query({ vector: [1, 2] }),
      () => collection.queryMany([{ vector: [1, 2] }]),
      () => collection.optimize(),
      () => collection.stats(),
    ];
    const outcomes = async (calls: (() => Promise<unknown>)[]) => {
      const codes = await Promise.all(calls.map((call) => helpers.codeOf(call())));
      return [...new Set(codes)];
    };
    const gone = await store.collection('gone', { dimension: 2 });
    const dropped = await store.dropCollection('gone');
    const droppedAgain = await store.dropCollection('gone');
    const afterDrop = await outcomes(callsOf(gone));
    const untouched = await notes.count();

    await store.close();
    await store.close();
    const afterClose = await outcomes([
      ...callsOf(notes),
      () => store.collection('notes'),
      () => store.listCollections(),
      () => store.dropCollection('notes'),
      () => store.status(),
      () => store.metrics(),
      () => store.destroy(),
    ]);

    const again = await nearshore.openStore('s');
    const other = await nearshore.openStore('s');
    const kept = await (await again.collection('notes')).count();
    const ofOther = await other.collection('notes');
    await again.destroy();
    const afterDestroy = await outcomes([
      ...callsOf(ofOther),
      () => again.status(),
      () => other.status(),
      () => other.listCollections(),
    ]);
    const names = (await indexedDB.databases()).map(({ name }) => name);
    return { dropped, droppedAgain, afterDrop, untouched, afterClose, kept, afterDestroy, names };
  });
  expect(codes).toEqual({
    dropped: true,
    droppedAgain: false,
    afterDrop: ['CLOSED'],
    untouched: 1,
    afterClose: ['CLOSED'],
    kept: 1,
    afterDestroy: ['CLOSED'],
    names: [],
  });
});

test('C4: a collection of a closed handle is closed, even if another handle keeps the worker', async ({
  page,
}) => {
  const codes = await page.evaluate(async () => {
    const [first, second] = [await nearshore.openStore('s'), await nearshore.openStore('s')];
    const ofFirst = await first.collection('notes', { dimension: 2 });
    const ofSecond = await second.collection('notes');
    await first.close();
    return [
      await helpers.codeOf(ofFirst.upsert([{ id: 'a', vector: [1, 2] }])),
      await helpers.codeOf(ofFirst.count()),
      await helpers.codeOf(ofSecond.upsert([{ id: 'a', vector: [1, 2] }])),
    ];
  });
  expect(codes).toEqual(['CLOSED', 'CLOSED', 'resolved']);
});

test('C4: a dropped name can be created anew, and the old handle does not reach the new collection', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const old = await store.collection('notes', { dimension: 4, metric: 'dot' });
    await old.upsert([{ id: 'a', vector: [1, 2, 3, 4] }]);
    await store.dropCollection('notes');
    const anew = await store.collection('notes', { dimension: 2 });
    const before = { count: await anew.count(), metric: anew.metric };
    const viaOld = [
      await helpers.codeOf(old.upsert([{ id: 'old', vector: [1, 2, 3, 4] }])),
      await helpers.codeOf(old.query({ vector: [1, 2, 3, 4] })),
      await helpers.codeOf(old.count()),
    ];
    await anew.upsert([{ id: 'b', vector: [1, 2] }]);
    return { before, viaOld, listed: (await anew.list()).records };
  });
  expect(seen).toEqual({
    before: { count: 0, metric: 'cosine' },
    viaOld: ['CLOSED', 'CLOSED', 'CLOSED'],
    listed: [{ id: 'b' }],
  });
});

test('C4: calls that are under way when the store is closed settle', async ({ page }) => {
  const codes = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const notes = await store.collection('notes', { dimension: 16 });
    const vectors = helpers.vectors(5_000, 16, 1);
    const calls = [
      notes.upsert({ ids: helpers.ids(5_000), vectors }),
      notes.query({ vector: vectors.slice(0, 16) }),
      notes.optimize(),
      notes.list({ limit: 10_000 }),
    ];
    const outcomes = calls.map((call) => helpers.codeOf(call));
    await store.close();
    return Promise.all(outcomes);
  });
  for (const code of codes) expect(['resolved', 'CLOSED', 'WORKER_LOST']).toContain(code);
});

test('C15: status and metrics describe the store and change nothing', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    await notes.insert([{ id: 'b', vector: [2, 1] }]);
    await notes.setMetadata([{ id: 'a', metadata: { x: 1 } }]);
    await helpers.codeOf(notes.insert([{ id: 'b', vector: [2, 1] }]));
    await notes.delete({ ids: ['b'] });
    for (let i = 0; i < 4; i++) await notes.query({ vector: [1, 1] });
    const first = {
      status: await store.status(),
      metrics: await store.metrics(),
      stats: await notes.stats(),
    };
    const second = {
      status: await store.status(),
      metrics: await store.metrics(),
      stats: await notes.stats(),
    };
    return { first, second };
  });
  const { status, metrics, stats } = seen.first;
  // The browser's own estimate may move by itself.
  const steady = ({ usage, ...rest }: typeof status) => ({ ...rest, ownBytes: usage.ownBytes });
  expect(steady(seen.second.status)).toEqual(steady(status));
  expect(seen.second.metrics).toEqual(metrics);
  expect(seen.second.stats).toEqual(stats);
  expect(status).toMatchObject({
    name: 's',
    storage: 'indexeddb',
    backend: { active: 'js', requested: 'js', state: 'ready', threads: 1 },
    format: 3,
    collections: 1,
    workerRestarts: 0,
  });
  expect(status.usage.ownBytes).toBeGreaterThan(0);
  expect(stats).toMatchObject({
    name: 'notes',
    dimension: 2,
    metric: 'cosine',
    records: 1,
    deadRecords: 2,
    generation: 4,
    index: { kind: 'flat' },
  });
  // The refused insert is not counted.
  const counts = Object.fromEntries(Object.entries(metrics).map(([name, { count }]) => [name, count]));
  expect(counts).toEqual({
    ...{ upsert: 3, delete: 1, query: 4, open: 1, commit: 4, train: 0 },
    ...{ push: 0, pull: 0 },
  });
  for (const { min, p50, p95, p99, max, mean, std } of Object.values(metrics)) {
    expect([min, p50, p95, p99, max]).toEqual([min, p50, p95, p99, max].sort((a, b) => a - b));
    expect(mean).toBeGreaterThanOrEqual(min);
    expect(mean).toBeLessThanOrEqual(max);
    expect(std).toBeGreaterThanOrEqual(0);
  }
});

test('C12: an event that does not exist is refused', async ({ page }) => {
  const codes = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const notes = await store.collection('notes', { dimension: 2 });
    return [
      await helpers.codeOf((async () => store.on('changed' as 'change', () => {}))()),
      await helpers.codeOf((async () => notes.on('backend' as 'change', () => {}))()),
    ];
  });
  expect(codes).toEqual(['INVALID_ARGUMENT', 'INVALID_ARGUMENT']);
});
