import type { Browser, Page } from '@playwright/test';
import { requireBrowser, WEBGPU_ARGS } from '../scripts/browsers.mjs';
import { addHelpers, test as base, expect, openBlank } from './support/api-test.js';

/** A Chromium of its own, whose GPU is computed on the CPU: right answers, slowly. */
const test = base.extend<{ gpuBrowser: Browser; gpuPage: Page }>({
  gpuBrowser: async ({ playwright }, use) => {
    const { args = [], ...launch } = requireBrowser('chromium');
    const browser = await playwright.chromium.launch({ ...launch, args: [...args, ...WEBGPU_ARGS] });
    await use(browser);
    await browser.close();
  },
  gpuPage: async ({ gpuBrowser, baseURL }, use) => {
    const context = await gpuBrowser.newContext({ baseURL: baseURL! });
    await addHelpers(context);
    await use(await context.newPage());
    await context.close();
  },
});

test.skip(({ browserName }) => browserName !== 'chromium', 'Firefox has WebGPU on some systems only.');

/** Stores rows and asks; what differs from the oracle, and what computed it. */
function fillAndAsk(page: Page, rows: number) {
  return page.evaluate(async (rows) => {
    const store = await nearshore.openStore('s', { backend: 'webgpu' });
    const degraded: string[] = [];
    store.on('degraded', ({ from, to }) => degraded.push(`${from.backend} to ${to.backend}`));
    const found: Record<string, unknown> = {};
    for (const metric of ['cosine', 'dot', 'l2'] as const) {
      const notes = await store.collection(metric, { dimension: 32, metric });
      const [ids, vectors] = [helpers.ids(rows), helpers.vectors(rows, 32, 1)];
      await notes.upsert({ ids, vectors });
      await notes.upsert([{ id: 'tail', vector: helpers.vectors(1, 32, 2) }]);
      const corpus = {
        ids: [...ids, 'tail'],
        vectors: Float32Array.from([...vectors, ...helpers.vectors(1, 32, 2)]),
        dimension: 32,
        metric,
      };
      const query = helpers.vectors(1, 32, 3);
      const { matches, receipt } = await notes.query({ vector: query });
      found[metric] = {
        backend: receipt.backend,
        differences: helpers.differences(matches, helpers.rank(corpus, query), metric, 10),
      };
    }
    Object.assign(globalThis, { store, degraded });
    return { found, degraded, status: (await store.status()).backend };
  }, rows);
}

const RIGHT = { backend: 'webgpu', differences: [] };

// The script of ONNX Runtime's WebGPU build has a `new Function`; nothing that is used here leads to it.
for (const profile of ['plain', 'strict'] as const) {
  test(`K2 K3 on WebGPU: answers as the oracle does, on a page with a ${profile} policy`, async ({
    gpuPage,
  }) => {
    await openBlank(gpuPage, profile);
    const { found, degraded, status } = await fillAndAsk(gpuPage, 2_500);
    expect(found).toEqual({ cosine: RIGHT, dot: RIGHT, l2: RIGHT });
    expect(degraded).toEqual([]);
    expect(status).toMatchObject({ active: 'webgpu', kernel: 'onnx', requested: 'webgpu', state: 'ready' });
    expect(status.reason).toMatch(/WebGPU/);
  });
}

test('K8 on WebGPU: when the GPU process dies, the next backend answers, and one event tells', async ({
  gpuBrowser,
  gpuPage,
}) => {
  await openBlank(gpuPage);
  await fillAndAsk(gpuPage, 2_500);
  const session = await gpuBrowser.newBrowserCDPSession();
  const crash = () => session.send('Browser.crashGpuProcess' as never).catch(() => undefined);
  const ask = (seed: number) =>
    gpuPage.evaluate(async (seed) => {
      const { store, degraded } = globalThis as never as {
        store: Awaited<ReturnType<typeof nearshore.openStore>>;
        degraded: string[];
      };
      const notes = await store.collection('cosine');
      const [vectors, query] = [helpers.vectors(2_500, 32, 1), helpers.vectors(1, 32, seed)];
      const all = Float32Array.from([...vectors, ...helpers.vectors(1, 32, 2)]);
      const corpus = {
        ids: [...helpers.ids(2_500), 'tail'],
        vectors: all,
        dimension: 32,
        metric: 'cosine' as const,
      };
      const { matches, receipt } = await notes.query({ vector: query });
      return {
        backend: receipt.backend,
        differences: helpers.differences(matches, helpers.rank(corpus, query), 'cosine', 10),
        degraded,
      };
    }, seed);
  await crash();
  await expect.poll(async () => (await ask(Math.floor(1e6 * performance.now()))).backend).toBe('wasm');
  await crash();
  expect(await ask(12)).toEqual({ backend: 'wasm', differences: [], degraded: ['webgpu to wasm'] });
});

test('K8 on WebGPU: without an adapter, the next backend answers, and one event tells', async ({ page }) => {
  await openBlank(page);
  const { found, degraded, status } = await fillAndAsk(page, 100);
  expect(found).toMatchObject({ cosine: { backend: 'wasm', differences: [] } });
  expect(degraded).toEqual(['webgpu to wasm']);
  expect(status).toMatchObject({ active: 'wasm', requested: 'webgpu', state: 'ready' });
  expect(status.reason).toMatch(/WebGPU does not work here: .+/);
});
