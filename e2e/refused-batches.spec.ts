import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

test('V1, C6: one refused batch names every bad position with its own code, and changes nothing', async ({
  page,
}) => {
  const { error, before, after } = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'kept', vector: [1, 2], metadata: { n: 1 } }]);
    const state = async () => ({
      records: (await notes.list()).records,
      stats: await notes.stats(),
      ownBytes: (await store.status()).usage.ownBytes,
    });
    const before = await state();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const batch = [
      { id: 'good', vector: [1, 2] },
      { id: '', vector: [1, 2] },
      { id: 'short', vector: [1] },
      { id: 'NaN', vector: [1, Number.NaN] },
      { id: 'zero', vector: [0, 0] },
      { id: 'good', vector: [1, 2] },
      { id: 'circle', vector: [1, 2], metadata: circle },
      { id: 'proto', vector: [1, 2], metadata: JSON.parse('{"a":{"__proto__":1}}') },
      { id: 'huge', vector: [1e30, 1e30] },
      { id: 'x'.repeat(513), vector: [1, 2] },
      { id: 'typo', vectro: [1, 2] },
      null,
      { id: 'text', text: 'no embedder' },
      { id: 'infinite', vector: Float32Array.of(1, Number.POSITIVE_INFINITY) },
      { id: 'kept', vector: [9, 9] },
    ];
    const error = await helpers.rejection(notes.upsert(batch as never));
    return { error, before, after: await state() };
  });
  expect(error).toMatchObject({ isVectorStoreError: true, code: 'INVALID_ARGUMENT', problemCount: 13 });
  expect(error.problems?.map(({ position, code }) => [position, code])).toEqual([
    [1, 'INVALID_ARGUMENT'],
    [2, 'DIMENSION_MISMATCH'],
    [3, 'INVALID_ARGUMENT'],
    [4, 'INVALID_ARGUMENT'],
    [5, 'DUPLICATE_ID'],
    ...[6, 7, 8, 9, 10, 11, 12, 13].map((position) => [position, 'INVALID_ARGUMENT']),
  ]);
  const messages = error.problems?.map(({ message }) => message) ?? [];
  expect(messages[2]).toContain('vector[1] is NaN');
  expect(messages[9]).toContain('vector');
  expect(after).toEqual(before);
  expect(after.records).toEqual([{ id: 'kept', metadata: { n: 1 } }]);
});

test('V1: faults of the values alone, which the worker finds, are named alike in records and in a batch', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    const rows = [
      [1, 2],
      [Number.NaN, 1],
      [3, 4],
      [0, 0],
    ];
    const ids = helpers.ids(4);
    const asRecords = rows.map((vector, i) => ({ id: ids[i]!, vector }));
    const asBatch = { ids, vectors: Float32Array.from(rows.flat()) };
    const expected = nearshore.validateRecords(asRecords, { dimension: 2 }).problems;
    const errors = [
      await helpers.rejection(notes.upsert(asRecords)),
      await helpers.rejection(notes.upsert(asBatch)),
      await helpers.rejection(notes.insert(asRecords)),
    ];
    return { expected, problems: errors.map(({ problems }) => problems), count: await notes.count() };
  });
  expect(seen.expected.map(({ position }) => position)).toEqual([1, 3]);
  for (const problems of seen.problems) expect(problems).toEqual(seen.expected);
  expect(seen.count).toBe(0);
});

test('V1: the first 100 bad positions are listed, and all are counted', async ({ page }) => {
  const { errors, count } = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    const ids = helpers.ids(1_000);
    const errors = [
      await helpers.rejection(notes.upsert({ ids, vectors: new Float32Array(2_000) })),
      await helpers.rejection(notes.upsert(ids.map((id) => ({ id, vector: [1] })))),
    ];
    return { errors, count: await notes.count() };
  });
  for (const { problems, problemCount } of errors) {
    expect(problems?.map(({ position }) => position)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(problemCount).toBe(1_000);
  }
  expect(errors.map(({ code }) => code)).toEqual(['INVALID_ARGUMENT', 'DIMENSION_MISMATCH']);
  expect(count).toBe(0);
});

test('V8: a batch whose columns do not fit together is refused as a whole', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    const good = { ids: ['a', 'b'], vectors: Float32Array.of(1, 2, 3, 4) };
    const errors = [];
    for (const bad of [
      { ...good, vectors: Float32Array.of(1, 2, 3) },
      { ...good, metadata: [{}] },
      { ...good, texts: ['x', 'y', 'z'] },
      { ...good, vectors: [1, 2, 3, 4] },
      { ...good, payloads: [] },
      { vectors: good.vectors },
      { id: 'a', vector: [1, 2] },
      'records',
      undefined,
    ]) {
      errors.push(await helpers.rejection(notes.upsert(bad as never)));
    }
    return { errors, count: await notes.count() };
  });
  expect(seen.errors.map(({ code, problems }) => [code, problems?.map(({ position }) => position)])).toEqual([
    ['DIMENSION_MISMATCH', [-1]],
    ...new Array(8).fill(['INVALID_ARGUMENT', [-1]]),
  ]);
  expect(seen.count).toBe(0);
});

test('V9, Q6: bad queries are refused: one by its own code, many with every position', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    const vector = [1, 2];
    const bad: unknown[] = [
      { vector: [1, 2, 3] },
      { vector: [0, 0] },
      { vector: [1, Number.NaN] },
      { vector, id: 'a' },
      {},
      { vector, topK: 0 },
      { vector, topK: 1.5 },
      { vector, minScore: Number.NaN },
      { vector, filter: { n: { $regex: 'x' } } },
      { vector, where: 'n > 1' },
      { vector, targetRecall: 1.1 },
      { vector, k: 3 },
      { text: 'no embedder' },
      { id: 'nobody' },
      null,
    ];
    const codes = [];
    for (const query of bad) codes.push(await helpers.codeOf(notes.query(query as never)));
    const many = await helpers.rejection(
      notes.queryMany([{ vector }, bad[0], { id: 'a' }, bad[5], bad[4]] as never),
    );
    const notArray = await helpers.codeOf(notes.queryMany({ vector } as never));
    return { codes, many, notArray };
  });
  expect(seen.codes).toEqual(['DIMENSION_MISMATCH', ...new Array(14).fill('INVALID_ARGUMENT')]);
  expect(seen.many.problems?.map(({ position, code }) => [position, code])).toEqual([
    [1, 'DIMENSION_MISMATCH'],
    [3, 'INVALID_ARGUMENT'],
    [4, 'INVALID_ARGUMENT'],
  ]);
  expect(seen.notArray).toBe('INVALID_ARGUMENT');
});

test('L1: an argument of the wrong kind is an error of ours, never a TypeError', async ({ page }) => {
  const codes = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    const calls: (() => Promise<unknown>)[] = [
      () => notes.get('a' as never),
      () => notes.get([1] as never),
      () => notes.get(undefined as never),
      () => notes.has(undefined as never),
      () => notes.has(''),
      () => notes.delete(undefined as never),
      () => notes.count({ n: { $nope: 1 } } as never),
      () => notes.list({ limit: 0 }),
      () => notes.list({ limit: 10_001 }),
      () => notes.list({ limit: '5' as never }),
      () => notes.list({ cursor: 5 as never }),
      () => notes.list({ filter: [] as never }),
      () => notes.setMetadata(undefined as never),
      () => notes.upsert(null as never),
      () => notes.query(undefined as never),
      () => store.collection('other', { dimension: 2, embedder: {} as never }),
      () => store.collection('other', { dimension: 2, embeddingSpace: 5 as never }),
    ];
    // A call may throw at once as well as reject.
    return Promise.all(calls.map((call) => helpers.codeOf((async () => call())())));
  });
  expect(codes).toEqual(codes.map(() => 'INVALID_ARGUMENT'));
});
