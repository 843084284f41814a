import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

test('C13: a signal that has fired stops a call before it begins', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const signal = AbortSignal.abort('changed my mind');
    const codes = [
      await helpers.codeOf(notes.upsert([{ id: 'b', vector: [1, 2] }], { signal })),
      await helpers.codeOf(notes.insert([{ id: 'b', vector: [1, 2] }], { signal })),
      await helpers.codeOf(notes.setMetadata([{ id: 'a', metadata: { x: 1 } }], { signal })),
      await helpers.codeOf(notes.delete({ filter: {} }, { signal })),
      await helpers.codeOf(notes.query({ vector: [1, 2], signal })),
      await helpers.codeOf(notes.queryMany([{ vector: [1, 2] }, { vector: [1, 2], signal }])),
      await helpers.codeOf(notes.optimize({ signal })),
    ];
    const { cause } = await helpers.rejection(notes.query({ vector: [1, 2], signal }));
    const { generation } = await notes.stats();
    return { codes, cause, generation, records: (await notes.list()).records };
  });
  expect(seen).toEqual({
    codes: new Array(7).fill('ABORTED'),
    cause: 'changed my mind',
    generation: 1,
    records: [{ id: 'a' }],
  });
});

test('C13: a write that is aborted right after it was asked for changes nothing', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const codes = [];
    for (const write of [
      (signal: AbortSignal) => notes.upsert([{ id: 'b', vector: [1, 2] }], { signal }),
      (signal: AbortSignal) => notes.setMetadata([{ id: 'a', metadata: { x: 1 } }], { signal }),
      (signal: AbortSignal) => notes.delete({ filter: {} }, { signal }),
    ]) {
      const controller = new AbortController();
      const writing = helpers.codeOf(write(controller.signal));
      controller.abort();
      codes.push(await writing);
    }
    const { generation } = await notes.stats();
    return { codes, generation, records: (await notes.list()).records };
  });
  expect(seen).toEqual({ codes: ['ABORTED', 'ABORTED', 'ABORTED'], generation: 1, records: [{ id: 'a' }] });
});

test('C13: a write that waits for its turn can be aborted; those behind it go on', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    const release = await helpers.holdLock('nearshore:s:write');
    const controller = new AbortController();
    const aborted = helpers.codeOf(
      notes.upsert([{ id: 'a', vector: [1, 2] }], { signal: controller.signal }),
    );
    const behind = notes.upsert([{ id: 'b', vector: [1, 2] }]);
    // The worker has taken both up once it answers a later call.
    await notes.count();
    controller.abort();
    // And the abort.
    await notes.count();
    release();
    return { aborted: await aborted, behind: await behind, records: (await notes.list()).records };
  });
  expect(seen).toEqual({ aborted: 'ABORTED', behind: { count: 1, generation: 1 }, records: [{ id: 'b' }] });
});

test('C13: whenever a large write is aborted, it is there as a whole or not at all', async ({ page }) => {
  const outcomes = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 32 });
    const [rows, vectors] = [10_000, helpers.vectors(10_000, 32, 1)];
    const outcomes = [];
    for (let calls = 0; calls < 12; calls++) {
      const controller = new AbortController();
      const before = await notes.stats();
      const batch = { ids: helpers.ids(rows, `${calls}-`), vectors };
      const writing = helpers.codeOf(notes.upsert(batch, { signal: controller.signal }));
      // Each round the worker answers one more call before the abort: another point of the write.
      for (let i = 0; i < calls; i++) await notes.has('nobody');
      controller.abort();
      const code = await writing;
      const after = await notes.stats();
      outcomes.push({
        code,
        added: after.records - before.records,
        commits: after.generation - before.generation,
      });
    }
    return outcomes;
  });
  for (const { code, added, commits } of outcomes) {
    expect(['ABORTED', 'resolved']).toContain(code);
    // A merge in the background may commit besides.
    if (code === 'resolved') expect(commits).toBeGreaterThanOrEqual(1);
    expect(added).toBe(code === 'resolved' ? 10_000 : 0);
  }
  expect(outcomes.map(({ code }) => code)).toContain('ABORTED');
});

test('C13: a signal that fires after the call has settled does nothing', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    const controller = new AbortController();
    await notes.upsert([{ id: 'a', vector: [1, 2] }], { signal: controller.signal });
    await notes.query({ vector: [1, 2], signal: controller.signal });
    controller.abort();
    const count = await notes.count();
    const again = await notes.upsert([{ id: 'b', vector: [1, 2] }]);
    return { count, again: again.count };
  });
  expect(seen).toEqual({ count: 1, again: 1 });
});

test('C13: a read that waits rejects at once when it is aborted', async ({ page, heldWasm }) => {
  const seen = await page.evaluate(async (assetBaseUrl) => {
    // The .wasm does not come, so with 'wasm' a query waits.
    const store = await nearshore.openStore('s', { backend: 'wasm', kernel: 'onnx', assetBaseUrl });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const [one, many] = [new AbortController(), new AbortController()];
    const waiting = [
      helpers.rejection(notes.query({ vector: [1, 2], signal: one.signal })),
      helpers.rejection(notes.queryMany([{ vector: [1, 2] }, { vector: [2, 1], signal: many.signal }])),
      helpers.rejection(notes.query({ vector: [1, 2], where: () => true, signal: many.signal })),
    ];
    await notes.count();
    one.abort(new Error('too slow'));
    many.abort('no longer needed');
    return (await Promise.all(waiting)).map(({ code, cause }) => [code, cause]);
  }, heldWasm.url);
  expect(seen).toEqual([
    ['ABORTED', 'Error: too slow'],
    ['ABORTED', 'no longer needed'],
    ['ABORTED', 'no longer needed'],
  ]);
});
