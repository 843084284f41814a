import type { Page } from '@playwright/test';
import { expect, openBlank, test } from './support/api-test.js';
import { type Engine, readColumn, writeColumn } from './support/engine-table.js';

/** What the package does in this browser, by what it says itself: row of the README's table → cell. */
async function measure(page: Page): Promise<Record<string, string>> {
  await openBlank(page);
  const kept = await page.evaluate(async () => {
    const store = await nearshore.openStore('kept');
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    return store.status();
  });
  await page.reload();
  await page.waitForFunction(() => 'nearshore' in globalThis);
  const found = await page.evaluate(async () => {
    const store = await nearshore.openStore('kept');
    const notes = await store.collection('notes', { dimension: 2 });
    const { receipt } = await notes.query({ vector: [1, 2] });
    const { databaseId, tabs, usage, visit } = await store.status();
    const rows = await store.collection('rows', { dimension: 512 });
    await rows.upsert({ ids: helpers.ids(8_192), vectors: helpers.clustered(8_192, 512, 64, 1) });
    const before = helpers.workers.length;
    await rows.optimize();
    return {
      databaseId,
      count: await notes.count(),
      kernel: receipt.kernel,
      tabs,
      visit,
      estimate: usage.quotaBytes !== undefined,
      secondWorker: helpers.workers.length > before && (await rows.stats()).index.kind === 'ivf',
      gpu: 'gpu' in navigator,
      saves: 'showSaveFilePicker' in globalThis,
      trusted: 'trustedTypes' in globalThis,
    };
  });

  await openBlank(page, 'isolated');
  const threads = await page.evaluate(async () => {
    const store = await nearshore.openStore('graphs', { storage: 'memory', kernel: 'onnx' });
    const ready = new Promise<number>((resolve) => {
      store.on('backend', ({ kernel, threads }) => kernel === 'onnx' && resolve(threads));
    });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    await notes.query({ vector: [1, 2] });
    return ready;
  });

  const cell = (is: boolean) => (is ? 'yes' : 'no');
  return {
    'data is there after a reload (IndexedDB)': cell(
      found.count === 1 && found.databaseId === kept.databaseId,
    ),
    'SIMD kernel (WebAssembly)': cell(found.kernel === 'simd'),
    'training in a second worker': cell(found.secondWorker),
    "threads, for `kernel: 'onnx'` (SharedArrayBuffer)": cell(threads > 1),
    'WebGPU (`navigator.gpu`)': cell(found.gpu),
    'Web Locks': cell(found.tabs.locks === 'web-locks'),
    BroadcastChannel: cell(found.tabs.announcements === 'broadcast'),
    '`navigator.storage.estimate()`': cell(found.estimate),
    '`showSaveFilePicker`': cell(found.saves),
    'Trusted Types': cell(found.trusted),
  };
}

test("Z7: the README's table says what this browser has", async ({ page, browserName }, { config }) => {
  const engine: Engine =
    process.env.NEARSHORE_ENGINE === 'webkit'
      ? 'WebKitGTK'
      : browserName === 'firefox'
        ? 'Firefox'
        : 'Chromium';
  const measured = await measure(page);
  const agent = await page.evaluate(() => navigator.userAgent);
  // `npx playwright test e2e/engines.spec.ts --update-snapshots` and `npm run test:webkit -- engines --update-snapshots`
  if (['all', 'changed'].includes(config.updateSnapshots)) writeColumn(engine, agent, measured);
  expect(readColumn(engine)).toEqual(measured);
});
