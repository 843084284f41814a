import type { CallFault, CommitPoint, StorageFailure } from 'nearshore/testing';
import { expect, openBlank, test } from './support/api-test.js';

// The fault kit as it is exported: the built worker, in a store.

test.beforeEach(({ page }) => openBlank(page));

test('X6: without faults the store works, and its storage calls are counted', async ({ page }) => {
  const { before, after, found } = await page.evaluate(async () => {
    const faults = testing.makeFaults();
    const store = await nearshore.openStore('s', { worker: faults.worker, backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await faults.reset();
    const before = await faults.calls();
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    return { before, after: await faults.calls(), found: await notes.count() };
  });
  expect(before).toEqual({ total: 0, failed: 0, byCall: {} });
  expect(after.failed).toBe(0);
  expect(after.byCall).toMatchObject({ transaction: 1, get: 1, complete: 1 });
  expect(after.byCall.put).toBeGreaterThan(3);
  expect(found).toBe(1);
});

const FAILURES: [CallFault, string][] = [
  [{ on: 'put', error: 'quota-at-commit' }, 'QUOTA_EXCEEDED'],
  [{ on: 'put', call: 2, error: 'quota-at-request' }, 'QUOTA_EXCEEDED'],
  [{ on: 'complete', error: 'quota-at-commit' }, 'QUOTA_EXCEEDED'],
  [{ point: 'row-put', error: 'quota-at-commit' }, 'QUOTA_EXCEEDED'],
  [{ on: 'put', error: { name: 'DataError', from: 'call' } }, 'STORAGE_BLOCKED'],
  [{ on: 'put', error: { name: 'DataError', from: 'request' } }, 'STORAGE_BLOCKED'],
];
for (const [fault, code] of FAILURES) {
  test(`X6: ${JSON.stringify(fault)} refuses the write, and the next one works`, async ({ page }) => {
    const seen = await page.evaluate(async (fault) => {
      const faults = testing.makeFaults();
      const store = await nearshore.openStore('s', { worker: faults.worker, backend: 'js' });
      const notes = await store.collection('notes', { dimension: 2 });
      await notes.upsert([{ id: 'a', vector: [1, 2] }]);
      await faults.failCall(fault);
      const error = await helpers.codeOf(notes.upsert([{ id: 'b', vector: [1, 2] }]));
      const { failed } = await faults.calls();
      const count = await notes.count();
      await notes.upsert([{ id: 'c', vector: [1, 2] }]);
      return { error, failed, count, has: [await notes.has('b'), await notes.has('c')] };
    }, fault);
    expect(seen).toEqual({ error: code, failed: 1, count: 1, has: [false, true] });
  });
}

test('X6: a fault that is set before the store is opened meets its opening', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const faults = testing.makeFaults();
    await faults.failCall({ on: 'open', error: 'quota-at-request' });
    const open = () => nearshore.openStore('s', { worker: faults.worker, backend: 'js' });
    return [await helpers.codeOf(open()), await helpers.codeOf(open())];
  });
  expect(seen).toEqual(['QUOTA_EXCEEDED', 'resolved']);
});

test('X7: the worker stands still at each point of a commit, until it is released', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const faults = testing.makeFaults();
    const store = await nearshore.openStore('s', { worker: faults.worker, backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    const write = (n: number) =>
      notes.upsert(['x', 'y'].map((id) => ({ id: `${id}${n % 2}`, vector: [1, 2], metadata: { n } })));
    await write(0);
    await write(1);
    const seen: [CommitPoint, string, boolean, number][] = [];
    for (const point of testing.COMMIT_POINTS) {
      // Where segments are merged, pages are deleted.
      const isMerge = point === 'removed-pages-deleted';
      const held = faults.holdAt({ point });
      let state = 'pending';
      const done = (isMerge ? notes.optimize() : write(seen.length)).then(() => {
        state = 'resolved';
      });
      await held;
      if (point === 'answered') await done;
      const entry: (typeof seen)[number] = [point, state, faults.transactionOpen, 0];
      faults.release();
      await done;
      entry[3] = await notes.count();
      seen.push(entry);
    }
    return seen;
  });
  const open = (point: string) => !['before-transaction', 'complete', 'answered'].includes(point);
  const expected = (await page.evaluate(() => testing.COMMIT_POINTS)).map((point) => [
    point,
    point === 'answered' ? 'resolved' : 'pending',
    open(point),
    4,
  ]);
  expect(seen).toEqual(expected);
});

test('X7: a worker that crashes at a point has its call rejected, and the next one finds the store whole', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const faults = testing.makeFaults();
    const store = await nearshore.openStore('s', { worker: faults.worker, backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const outcomes: unknown[] = [];
    for (const point of ['row-put', 'complete'] as const) {
      const held = faults.holdAt({ point });
      const write = helpers.rejection(notes.upsert([{ id: point, vector: [1, 2] }]));
      await held;
      faults.crashWorker();
      const { code, outcome } = await write;
      outcomes.push([point, code, outcome, await notes.has('a'), await notes.has(point)]);
    }
    return outcomes;
  });
  expect(seen).toEqual([
    ['row-put', 'WORKER_LOST', 'unknown', true, false],
    ['complete', 'WORKER_LOST', 'unknown', true, true],
  ]);
});

test('X8: a lost connection and an eviction reach the store', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const faults = testing.makeFaults();
    const store = await nearshore.openStore('s', { worker: faults.worker, backend: 'js' });
    await store.collection('notes', { dimension: 2 });
    const names = async () => (await indexedDB.databases()).map(({ name }) => name);
    const before = await names();
    await faults.failCall({ on: 'transaction', error: 'connection-lost' });
    // What a store makes of it is its own rule; here, that it notices.
    const lost = await helpers.codeOf(store.collection('more', { dimension: 2 }));
    await faults.evict('s');
    const after = await names();
    await store.close();
    return { before, lost, after };
  });
  expect(seen.before).toEqual(['nearshore:s']);
  expect(['STORAGE_BLOCKED', 'resolved']).toContain(seen.lost);
  expect(seen.after).toEqual([]);
});

test('X8: without a worker, eviction deletes the database all the same', async ({ page }) => {
  const names = await page.evaluate(async () => {
    await (await nearshore.openStore('s', { backend: 'js' })).close();
    await testing.makeFaults().evict('s');
    return (await indexedDB.databases()).map(({ name }) => name);
  });
  expect(names).toEqual([]);
});

test('X5: offline, what the worker fetches fails, after a crash, too', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const faults = testing.makeFaults();
    const store = await nearshore.openStore('s', { worker: faults.worker, backend: 'js' });
    await faults.offline();
    faults.crashWorker();
    await new Promise<void>((resolve) => store.on('worker-lost', () => resolve()));
    const embedder = embedders.staticEmbedder();
    const notes = await store.collection('notes', { embedder });
    const offline = await helpers.codeOf(notes.upsert([{ id: 'a', text: 'the boat' }]));
    await faults.offline(false);
    const online = await helpers.codeOf(notes.upsert([{ id: 'a', text: 'the boat' }]));
    const fetched = await faults.requests();
    await notes.query({ text: 'boat' });
    return { offline, online, fetched, later: (await faults.requests()) - fetched };
  });
  expect(seen.offline).not.toBe('resolved');
  expect(seen.online).toBe('resolved');
  // X10: the words and their vectors; a query asks the network for nothing.
  expect(seen.fetched).toBeGreaterThanOrEqual(2);
  expect(seen.later).toBe(0);
});

test('X9: no command waits for a worker that has ended', async ({ page }) => {
  const counts = await page.evaluate(async () => {
    const faults = testing.makeFaults();
    const store = await nearshore.openStore('s', { worker: faults.worker, backend: 'js' });
    const asked = faults.calls();
    faults.crashWorker();
    await asked;
    const error: StorageFailure = 'unknown-error';
    await faults.failCall({ on: 'clear', error });
    await store.close();
    await faults.loseConnection();
    return faults.calls();
  });
  expect(counts).toEqual({ total: 0, failed: 0, byCall: {} });
});
