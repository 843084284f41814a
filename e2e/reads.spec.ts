import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

test('C10: get answers in the order asked, with undefined where there is nothing', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2, metric: 'l2' });
    await notes.upsert([
      { id: 'a', vector: [0, 0], metadata: { hasOwnProperty: 1, nested: { list: [1, null, 'x'] } } },
      { id: 'b', vector: [1, 1], text: 'line\n"quoted" 🦑' },
    ]);
    await notes.upsert([{ id: 'c', vector: [2, 2] }]);
    await notes.delete({ ids: ['b'] });
    await notes.upsert([{ id: 'd', vector: [3, 3], text: 'line\n"quoted" 🦑' }]);
    return {
      got: await notes.get(['d', 'nobody', 'a', 'b', 'a']),
      none: await notes.get([]),
      has: [await notes.has('a'), await notes.has('b'), await notes.has('nobody')],
      count: await notes.count(),
    };
  });
  const a = { id: 'a', metadata: { hasOwnProperty: 1, nested: { list: [1, null, 'x'] } } };
  expect(seen).toEqual({
    got: [{ id: 'd', text: 'line\n"quoted" 🦑' }, undefined, a, undefined, a],
    none: [],
    has: [true, false, false],
    count: 3,
  });
});

test('C10: vectors come back bit for bit as float32, as copies, from tail and sealed segments', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 4, metric: 'dot' });
    // Minus zero, the smallest denormal, the smallest normal number, and a large one.
    const odd = Float32Array.of(-0, 2 ** -149, 2 ** -126, 2 ** 61);
    const vectors = helpers.vectors(2_100, 4, 1);
    vectors.set(odd, 4 * 2_000);
    await notes.upsert({ ids: helpers.ids(2_100), vectors });
    await notes.upsert([{ id: 'tail', vector: odd }]);
    const bits = (vector: Float32Array) => new Uint32Array(vector.slice().buffer).join();
    const [sealed, tail] = await notes.get(['r2000', 'tail'], { includeVectors: true });
    const found = [sealed!, tail!].map((record) => bits(record.vector!));
    sealed!.vector!.fill(7);
    const [again] = await notes.get(['r2000'], { includeVectors: true });
    const all = (await notes.list({ limit: 10_000, includeVectors: true })).records;
    const wrong = all.filter(({ id, vector }) => {
      const row = id === 'tail' ? 2_000 : Number(id.slice(1));
      return bits(vector!) !== bits(vectors.slice(row * 4, row * 4 + 4));
    });
    return {
      found,
      again: bits(again!.vector!),
      expected: bits(odd),
      wrong: wrong.length,
      count: all.length,
    };
  });
  expect(seen.found).toEqual([seen.expected, seen.expected]);
  expect(seen.again).toBe(seen.expected);
  expect([seen.wrong, seen.count]).toEqual([0, 2_101]);
});

test('C11: list pages in the order of UTF-16 code units, with and without a filter', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection<{ even: boolean }>('notes', { dimension: 1 });
    // Code units order the emoji (D83D …) before U+FFFD; UTF-8 bytes would not.
    const ids = [
      '\u{1f600}',
      '\ufffd',
      'a',
      'B',
      'aa',
      'é',
      'e\u0301',
      'a b',
      '10',
      '9',
      '\u0000',
      'a\u0000',
    ];
    for (const [i, id] of ids.entries())
      await notes.upsert([{ id, vector: [1], metadata: { even: i % 2 === 0 } }]);
    const pagesOf = async (options: Parameters<typeof notes.list>[0]) => {
      const pages: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await notes.list({ ...options, ...(cursor === undefined ? {} : { cursor }) });
        pages.push(page.records.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor !== undefined);
      return pages;
    };
    const sorted = [...ids].sort();
    const even = sorted.filter((id) => ids.indexOf(id) % 2 === 0);
    const sliced = (list: string[], size: number) =>
      Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
    const compared = [];
    for (const limit of [1, 5, 6, 12, 100]) {
      compared.push([limit, await pagesOf({ limit }), sliced(sorted, limit)]);
      compared.push([limit, await pagesOf({ limit, filter: { even: true } }), sliced(even, limit)]);
    }
    return { compared, none: await notes.list({ filter: { even: { $exists: false } } }) };
  });
  for (const [, pages, expected] of seen.compared) expect(pages).toEqual(expected);
  expect(seen.none).toEqual({ records: [] });
});

test('C11: what stays there is listed exactly once while others write, delete and optimize', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection<{ stays: boolean; round: number }>('notes', { dimension: 4 });
    const stable = helpers.ids(600, 'k').map((id) => `${id}-stays`);
    const vectors = helpers.vectors(600, 4, 1);
    const record = (id: string, round: number, row: number) => ({
      id,
      vector: vectors.slice(row * 4, row * 4 + 4),
      metadata: { stays: id.endsWith('stays'), round },
    });
    await notes.upsert(stable.map((id, row) => record(id, 0, row)));
    const next = helpers.random(7);
    const churn = () => `k${Math.floor(next() * 600)}-churns`;
    const listed: string[] = [];
    let cursor: string | undefined;
    let round = 0;
    do {
      round++;
      const writes = [
        notes.upsert(
          [...new Set(Array.from({ length: 20 }, churn))].map((id, row) => record(id, round, row)),
        ),
        // Replacing a record moves it to another segment, but not in the order.
        notes.upsert(stable.filter(() => next() < 0.2).map((id) => record(id, round, stable.indexOf(id)))),
        notes.delete({ ids: Array.from({ length: 10 }, churn) }),
        ...(round % 3 === 0 ? [notes.optimize()] : []),
      ];
      const page = await notes.list({ limit: 50, ...(cursor === undefined ? {} : { cursor }) });
      await Promise.all(writes);
      listed.push(...page.records.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    const stays = listed.filter((id) => id.endsWith('stays'));
    return {
      rounds: round,
      inOrder: listed.every((id, i) => i === 0 || listed[i - 1]! < id),
      stays: stays.length,
      missing: stable.filter((id) => !stays.includes(id)),
      filtered: await notes.count({ stays: true }),
    };
  });
  expect(seen.rounds).toBeGreaterThan(10);
  expect(seen).toMatchObject({ inOrder: true, stays: 600, missing: [], filtered: 600 });
});

test('C14: optimize merges segments, drops dead rows and changes no answer', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection<{ n: number }>('notes', { dimension: 8 });
    const ids = helpers.ids(3_000);
    const vectors = helpers.vectors(3_000, 8, 1);
    for (let from = 0; from < 3_000; from += 500) {
      const rows = ids.slice(from, from + 500);
      const metadata = rows.map((_, i) => ({ n: from + i }));
      await notes.upsert({ ids: rows, vectors: vectors.subarray(from * 8, (from + 500) * 8), metadata });
    }
    await notes.upsert({ ids: ids.slice(0, 200), vectors: helpers.vectors(200, 8, 2) });
    await notes.delete({ filter: { n: { $gte: 2_500 } } });
    const answers = async () => {
      const { matches } = await notes.query({
        vector: vectors.slice(80, 88),
        topK: 20,
        includeVectors: true,
      });
      const { records } = await notes.list({ limit: 10_000, filter: { n: { $lt: 400 } } });
      return JSON.stringify([matches, records, await notes.count()]);
    };
    const before = { answers: await answers(), stats: await notes.stats() };
    // Aborted at several points, then done in full.
    const aborted = [];
    for (let steps = 0; steps < 3; steps++) {
      const controller = new AbortController();
      let seen = 0;
      const merging = notes.optimize({
        signal: controller.signal,
        onProgress: () => {
          if (seen++ === steps) controller.abort();
        },
      });
      aborted.push(await helpers.codeOf(merging), (await answers()) === before.answers);
    }
    await notes.optimize();
    const after = { answers: await answers(), stats: await notes.stats() };
    return { before, after, aborted };
  });
  const { before, after } = seen;
  expect(after.answers).toBe(before.answers);
  expect(after.stats).toMatchObject({ records: 2_500, deadRecords: 0, segments: 1 });
  expect(after.stats.diskBytes).toBeLessThanOrEqual(before.stats.diskBytes);
  for (const [i, outcome] of seen.aborted.entries()) {
    if (i % 2 === 1) expect(outcome).toBe(true);
    else expect(['ABORTED', 'resolved']).toContain(outcome);
  }
});
