import { expect, openBlank, test } from './support/api-test.js';

test('Z8: works without Web Locks, BroadcastChannel, navigator.storage, SharedArrayBuffer and WebGPU', async ({
  page,
  browserName,
}) => {
  test.skip(
    browserName === 'firefox',
    'removed by hand, it is the same in Chromium; WebKitGTK lacks some by itself',
  );
  await openBlank(page);
  const use = () =>
    page.evaluate(async () => {
      for (const name of ['locks', 'storage', 'gpu']) delete (Navigator.prototype as never)[name];
      for (const name of ['BroadcastChannel', 'SharedArrayBuffer']) delete (globalThis as never)[name];
      const worker = () => new Worker('/bare-worker.js', { type: 'module' });
      const store = await nearshore.openStore('s', { worker });
      const notes = await store.collection<{ n: number }>('notes', { dimension: 2 });
      const kept = await notes.count();
      await notes.upsert([
        { id: 'a', vector: [1, 0], metadata: { n: 1 } },
        { id: 'b', vector: [0, 1], metadata: { n: 2 } },
        { id: 'c', vector: [1, 1], metadata: { n: 3 } },
      ]);
      await notes.delete({ ids: ['c'] });
      const { matches, receipt } = await notes.query({ vector: [1, 0], filter: { n: { $lt: 3 } } });
      await notes.optimize();
      const status = await store.status();
      return {
        kept,
        found: matches.map(({ id }) => id),
        exact: receipt.exact,
        tabs: status.tabs,
        persisted: status.persisted,
        quota: 'quotaBytes' in status.usage,
      };
    });
  const seen = {
    found: ['a', 'b'],
    exact: true,
    tabs: { locks: 'none', announcements: 'polling' },
    persisted: 'unknown',
    quota: false,
  };
  expect(await use()).toMatchObject({ kept: 0, ...seen });
  await page.reload();
  await page.waitForFunction(() => 'nearshore' in globalThis);
  expect(await use()).toMatchObject({ kept: 2, ...seen });
});
