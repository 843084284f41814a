import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

test('C3: dimension, metric and embedding space are pinned at creation, also across a reload', async ({
  page,
}) => {
  await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const notes = await store.collection('notes', { dimension: 3, metric: 'dot', embeddingSpace: 'm1' });
    await notes.upsert([{ id: 'a', vector: [1, 2, 3] }]);
    await store.collection('plain', { dimension: 2 });
  });
  const open = () =>
    page.evaluate(async () => {
      const store = await nearshore.openStore('s');
      const codes = [];
      for (const other of [
        { dimension: 4 },
        { metric: 'cosine' },
        { metric: 'l2' },
        { embeddingSpace: 'm2' },
        { dimension: 3, metric: 'dot', embeddingSpace: 'M1' },
      ] as const) {
        codes.push(await helpers.codeOf(store.collection('notes', other)));
      }
      codes.push(await helpers.codeOf(store.collection('plain', { embeddingSpace: 'm1' })));
      const { dimension, metric, embeddingSpace } = await store.collection('notes');
      const same = await store.collection('notes', { dimension: 3, metric: 'dot', embeddingSpace: 'm1' });
      const plain = await store.collection('plain', { metric: 'cosine' });
      return {
        codes,
        config: { dimension, metric, embeddingSpace },
        plain: { metric: plain.metric, embeddingSpace: plain.embeddingSpace },
        count: await same.count(),
      };
    });
  const expected = {
    codes: new Array(6).fill('CONFIG_MISMATCH'),
    config: { dimension: 3, metric: 'dot', embeddingSpace: 'm1' },
    plain: { metric: 'cosine', embeddingSpace: undefined },
    count: 1,
  };
  expect(await open()).toEqual(expected);
  await page.reload();
  await page.waitForFunction(() => 'nearshore' in globalThis);
  expect(await open()).toEqual(expected);
});

test('C3: the message of a mismatch names both values', async ({ page }) => {
  const { message } = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    await store.collection('notes', { dimension: 3 });
    return helpers.rejection(store.collection('notes', { dimension: 384, metric: 'l2' }));
  });
  for (const part of ['3', '384', 'cosine', 'l2', 'notes']) expect(message).toContain(part);
});

test('C3, V10: a collection without a dimension, or with options that do not exist, is not created', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const codes = [
      await helpers.codeOf(store.collection('a')),
      await helpers.codeOf(store.collection('b', { dimension: 2, metric: 'euclidean' as 'l2' })),
      await helpers.codeOf(store.collection('a b', { dimension: 2 })),
      await helpers.codeOf(store.dropCollection('a b')),
    ];
    for (const dimension of [0, -1, 1.5, 4_097, Number.NaN, '3', null]) {
      codes.push(await helpers.codeOf(store.collection('c', { dimension: dimension as number })));
    }
    return { codes, collections: await store.listCollections() };
  });
  expect(new Set(seen.codes)).toEqual(new Set(['INVALID_ARGUMENT']));
  expect(seen.collections).toEqual([]);
});

test('C3: dimensions of 1 and of 4,096 work', async ({ page }) => {
  const found = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const answers = [];
    for (const dimension of [1, 4_096]) {
      const collection = await store.collection(`d${dimension}`, { dimension });
      const vector = new Float32Array(dimension).fill(2);
      await collection.upsert([{ id: 'a', vector }]);
      const { matches } = await collection.query({ vector, includeVectors: true });
      answers.push([matches[0]?.vector?.length, matches[0]?.score.toFixed(5)]);
    }
    return answers;
  });
  expect(found).toEqual([
    [1, '1.00000'],
    [4_096, '1.00000'],
  ]);
});

test('C3: listCollections tells the configurations, by name', async ({ page }) => {
  const collections = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    await store.collection('beta', { dimension: 3, metric: 'l2' });
    await store.collection('Alpha', { dimension: 2, embeddingSpace: 'm1' });
    await store.collection('gone', { dimension: 1 });
    await store.dropCollection('gone');
    return store.listCollections();
  });
  expect(collections).toEqual([
    { name: 'Alpha', dimension: 2, metric: 'cosine', embeddingSpace: 'm1' },
    { name: 'beta', dimension: 3, metric: 'l2' },
  ]);
});
