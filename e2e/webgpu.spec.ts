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

/**
 * Stores rows and asks; what differs from the oracle, and what computed it.
 *
 * @param worker script of the app's own worker
 */
function fillAndAsk(page: Page, rows: number, worker?: string) {
  const given = { rows, worker };
  return page.evaluate(async ({ rows, worker }) => {
    const own = worker === undefined ? {} : { worker: () => new Worker(worker, { type: 'module' }) };
    const store = await nearshore.openStore('s', { backend: 'webgpu', ...own });
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
  }, given);
}

const RIGHT = { backend: 'webgpu', differences: [] };

// The script of ONNX Runtime's WebGPU build has a `new Function`; nothing that is used here leads to it.
for (const [profile, worker, policies] of [
  ['plain', undefined, 'a page without a policy'],
  ['strict', undefined, 'a page and a worker with a strict policy'],
  ['strict', '/eval/worker.js', 'a page with a strict policy, a worker with one that allows eval'],
] as const) {
  test(`K2 K3 on WebGPU: answers as the oracle does, on ${policies}`, async ({ gpuPage }) => {
    await openBlank(gpuPage, profile);
    const { found, degraded, status } = await fillAndAsk(gpuPage, 2_500, worker);
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

test('X8 K8: a GPU that is lost on purpose is given up, and the next backend answers', async ({
  gpuPage,
}) => {
  await openBlank(gpuPage);
  const seen = await gpuPage.evaluate(async () => {
    const faults = testing.makeFaults();
    const store = await nearshore.openStore('s', { backend: 'webgpu', worker: faults.worker });
    const degraded: string[] = [];
    store.on('degraded', ({ from, to }) => degraded.push(`${from.backend} to ${to.backend}`));
    const notes = await store.collection('notes', { dimension: 32 });
    const corpus = {
      ids: helpers.ids(2_500),
      vectors: helpers.vectors(2_500, 32, 1),
      dimension: 32,
      metric: 'cosine' as const,
    };
    await notes.upsert({ ids: corpus.ids, vectors: corpus.vectors });
    const ask = async (seed: number) => {
      const vector = helpers.vectors(1, 32, seed);
      const { matches, receipt } = await notes.query({ vector });
      const differences = helpers.differences(matches, helpers.rank(corpus, vector), 'cosine', 10);
      return { backend: receipt.backend, differences };
    };
    const before = await ask(2);
    await faults.loseGpu();
    return { before, after: await ask(3), degraded };
  });
  expect(seen).toEqual({
    before: RIGHT,
    after: { backend: 'wasm', differences: [] },
    degraded: ['webgpu to wasm'],
  });
});

test('K8 on WebGPU: without an adapter, the next backend answers, and one event tells', async ({ page }) => {
  await openBlank(page);
  const { found, degraded, status } = await fillAndAsk(page, 100);
  expect(found).toMatchObject({ cosine: { backend: 'wasm', differences: [] } });
  expect(degraded).toEqual(['webgpu to wasm']);
  expect(status).toMatchObject({ active: 'wasm', requested: 'webgpu', state: 'ready' });
  expect(status.reason).toMatch(/WebGPU does not work here: .+/);
});

test("K11 'auto': an adapter that computes on the CPU is refused, and nothing is loaded for it", async ({
  gpuPage,
  heldWasm,
}) => {
  await openBlank(gpuPage);
  const before = await gpuPage.evaluate(async (assetBaseUrl) => {
    const store = await nearshore.openStore('s', { storage: 'memory', assetBaseUrl });
    const degraded: unknown[] = [];
    store.on('degraded', (step) => degraded.push(step));
    const notes = await store.collection('notes', { dimension: 4096, metric: 'dot' });
    // As few rows as make 64 million components; all but three are zeros.
    const vectors = new Float32Array(15_625 * 4096);
    for (const row of [3, 7_000, 15_624]) vectors[row * 4096] = row;
    Object.assign(globalThis, { store, notes, degraded });
    const asked = async () => (await store.status()).backend.gpu;
    const empty = await asked();
    await notes.upsert({ ids: helpers.ids(15_625), vectors });
    const query = new Float32Array(4096);
    query[0] = 1;
    const answers = await notes.queryMany(Array(10).fill({ vector: query, topK: 3 }));
    const { matches, receipt } = answers[0]!;
    return { empty, scores: matches.map(({ score }) => score), receipt };
  }, heldWasm.url);
  expect(before.empty).toEqual({ used: false, reason: expect.stringContaining('64,000,000') });
  expect(before.scores).toEqual([15_624, 7_000, 3]);
  expect(before.receipt).toMatchObject({ backend: 'wasm', kernel: 'simd', exact: true });
  const gpu = () =>
    gpuPage.evaluate(async () => {
      const { store } = globalThis as never as { store: Awaited<ReturnType<typeof nearshore.openStore>> };
      return (await store.status()).backend.gpu;
    });
  await expect
    .poll(gpu)
    .toEqual({ used: false, reason: expect.stringMatching(/^The only GPU adapter .+ computes on the CPU/) });
  expect(await gpuPage.evaluate(() => (globalThis as never as { degraded: unknown[] }).degraded)).toEqual([]);
  expect(heldWasm.asked).toEqual([]);
});
