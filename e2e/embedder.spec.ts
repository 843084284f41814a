import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

for (const backend of ['js', 'wasm'] as const) {
  test(`C16: the static embedder takes texts for records and queries, on ${backend}`, async ({ page }) => {
    const seen = await page.evaluate(async (backend) => {
      const store = await nearshore.openStore('s', { backend });
      const words = await store.collection<{ n: number }>('words', { embedder: embedders.staticEmbedder() });
      const texts = {
        spider: 'a small animal with eight legs that spins webs to catch insects',
        ice: 'frozen water',
        tailor: 'a person who makes and mends clothes',
        piano: 'a large musical instrument with black and white keys',
      };
      await words.upsert(Object.entries(texts).map(([id, text], n) => ({ id, text, metadata: { n } })));
      const vector = new Float32Array(100).fill(0.1);
      await words.upsert([{ id: 'own vector', text: 'music', vector }]);
      const ask = async (text: string) => (await words.query({ text, topK: 2 })).matches[0]?.id;
      const best = [
        await ask('cold frozen water'),
        await ask('someone who sews clothes'),
        await ask('playing music'),
      ];
      const many = await words.queryMany([{ text: 'insects' }, { id: 'ice' }, { text: 'insects', topK: 1 }]);
      const [own, spider] = await words.get(['own vector', 'spider'], { includeVectors: true });
      const norm = Math.hypot(...spider!.vector!);
      const { embeddingSpace, dimension } = words;
      return {
        best,
        many: many.map(({ matches }) => matches[0]?.id),
        kept: [own!.text, spider!.text, own!.vector!.every((value) => value === Math.fround(0.1))],
        norm,
        embeddingSpace,
        dimension,
        expected: embedders.staticEmbedder().id,
      };
    }, backend);
    expect(seen).toMatchObject({
      best: ['ice', 'tailor', 'piano'],
      many: ['spider', 'ice', 'spider'],
      kept: ['music', 'a small animal with eight legs that spins webs to catch insects', true],
      norm: expect.closeTo(1, 5),
      embeddingSpace: seen.expected,
      dimension: 100,
    });
  });
}

test('C16: a text without a known word is refused under cosine, with every such position', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const words = await store.collection('words', { embedder: embedders.staticEmbedder() });
    const error = await helpers.rejection(
      words.upsert([
        { id: 'a', text: 'water' },
        { id: 'b', text: 'qzxqzx' },
        { id: 'c', vector: new Float32Array(100).fill(1), text: 'qzxqzx' },
        { id: 'd', text: '🦑 …' },
      ]),
    );
    const query = await helpers.rejection(words.query({ text: 'qzxqzx' }));
    const count = await words.count();
    const dots = await store.collection('dots', { embedder: embedders.staticEmbedder(), metric: 'dot' });
    await dots.upsert([{ id: 'b', text: 'qzxqzx' }]);
    const structural = await helpers.rejection(words.upsert([{ id: 'a', text: '' }, { id: 'b' }]));
    return { error, query, count, dots: await dots.count(), structural };
  });
  expect(seen.error).toMatchObject({ code: 'INVALID_ARGUMENT', problemCount: 2 });
  expect(seen.error.problems?.map(({ position, id }) => [position, id])).toEqual([
    [1, 'b'],
    [3, 'd'],
  ]);
  expect(seen.query).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('qzxqzx') });
  expect(seen.structural.problems?.map(({ position }) => position)).toEqual([0, 1]);
  expect(seen).toMatchObject({ count: 0, dots: 1 });
});

test("C16: an embedder's files that cannot be fetched are named, and the next call tries again", async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const embedder = embedders.staticEmbedder({ assetBaseUrl: '/nowhere' });
    const words = await store.collection('words', { embedder });
    const error = await helpers.rejection(words.upsert([{ id: 'a', text: 'water' }]));
    await words.upsert([{ id: 'b', vector: new Float32Array(100).fill(1) }]);
    return { error, again: await helpers.codeOf(words.query({ text: 'water' })), count: await words.count() };
  });
  expect(seen.error).toMatchObject({
    isVectorStoreError: true,
    code: 'BACKEND_UNAVAILABLE',
    message: expect.stringMatching(/\/nowhere\/.*404/),
  });
  expect(seen).toMatchObject({ again: 'BACKEND_UNAVAILABLE', count: 1 });
});

test('C16: an embedder on the page is called in batches, with the signal, and its vectors are stored', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const calls: { texts: number; signal: boolean }[] = [];
    const embedder = {
      id: 'lengths/2',
      dimension: 2,
      embed: async (texts: readonly string[], signal?: AbortSignal) => {
        calls.push({ texts: texts.length, signal: signal !== undefined });
        return texts.map((text) => [text.length, 1]);
      },
    };
    const notes = await store.collection('notes', { embedder, metric: 'dot' });
    const texts = Array.from({ length: 150 }, (_, i) => 'x'.repeat(i + 1));
    const progress: number[] = [];
    await notes.upsert(
      texts.map((text, i) => (i % 50 === 49 ? { id: `r${i}`, text, vector: [0, 0] } : { id: `r${i}`, text })),
      { signal: new AbortController().signal, onProgress: ({ done }) => progress.push(done) },
    );
    const embedded = calls.splice(0);
    const { matches } = await notes.query({ text: 'yy', topK: 1, includeVectors: true });
    const [own] = await notes.get(['r49'], { includeVectors: true });
    return {
      embedded,
      asked: calls,
      best: [matches[0]?.id, matches[0]?.score, [...matches[0]!.vector!], matches[0]?.text?.length],
      own: [...own!.vector!],
      space: notes.embeddingSpace,
    };
  });
  expect(seen.embedded.reduce((sum, { texts }) => sum + texts, 0)).toBe(147);
  expect(seen.embedded.length).toBeGreaterThan(1);
  expect(seen.embedded.every(({ signal }) => signal)).toBe(true);
  expect(seen).toMatchObject({
    asked: [{ texts: 1, signal: false }],
    best: ['r148', 299, [149, 1], 149],
    own: [0, 0],
    space: 'lengths/2',
  });
});

test('C16, C6: what an embedder gives is checked; its failures reject and change nothing', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const outcomes: [string, string, string][] = [];
    const make: Record<string, (texts: readonly string[]) => unknown> = {
      'too few': (texts) => texts.slice(1).map(() => [1, 1]),
      'too many': (texts) => [...texts, ''].map(() => [1, 1]),
      'other dimension': (texts) => texts.map(() => [1, 1, 1]),
      NaN: (texts) => texts.map(() => [1, Number.NaN]),
      zero: (texts) => texts.map(() => [0, 0]),
      nothing: () => undefined,
      throws: () => {
        throw new Error('out of memory');
      },
    };
    for (const [name, embed] of Object.entries(make)) {
      const embedder = {
        id: 'bad',
        dimension: 2,
        embed: async (texts: readonly string[]) => embed(texts) as number[][],
      };
      const notes = await store.collection('notes', { embedder });
      const upsert = notes.upsert([
        { id: 'a', text: 'one' },
        { id: 'b', text: 'two' },
      ]);
      outcomes.push([name, await helpers.codeOf(upsert), await helpers.codeOf(notes.query({ text: 'one' }))]);
    }
    const { generation, records } = await (await store.collection('notes')).stats();
    return { outcomes, generation, records };
  });
  const thrown = 'Error: out of memory';
  expect(seen.outcomes).toEqual([
    ['too few', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
    ['too many', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
    ['other dimension', 'DIMENSION_MISMATCH', 'DIMENSION_MISMATCH'],
    ['NaN', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
    ['zero', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
    ['nothing', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
    ['throws', thrown, thrown],
  ]);
  expect(seen).toMatchObject({ generation: 0, records: 0 });
});

test('E4: queries of one call are embedded together, each text once, and texts are told what they are for', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const calls: [string, number][] = [];
    const embedder = {
      id: 'lengths',
      dimension: 2,
      batchSize: 3,
      // Not a promise: any function will do.
      embed: (texts: readonly string[], _signal?: AbortSignal, purpose?: string) => {
        calls.push([purpose!, texts.length]);
        return texts.map((text) => new Float32Array([text.length, 1]));
      },
    };
    const notes = await store.collection('notes', { embedder, metric: 'l2' });
    await notes.upsert(['a', 'bb', 'ccc', 'dddd'].map((text) => ({ id: text, text })));
    const asked = ['xx', 'y', 'xx', 'zzzz', 'yyy'].map((text) => ({ text, topK: 1 }));
    const answers = await notes.queryMany([...asked, { id: 'a', topK: 1 }]);
    const refused = await helpers.codeOf(
      store.collection('other', { embedder: { ...embedder, batchSize: 0 } }),
    );
    return { calls, found: answers.map(({ matches }) => matches[0]?.id), refused };
  });
  expect(seen).toEqual({
    calls: [
      ['document', 3],
      ['document', 1],
      ['query', 3],
      ['query', 1],
    ],
    found: ['bb', 'a', 'bb', 'dddd', 'ccc', 'a'],
    refused: 'INVALID_ARGUMENT',
  });
});

test('E5: what is stored with the same text is not embedded again, nor a text twice in one call; after a reload, too', async ({
  page,
}) => {
  const upsert = (texts: Record<string, string>) =>
    page.evaluate(async (texts) => {
      const store = await nearshore.openStore('s', { backend: 'js' });
      const asked: string[] = [];
      const embedder = {
        id: 'lengths',
        dimension: 2,
        embed: async (texts: readonly string[]) => {
          asked.push(...texts);
          return texts.map((text) => [text.length, 1]);
        },
      };
      const notes = await store.collection('notes', { embedder, metric: 'dot' });
      const progress: number[] = [];
      const records = Object.entries(texts).map(([id, text], n) => ({ id, text, metadata: { n } }));
      await notes.upsert(records, { onProgress: ({ done }) => progress.push(done) });
      const stored = await notes.get(Object.keys(texts), { includeVectors: true });
      return { asked, lengths: stored.map((record) => record!.vector![0]), progress };
    }, texts);
  const corpus = Object.fromEntries(
    Array.from({ length: 3_000 }, (_, i) => [`r${i}`, 'x'.repeat(1 + (i % 100))]),
  );
  const lengths = Object.values(corpus).map(({ length }) => length);
  const first = await upsert(corpus);
  expect(first.asked).toHaveLength(100);
  expect(first.lengths).toEqual(lengths);
  const again = await upsert(corpus);
  expect(again).toMatchObject({ asked: [], lengths });
  await openBlank(page);
  const changed = { ...corpus, r7: 'changed', new: 'new', other: corpus.r3! };
  const after = await upsert(changed);
  expect(after.asked).toEqual(['changed', 'new', corpus.r3]);
  expect(after.lengths).toEqual(Object.values(changed).map(({ length }) => length));
  expect(await upsert(changed)).toMatchObject({ asked: [] });
});

test('C13: an abort between two batches of an embedder on the page stops it', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const controller = new AbortController();
    let calls = 0;
    const embedder = {
      id: 'slow',
      dimension: 2,
      embed: async (texts: readonly string[]) => {
        calls++;
        controller.abort();
        return texts.map(() => [1, 1]);
      },
    };
    const notes = await store.collection('notes', { embedder });
    const records = helpers.ids(500).map((id) => ({ id, text: id }));
    return [
      await helpers.codeOf(notes.upsert(records, { signal: controller.signal })),
      calls,
      await notes.count(),
    ];
  });
  expect(seen).toEqual(['ABORTED', 1, 0]);
});

test("C3, C16: the embedder's id is pinned as the embedding space, its dimension has to fit", async ({
  page,
}) => {
  const codes = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const model = (id: string, dimension: number) => ({
      id,
      dimension,
      embed: async (texts: readonly string[]) => texts.map(() => new Float32Array(dimension).fill(1)),
    });
    await store.collection('notes', { embedder: model('m1', 3) });
    return {
      same: await helpers.codeOf(store.collection('notes', { embedder: model('m1', 3) })),
      none: await helpers.codeOf(store.collection('notes')),
      other: await helpers.codeOf(store.collection('notes', { embedder: model('m2', 3) })),
      otherDimension: await helpers.codeOf(store.collection('notes', { embedder: model('m1', 4) })),
      unfit: await helpers.codeOf(store.collection('new', { embedder: model('m1', 4), dimension: 3 })),
      worker: await helpers.codeOf(store.collection('notes', { embedder: embedders.staticEmbedder() })),
      named: await helpers.codeOf(
        store.collection('named', { embedder: model('m1', 3), embeddingSpace: 'm1, normalised' }),
      ),
      noId: await helpers.codeOf(store.collection('new', { embedder: { ...model('', 3) } })),
    };
  });
  expect(codes).toEqual({
    same: 'resolved',
    none: 'resolved',
    other: 'CONFIG_MISMATCH',
    otherDimension: 'CONFIG_MISMATCH',
    unfit: 'DIMENSION_MISMATCH',
    worker: 'CONFIG_MISMATCH',
    named: 'resolved',
    noId: 'INVALID_ARGUMENT',
  });
});

test('L3: a worker that replaces a lost one embeds texts again', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const words = await store.collection('words', { embedder: embedders.staticEmbedder() });
    await words.upsert([{ id: 'ice', text: 'frozen water' }]);
    const lost = new Promise((resolve) => store.on('worker-lost', resolve));
    helpers.workers[0]!.terminate();
    await lost;
    await words.upsert([{ id: 'piano', text: 'a musical instrument' }]);
    return (await words.query({ text: 'music', topK: 1 })).matches[0]?.id;
  });
  expect(seen).toBe('piano');
});
