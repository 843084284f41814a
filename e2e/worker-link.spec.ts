import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

test('L1: errors cross with class, code, message and problems', async ({ page }) => {
  const error = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    return helpers.rejection(notes.insert([{ id: 'a', vector: [1, 2] }]));
  });
  expect(error).toMatchObject({
    isVectorStoreError: true,
    isError: true,
    code: 'DUPLICATE_ID',
    message: expect.stringContaining('"a"'),
    problems: [{ position: 0, id: 'a', code: 'DUPLICATE_ID' }],
    problemCount: 1,
  });
});

test('L2, L3: terminate() rejects what is pending; the next call has all that was acknowledged', async ({
  page,
  heldWasm,
}) => {
  const seen = await page.evaluate(async (assetBaseUrl) => {
    // The .wasm does not come, so a query waits; the lock is taken, so a write waits.
    const store = await nearshore.openStore('s', { backend: 'wasm', kernel: 'onnx', assetBaseUrl });
    const notes = await store.collection('notes', { dimension: 2, metric: 'dot' });
    const events: string[] = [];
    store.on('worker-lost', ({ reason }) => events.push(reason));
    await notes.upsert([{ id: 'kept', vector: [1, 2], metadata: { n: 1 } }]);
    const release = await helpers.holdLock('nearshore:s:write');
    const pending = [
      helpers.rejection(notes.query({ vector: [1, 2] })),
      helpers.rejection(notes.upsert([{ id: 'lost', vector: [1, 2] }])),
      helpers.rejection(notes.delete({ filter: {} })),
    ];
    await notes.count();
    helpers.workers[0]!.terminate();
    const errors = await Promise.all(pending);
    release();
    const [kept, count] = [await notes.get(['kept', 'lost'], { includeVectors: true }), await notes.count()];
    const again = await notes.upsert([{ id: 'later', vector: [3, 4] }]);
    const { workerRestarts } = await store.status();
    return {
      errors,
      events,
      kept: kept.map((record) => record && { ...record, vector: [...record.vector!] }),
      count,
      generation: again.generation,
      workerRestarts,
      workers: helpers.workers.length,
    };
  }, heldWasm.url);
  expect(seen.errors.map(({ code, outcome }) => [code, outcome])).toEqual([
    ['WORKER_LOST', undefined],
    ['WORKER_LOST', 'unknown'],
    ['WORKER_LOST', 'unknown'],
  ]);
  expect(seen).toMatchObject({
    events: [expect.stringMatching(/ended/)],
    kept: [{ id: 'kept', vector: [1, 2], metadata: { n: 1 } }, undefined],
    count: 1,
    generation: 2,
    workerRestarts: 1,
    workers: 2,
  });
});

test('L2, L3: whenever the worker ends under a large write, the batch is there as a whole or not at all', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 32 });
    const vectors = helpers.vectors(10_000, 32, 1);
    const rounds = [];
    for (let round = 0; round < 6; round++) {
      const before = await notes.count();
      const writing = helpers.codeOf(notes.upsert({ ids: helpers.ids(10_000, `${round}-`), vectors }));
      for (let i = 0; i < round; i++) await notes.has('nobody');
      const lost = new Promise((resolve) => store.on('worker-lost', resolve));
      helpers.workers.at(-1)!.terminate();
      const code = await writing;
      await lost;
      const after = await notes.count();
      const { matches } = await notes.query({ vector: vectors.slice(0, 32), topK: 3 });
      rounds.push({ code, added: after - before, found: matches.length === Math.min(3, after) });
    }
    return { rounds, restarts: (await store.status()).workerRestarts };
  });
  for (const { code, added, found } of seen.rounds) {
    expect(['WORKER_LOST', 'resolved']).toContain(code);
    expect(code === 'resolved' ? [10_000] : [0, 10_000]).toContain(added);
    expect(found).toBe(true);
  }
  expect(seen.restarts).toBe(6);
});

test('L2: an idle worker that ends is noticed, and not started again before it is needed', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const lost = new Promise((resolve) => store.on('worker-lost', resolve));
    helpers.workers[0]!.terminate();
    await lost;
    const idle = helpers.workers.length;
    // Calls made together share the new worker.
    const counts = await Promise.all([notes.count(), notes.count(), store.listCollections()]);
    return { idle, counts: [counts[0], counts[1], counts[2].length], workers: helpers.workers.length };
  });
  expect(seen).toEqual({ idle: 1, counts: [1, 1, 1], workers: 2 });
});

test('L2, L3: an error that the worker throws outside of a call is a loss with its message', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', {
      backend: 'js',
      worker: () => new Worker('/throwing-worker.js', { type: 'module' }),
    });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const events: string[] = [];
    store.on('worker-lost', ({ reason }) => events.push(reason));
    const release = await helpers.holdLock('nearshore:s:write');
    const writing = helpers.rejection(notes.upsert([{ id: 'b', vector: [1, 2] }]));
    await notes.count();
    helpers.workers[0]!.postMessage('throw');
    const error = await writing;
    release();
    return { error, events, count: await notes.count(), workers: helpers.workers.length };
  });
  expect(seen.error).toMatchObject({
    code: 'WORKER_LOST',
    outcome: 'unknown',
    message: expect.stringContaining('thrown on purpose'),
  });
  expect(seen).toMatchObject({
    events: [expect.stringContaining('thrown on purpose')],
    count: 1,
    workers: 2,
  });
});

test('L2: a worker whose file is missing rejects, and the store opens once there is one', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const worker = () => new Worker('/missing.js', { type: 'module' });
    const error = await helpers.rejection(nearshore.openStore('s', { worker }));
    const store = await nearshore.openStore('s', { backend: 'js' });
    // Missing only when it has to be replaced, once.
    await store.close();
    let files = ['/worker.js', '/missing.js', '/worker.js'];
    const flaky = await nearshore.openStore('s', {
      backend: 'js',
      worker: () => {
        const [file, ...rest] = files;
        files = rest;
        return new Worker(file!, { type: 'module' });
      },
    });
    const notes = await flaky.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const lost = new Promise((resolve) => flaky.on('worker-lost', resolve));
    helpers.workers.at(-1)!.terminate();
    await lost;
    return { error, second: await helpers.codeOf(notes.count()), third: await notes.count() };
  });
  expect(seen.error).toMatchObject({
    isVectorStoreError: true,
    code: 'WORKER_LOST',
    message: expect.stringMatching(/could not be (started|loaded).*404/s),
  });
  expect(seen).toMatchObject({ second: 'WORKER_LOST', third: 1 });
});

test('L2: a worker that never says it is ready is given up after 10 s', async ({ page }) => {
  await page.clock.install();
  await openBlank(page);
  const opening = page.evaluate(async () => {
    const worker = () => new Worker('/silent-worker.js', { type: 'module' });
    return helpers.rejection(nearshore.openStore('s', { worker }));
  });
  await page.waitForFunction(() => helpers.workers.length === 1);
  await page.clock.runFor(11_000);
  expect(await opening).toMatchObject({ code: 'WORKER_LOST', message: expect.stringContaining('10 s') });
});

test('L2: without Web Locks a loss is noticed by asking, within 20 s', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'locks'));
  await page.clock.install();
  await openBlank(page);
  await page.evaluate(async () => {
    const store = await nearshore.openStore('s', {
      backend: 'js',
      worker: () => new Worker('/no-locks-worker.js', { type: 'module' }),
    });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    helpers.workers[0]!.terminate();
    const pending = helpers.rejection(notes.upsert([{ id: 'b', vector: [1, 2] }]));
    Object.assign(globalThis, { notes, pending });
  });
  await page.clock.runFor(21_000);
  const seen = await page.evaluate(async () => {
    const { notes, pending } = globalThis as never as {
      notes: { count(): Promise<number> };
      pending: ReturnType<typeof helpers.rejection>;
    };
    return { error: await pending, count: await notes.count(), workers: helpers.workers.length };
  });
  expect(seen).toMatchObject({ error: { code: 'WORKER_LOST', outcome: 'unknown' }, count: 1, workers: 2 });
});

test("L3: with storage 'memory' every call after a loss is STORAGE_LOST", async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { storage: 'memory', backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const release = await helpers.holdLock('unrelated');
    const lost = new Promise((resolve) => store.on('worker-lost', resolve));
    const pending = helpers.codeOf(
      notes.upsert({ ids: helpers.ids(5_000), vectors: helpers.vectors(5_000, 2, 1) }),
    );
    helpers.workers[0]!.terminate();
    release();
    await lost;
    const codes = [
      await helpers.codeOf(notes.count()),
      await helpers.codeOf(notes.upsert([{ id: 'b', vector: [1, 2] }])),
      await helpers.codeOf(store.status()),
    ];
    const workers = helpers.workers.length;
    await store.close();
    const anew = await nearshore.openStore('s', { storage: 'memory', backend: 'js' });
    return { pending: await pending, codes, workers, left: await anew.listCollections() };
  });
  expect(seen).toEqual({
    pending: 'WORKER_LOST',
    codes: ['STORAGE_LOST', 'STORAGE_LOST', 'STORAGE_LOST'],
    workers: 1,
    left: [],
  });
});

test('L3: a ready Worker of the app is used, is not ended with the store, and cannot be replaced', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const worker = new Worker('/worker.js', { type: 'module' });
    const first = await nearshore.openStore('first', { worker, backend: 'js' });
    const second = await nearshore.openStore('second', { worker, backend: 'js' });
    const notes = await first.collection('notes', { dimension: 2 });
    const others = await second.collection('notes', { dimension: 3 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    await others.upsert([{ id: 'b', vector: [1, 2, 3] }]);
    await second.close();
    const reopened = await nearshore.openStore('second', { worker, backend: 'js' });
    const kept = await (await reopened.collection('notes')).count();
    const made = helpers.workers.length;
    const lost = new Promise((resolve) => first.on('worker-lost', resolve));
    worker.terminate();
    await lost;
    const codes = [await helpers.codeOf(notes.count()), await helpers.codeOf(notes.count())];
    await first.close();
    await reopened.close();
    const anew = await nearshore.openStore('first', { backend: 'js' });
    return { kept, made, codes, count: await (await anew.collection('notes')).count() };
  });
  expect(seen).toEqual({ kept: 1, made: 1, codes: ['WORKER_LOST', 'WORKER_LOST'], count: 1 });
});

for (const owner of ['store', 'app'] as const) {
  test(`L5: one message each way for a query, in a worker of the ${owner}`, async ({ page }) => {
    const seen = await page.evaluate(async (owner) => {
      const messages: string[] = [];
      const watch = (channel: MessagePort | Worker, name: string) => {
        const note = (way: string, data: { nearshore?: string }) =>
          messages.push(`${name} ${way} ${data.nearshore ?? 'Comlink'}`);
        const { postMessage } = channel;
        channel.postMessage = (...sent: unknown[]) => {
          note('takes', sent[0] as object);
          Reflect.apply(postMessage, channel, sent);
        };
        channel.addEventListener('message', (event) => note('gives', (event as MessageEvent).data));
      };
      // Watched from the start: the link's own listeners let nobody after them see an answer.
      globalThis.Worker = class extends Worker {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          watch(this, 'worker');
        }
      };
      globalThis.MessageChannel = class extends MessageChannel {
        constructor() {
          super();
          watch(this.port1, 'port');
        }
      };
      const own = () => new Worker('/worker.js', { type: 'module' });
      const worker = owner === 'app' ? { worker: own() } : {};
      const store = await nearshore.openStore('s', { backend: 'js', ...worker });
      const notes = await store.collection('notes', { dimension: 2 });
      const vectors = Float32Array.of(1, 2, 3, 4);
      await notes.upsert({ ids: ['a', 'b'], vectors, metadata: [{ n: 1 }, { n: 2 }] });
      const before = [...new Set(messages.map((message) => message.split(' ')[0]))];
      messages.length = 0;
      const { signal } = new AbortController();
      const query = { vector: [1, 2], filter: { n: 2 }, includeVectors: true, signal };
      const one = await notes.query(query);
      const many = await notes.queryMany([query, query]);
      const found = [one, ...many].map(({ matches }) => matches.map(({ id, vector }) => [id, ...vector!]));
      return { before, messages, found };
    }, owner);
    const channel = owner === 'app' ? 'port' : 'worker';
    const each = [`${channel} takes query`, `${channel} gives answer`];
    expect(seen).toEqual({
      // An app's worker is told of its port, and left alone.
      before: owner === 'app' ? ['worker', 'port'] : ['worker'],
      messages: [...each, ...each],
      found: [[['b', 3, 4]], [['b', 3, 4]], [['b', 3, 4]]],
    });
  });
}

test('L2, L5: a query that cannot be cloned rejects, and the next is answered', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2], metadata: { n: 1 } }]);
    const { signal } = new AbortController();
    const filter = new Proxy({ n: 1 }, {});
    const refused = await helpers.codeOf(notes.query({ vector: [1, 2], filter, signal }));
    const { matches } = await notes.query({ vector: [1, 2], filter: { n: 1 } });
    return { refused, found: matches.length };
  });
  expect(seen).toEqual({ refused: expect.stringContaining('clone'), found: 1 });
});
