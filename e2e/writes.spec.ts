import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

test('C5: upsert takes records and batches, and replaces the whole record by id', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2, metric: 'dot' });
    const results = [
      await notes.upsert([
        { id: 'array', vector: [1, 2], metadata: { n: 1 }, text: 'one' },
        { id: 'float32', vector: Float32Array.of(3, 4) },
        { id: 'float64', vector: Float64Array.of(5, 6) as unknown as number[] },
        { id: 'undefined', vector: [7, 8], metadata: undefined as never, text: undefined as never },
      ]),
      await notes.upsert({
        ids: ['batch0', 'batch1', 'array'],
        vectors: Float32Array.of(1, 1, 2, 2, 9, 9),
        metadata: [{ b: true }, undefined, undefined],
        texts: [undefined, 'two', undefined],
      }),
      await notes.upsert([{ id: 'float32', vector: [3, 5], metadata: { again: [null, 'x'] } }]),
      await notes.upsert([]),
      await notes.upsert({ ids: [], vectors: new Float32Array(0) }),
      await notes.insert([]),
    ];
    const { records } = await notes.list({ includeVectors: true });
    return {
      results: results.map(({ count, generation }) => [count, generation]),
      records: records.map(({ vector, ...rest }) => ({ ...rest, vector: [...vector!] })),
    };
  });
  expect(seen).toEqual({
    results: [
      [4, 1],
      [3, 2],
      [1, 3],
      [0, 3],
      [0, 3],
      [0, 3],
    ],
    records: [
      { id: 'array', vector: [9, 9] },
      { id: 'batch0', vector: [1, 1], metadata: { b: true } },
      { id: 'batch1', vector: [2, 2], text: 'two' },
      { id: 'float32', vector: [3, 5], metadata: { again: [null, 'x'] } },
      { id: 'float64', vector: [5, 6] },
      { id: 'undefined', vector: [7, 8] },
    ],
  });
});

test('C5: insert refuses the whole batch if an id is there, and names every such position', async ({
  page,
}) => {
  const { error, ids } = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.insert([
      { id: 'a', vector: [1, 2] },
      { id: 'b', vector: [1, 2] },
    ]);
    const batch = { ids: ['new', 'b', 'newer', 'a'], vectors: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    const error = await helpers.rejection(notes.insert(batch));
    return { error, ids: (await notes.list()).records.map(({ id }) => id) };
  });
  expect(error.code).toBe('DUPLICATE_ID');
  expect(error.problems?.map(({ position, id, code }) => [position, id, code])).toEqual([
    [1, 'b', 'DUPLICATE_ID'],
    [3, 'a', 'DUPLICATE_ID'],
  ]);
  expect(ids).toEqual(['a', 'b']);
});

test("C7: a write has copied the caller's arrays when the call returns, and leaves them as they are", async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2, metric: 'dot' });
    const vectors = Float32Array.of(1, 2, 3, 4);
    const ids = ['a', 'b'];
    const metadata = [{ n: 1 }, { n: 2 }];
    const record = { id: 'c', vector: Float32Array.of(5, 6), metadata: { deep: { n: 3 } } };
    const update = { id: 'a', metadata: { n: 4 } };
    const query = Float32Array.of(1, 0);
    await notes.upsert([{ id: 'before', vector: [1, 1] }]);

    const writes = [notes.upsert({ ids, vectors, metadata }), notes.upsert([record])];
    const untouched =
      vectors.join() + record.vector.join() + ids.join() + JSON.stringify([metadata, record.metadata]);
    vectors.fill(-1);
    ids[0] = 'changed';
    metadata[1] = { n: -1 };
    record.vector.fill(-1);
    record.metadata.deep.n = -1;
    await Promise.all(writes);
    const second = notes.setMetadata([update]);
    update.metadata.n = -1;
    await second;
    const asked = notes.query({ vector: query, topK: 1 });
    query.set([-1, -1]);
    const { matches } = await asked;
    const { records } = await notes.list({ includeVectors: true });
    return {
      untouched,
      bytes: [vectors.buffer.byteLength, record.vector.buffer.byteLength, query.buffer.byteLength],
      best: matches.map(({ id, score }) => [id, score]),
      records: records.map(({ id, vector, metadata }) => [id, [...vector!], metadata]),
    };
  });
  expect(seen).toEqual({
    untouched: '1,2,3,45,6a,b[[{"n":1},{"n":2}],{"deep":{"n":3}}]',
    bytes: [16, 8, 8],
    best: [['c', 5]],
    records: [
      ['a', [1, 2], { n: 4 }],
      ['b', [3, 4], { n: 2 }],
      ['before', [1, 1], undefined],
      ['c', [5, 6], { deep: { n: 3 } }],
    ],
  });
});

test('C7: a view of a larger buffer, or of a shared one, is copied as it is', async ({ page }) => {
  await openBlank(page, 'isolated');
  const stored = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2, metric: 'dot' });
    const large = Float32Array.from({ length: 100 }, (_, i) => i);
    const shared = new Float32Array(new SharedArrayBuffer(16));
    shared.set([7, 8, 9, 10]);
    await notes.upsert({ ids: ['a', 'b'], vectors: large.subarray(10, 14) });
    await notes.upsert({ ids: ['c', 'd'], vectors: shared });
    await notes.upsert([{ id: 'e', vector: shared.subarray(1, 3) }]);
    const { matches } = await notes.query({ vector: shared.subarray(0, 2), topK: 1 });
    const { records } = await notes.list({ includeVectors: true });
    const { diskBytes } = await notes.stats();
    return {
      rows: records.map(({ vector }) => [...vector!]),
      best: matches[0]?.id,
      small: diskBytes < 1_000,
    };
  });
  expect(stored).toEqual({
    rows: [
      [10, 11],
      [12, 13],
      [7, 8],
      [9, 10],
      [8, 9],
    ],
    best: 'b',
    small: true,
  });
});

test('C8: setMetadata replaces metadata alone; one absent id refuses the batch', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2, metric: 'l2' });
    await notes.upsert([
      { id: 'a', vector: [0.1, -0.2], text: 'one', metadata: { old: 1, kept: 2 } },
      { id: 'b', vector: [3, 4] },
      { id: 'c', vector: [5, 6], text: 'three', metadata: { x: 1 } },
    ]);
    const result = await notes.setMetadata([
      { id: 'b', metadata: { fresh: true } },
      { id: 'a', metadata: { only: 'this' } },
      { id: 'c', metadata: {} },
    ]);
    const error = await helpers.rejection(
      notes.setMetadata([
        { id: 'a', metadata: { lost: 1 } },
        { id: 'nobody', metadata: { lost: 1 } },
      ]),
    );
    const codes = [
      await helpers.codeOf(notes.setMetadata([{ id: 'a' }] as never)),
      await helpers.codeOf(notes.setMetadata([{ id: 'a', metadata: { n: Number.NaN } }])),
      await helpers.codeOf(
        notes.setMetadata([
          { id: 'a', metadata: {} },
          { id: 'a', metadata: {} },
        ]),
      ),
      await helpers.codeOf(notes.setMetadata('a' as never)),
    ];
    const { records } = await notes.list({ includeVectors: true });
    const found = await notes.count({ only: 'this' });
    return {
      result,
      problems: error.problems?.map(({ position, id, code }) => [position, id, code]),
      codes,
      records: records.map(({ vector, ...rest }) => ({ ...rest, vector: [...vector!] })),
      found,
    };
  });
  expect(seen).toEqual({
    result: { count: 3, generation: 2 },
    problems: [[1, 'nobody', 'INVALID_ARGUMENT']],
    codes: ['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'DUPLICATE_ID', 'INVALID_ARGUMENT'],
    records: [
      { id: 'a', vector: [Math.fround(0.1), Math.fround(-0.2)], text: 'one', metadata: { only: 'this' } },
      { id: 'b', vector: [3, 4], metadata: { fresh: true } },
      { id: 'c', vector: [5, 6], text: 'three', metadata: {} },
    ],
    found: 1,
  });
});

test('C9: delete by ids passes over absent ones, by filter it takes what passes; count tells how many', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection<{ n: number }>('notes', { dimension: 2 });
    const ids = helpers.ids(100);
    await notes.upsert({ ids, vectors: helpers.vectors(100, 2, 1), metadata: ids.map((_, n) => ({ n })) });
    const results = [
      await notes.delete({ ids: ['r0', 'nobody', 'r1', 'r0'] }),
      await notes.delete({ ids: ['r0', 'nobody'] }),
      await notes.delete({ ids: [] }),
      await notes.delete({ filter: { n: { $lt: 10 } } }),
      await notes.delete({ filter: { n: { $lt: 10 } } }),
    ];
    const left = await notes.count();
    // A delete by filter sees the writes that were asked for before it.
    const writing = notes.upsert([{ id: 'late', vector: [1, 1], metadata: { n: 1_000 } }]);
    const deleted = await notes.delete({ filter: { n: { $gte: 1_000 } } });
    await writing;
    const codes = await Promise.all(
      [
        {},
        { ids: ['r50'], filter: {} },
        { ids: 'r50' },
        { ids: [7] },
        { filter: { n: { $like: 1 } } },
        { filter: null },
      ].map((which) => helpers.codeOf(notes.delete(which as never))),
    );
    const everything = await notes.delete({ filter: {} });
    const back = await notes.insert([{ id: 'r0', vector: [1, 1] }]);
    return {
      results,
      left,
      deleted: deleted.count,
      codes,
      everything: everything.count,
      back,
      end: await notes.count(),
    };
  });
  expect(seen).toEqual({
    results: [
      { count: 2, generation: 2 },
      { count: 0, generation: 2 },
      { count: 0, generation: 2 },
      { count: 8, generation: 3 },
      { count: 0, generation: 3 },
    ],
    left: 90,
    deleted: 1,
    codes: new Array(6).fill('INVALID_ARGUMENT'),
    everything: 90,
    back: { count: 1, generation: 7 },
    end: 1,
  });
});

test('S3: both durabilities write, a third is refused', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'disk', vector: [1, 2] }], { durability: 'disk' });
    await notes.insert([{ id: 'memory', vector: [1, 2] }], { durability: 'memory' });
    await notes.setMetadata([{ id: 'disk', metadata: { n: 1 } }], { durability: 'memory' });
    await notes.upsert([{ id: 'gone', vector: [1, 2] }], { durability: 'memory' });
    await notes.delete({ ids: ['gone'] }, { durability: 'memory' });
    const durability = 'strict' as 'disk';
    const codes = [
      await helpers.codeOf(notes.upsert([{ id: 'x', vector: [1, 2] }], { durability })),
      await helpers.codeOf(notes.setMetadata([{ id: 'disk', metadata: {} }], { durability })),
      await helpers.codeOf(notes.delete({ ids: ['disk'] }, { durability })),
    ];
    return { codes, records: (await notes.list()).records };
  });
  expect(seen).toEqual({
    codes: new Array(3).fill('INVALID_ARGUMENT'),
    records: [{ id: 'disk', metadata: { n: 1 } }, { id: 'memory' }],
  });
});

test('C12: progress goes from 0 to the total', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 4 });
    const progress: { done: number; total: number }[] = [];
    const batch = { ids: helpers.ids(3_000), vectors: helpers.vectors(3_000, 4, 1) };
    await notes.upsert(batch, { onProgress: (step) => progress.push(step) });
    await notes.upsert([{ id: 'one more', vector: [1, 2, 3, 4] }]);
    const merging: { done: number; total: number }[] = [];
    await notes.optimize({ onProgress: (step) => merging.push(step) });
    return { progress, merging };
  });
  for (const [steps, total] of [
    [seen.progress, 3_000],
    [seen.merging, 3_001],
  ] as const) {
    expect(steps.at(-1)).toEqual({ done: total, total });
    const done = steps.map((step) => step.done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(new Set(steps.map((step) => step.total))).toEqual(new Set([total]));
  }
});
