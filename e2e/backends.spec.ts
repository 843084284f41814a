import { expect, openBlank, test } from './support/api-test.js';

test('K3: auto answers by SIMD at once, and never asks for ONNX Runtime', async ({ page, heldWasm }) => {
  await openBlank(page);
  const seen = await page.evaluate(async (assetBaseUrl) => {
    const store = await nearshore.openStore('s', { assetBaseUrl });
    const notes = await store.collection('notes', { dimension: 8 });
    await notes.upsert({ ids: helpers.ids(2_500), vectors: helpers.vectors(2_500, 8, 1) });
    await notes.upsert([{ id: 'tail', vector: helpers.vectors(1, 8, 2) }]);
    const { receipt } = await notes.query({ vector: helpers.vectors(1, 8, 3) });
    return { receipt, backend: (await store.status()).backend };
  }, heldWasm.url);
  expect(seen).toMatchObject({
    receipt: { backend: 'wasm', kernel: 'simd', exact: true },
    backend: { active: 'wasm', kernel: 'simd', requested: 'auto', state: 'ready', threads: 1 },
  });
  expect(seen.backend.reason).toMatch(/WASM/);
  expect(heldWasm.asked).toEqual([]);
});

test("K3: with kernel 'onnx' SIMD answers while ONNX Runtime loads, and it from then on", async ({
  page,
  heldWasm,
}) => {
  await openBlank(page);
  const early = await page.evaluate(async (assetBaseUrl) => {
    const store = await nearshore.openStore('s', { kernel: 'onnx', assetBaseUrl });
    const notes = await store.collection('notes', { dimension: 8 });
    await notes.upsert({ ids: helpers.ids(2_500), vectors: helpers.vectors(2_500, 8, 1) });
    await notes.upsert([{ id: 'tail', vector: helpers.vectors(1, 8, 2) }]);
    const events: string[] = [];
    store.on('backend', ({ kernel, state }) => events.push(`${kernel} ${state}`));
    const { receipt, matches } = await notes.query({ vector: helpers.vectors(1, 8, 3) });
    Object.assign(globalThis, { store, notes, events });
    return { kernel: receipt.kernel, ids: matches.map(({ id }) => id) };
  }, heldWasm.url);
  expect(early.kernel).toBe('simd');
  heldWasm.release();

  const later = () =>
    page.evaluate(async () => {
      const { store, notes, events } = globalThis as never as {
        store: Awaited<ReturnType<typeof nearshore.openStore>>;
        notes: Awaited<ReturnType<typeof store.collection>>;
        events: string[];
      };
      // Another vector each time: the answer to a known one would be remembered.
      const { receipt } = await notes.query({ vector: helpers.vectors(1, 8, performance.now()) });
      const { matches } = await notes.query({ vector: helpers.vectors(1, 8, 3) });
      const { backend } = await store.status();
      return { kernel: receipt.kernel, events, backend, ids: matches.map(({ id }) => id) };
    });
  await expect.poll(async () => (await later()).kernel, { timeout: 30_000 }).toBe('onnx');
  expect(await later()).toMatchObject({
    events: ['onnx ready'],
    backend: {
      active: 'wasm',
      kernel: 'onnx',
      state: 'ready',
      reason: expect.stringMatching(/ONNX Runtime/),
    },
    ids: early.ids,
  });
  expect(heldWasm.asked).toContain('ort-wasm-simd-threaded.wasm');
});

test('K3: works under the smallest policy, by WASM and without a violation', async ({
  page,
  cspViolations,
}) => {
  await openBlank(page, 'strict');
  const found = await page.evaluate(async () => {
    const { staticEmbedder } = embedders;
    const store = await nearshore.openStore('s', { backend: 'wasm' });
    const notes = await store.collection('notes', { embedder: staticEmbedder() });
    await notes.upsert([
      { id: 'spider', text: 'an animal with eight legs that spins webs' },
      { id: 'ice', text: 'frozen water' },
    ]);
    const { matches, receipt } = await notes.query({ text: 'cold and frozen', topK: 1 });
    const { backend } = await store.status();
    return { best: matches[0]?.id, used: receipt.backend, state: backend.state };
  });
  expect(found).toEqual({ best: 'ice', used: 'wasm', state: 'ready' });
  expect(cspViolations).toEqual([]);
});

test('K3: where WebAssembly is forbidden, auto answers in plain JS and status says why', async ({ page }) => {
  await openBlank(page, 'nowasm');
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('auto');
    const events: string[] = [];
    const decided = new Promise<void>((resolve) => {
      store.on('backend', ({ active, state }) => {
        events.push(`${active} ${state}`);
        resolve();
      });
    });
    const notes = await store.collection('notes', { dimension: 8 });
    const vectors = helpers.vectors(2_100, 8, 1);
    await notes.upsert({ ids: helpers.ids(2_100), vectors });
    await decided;
    const query = helpers.vectors(1, 8, 2);
    const { matches, receipt } = await notes.query({ vector: query, topK: 5 });
    const corpus = { ids: helpers.ids(2_100), vectors, dimension: 8, metric: 'cosine' as const };
    const differences = helpers.differences(matches, helpers.rank(corpus, query), 'cosine', 5);

    const insisting = await nearshore.openStore('wasm', { backend: 'wasm' });
    const others = await insisting.collection('notes', { dimension: 2 });
    await others.upsert([{ id: 'a', vector: [1, 2] }]);
    const error = await helpers.rejection(others.query({ vector: [1, 2] }));
    return {
      events,
      differences,
      used: receipt.backend,
      status: (await store.status()).backend,
      error,
      kept: await others.count(),
    };
  });
  expect(seen).toMatchObject({
    events: ['js unavailable'],
    differences: [],
    used: 'js',
    status: { active: 'js', requested: 'auto', state: 'unavailable', threads: 1 },
    error: { isVectorStoreError: true, code: 'BACKEND_UNAVAILABLE' },
    kept: 1,
  });
  expect(seen.status.reason).toMatch(/WebAssembly does not work here: .+/);
  expect(seen.error.message).toContain('wasm-unsafe-eval');
  // L1: the cause crosses, too.
  expect(String(seen.error.cause)).toMatch(/\w+: .+/);
});

test('K4: a cross-origin isolated page has threads, and the same matches as one that is not', async ({
  page,
  browserName,
}) => {
  const run = () =>
    page.evaluate(async () => {
      const store = await nearshore.openStore('s', { backend: 'wasm', kernel: 'onnx' });
      const found: Record<string, (string | number)[][]> = {};
      for (const metric of ['cosine', 'dot', 'l2'] as const) {
        const notes = await store.collection(metric, { dimension: 64, metric });
        await notes.upsert({ ids: helpers.ids(5_000), vectors: helpers.vectors(5_000, 64, 1) });
        await notes.upsert({ ids: helpers.ids(100, 't'), vectors: helpers.vectors(100, 64, 2) });
        const { matches, receipt } = await notes.query({ vector: helpers.vectors(1, 64, 3), topK: 50 });
        found[metric] = [[receipt.backend], ...matches.map(({ id, score }) => [id, score])];
      }
      const { threads } = (await store.status()).backend;
      await store.destroy();
      return { threads, cores: navigator.hardwareConcurrency, isolated: crossOriginIsolated, found };
    });
  await openBlank(page);
  const plain = await run();
  await openBlank(page, 'isolated');
  const isolated = await run();
  expect([plain.isolated, isolated.isolated]).toEqual([false, true]);
  expect(plain.threads).toBe(1);
  // Firefox may block a worker that makes workers (see ort.ts).
  expect(isolated.threads).toBe(browserName === 'firefox' ? 1 : Math.min(4, isolated.cores));
  for (const [metric, rows] of Object.entries(plain.found)) {
    expect(isolated.found[metric]![0]).toEqual(['wasm']);
    const [a, b] = [rows, isolated.found[metric]!];
    expect(b.map(([id]) => id)).toEqual(a.map(([id]) => id));
    for (const [i, [, score]] of a.entries()) {
      if (i > 0) expect(b[i]![1]).toBeCloseTo(score as number, 4);
    }
  }
});

test('K3: assetBaseUrl says where the .wasm of ONNX Runtime is; with a wrong one SIMD goes on', async ({
  page,
}) => {
  await openBlank(page);
  const seen = await page.evaluate(async () => {
    const outcomes: Record<string, string> = {};
    for (const assetBaseUrl of ['/isolated', new URL('./strict/', location.href), '/nowhere', '/nowhere/']) {
      const store = await nearshore.openStore('s', { kernel: 'onnx', assetBaseUrl, storage: 'memory' });
      const decided = new Promise<string>((resolve) => {
        store.on('degraded', ({ to }) => resolve(`degraded to ${to.kernel}`));
        store.on('backend', ({ kernel }) => kernel === 'onnx' && resolve('onnx'));
      });
      const notes = await store.collection('notes', { dimension: 2 });
      await notes.upsert([{ id: 'a', vector: [1, 2] }]);
      const outcome = await decided;
      const { receipt } = await notes.query({ vector: [1, 2] });
      outcomes[String(assetBaseUrl).replace(location.origin, '')] = `${outcome}, ${receipt.kernel}`;
      await store.close();
    }
    return outcomes;
  });
  expect(seen).toEqual({
    '/isolated': 'onnx, onnx',
    '/strict/': 'onnx, onnx',
    '/nowhere': 'degraded to simd, simd',
    '/nowhere/': 'degraded to simd, simd',
  });
});
