import type { Metric } from 'nearshore';
import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

for (const metric of ['cosine', 'dot', 'l2'] satisfies Metric[]) {
  for (const backend of ['js', 'wasm'] as const) {
    test(`Q1, Q2, Q3: ${metric} on ${backend} agrees with the oracle, with filters that pass all to none`, async ({
      page,
    }) => {
      const seen = await page.evaluate(
        async ([metric, backend]) => {
          const store = await nearshore.openStore('s', { backend });
          const notes = await store.collection<{ n: number }>('notes', { dimension: 16, metric });
          const ids = helpers.ids(3_000);
          const corpus = { ids, vectors: helpers.vectors(3_000, 16, 1), dimension: 16, metric };
          const metadata = ids.map((_, n) => ({ n }));
          // A sealed segment and a tail, with replaced and deleted rows in both.
          const rows = (from: number, to: number) => ({
            ids: ids.slice(from, to),
            vectors: corpus.vectors.subarray(from * 16, to * 16),
            metadata: metadata.slice(from, to),
          });
          await notes.upsert({ ...rows(0, 2_500), vectors: helpers.vectors(2_500, 16, 9) });
          await notes.upsert(rows(0, 2_500));
          await notes.upsert({ ids: ['gone'], vectors: helpers.vectors(1, 16, 3) });
          await notes.upsert(rows(2_500, 3_000));
          await notes.delete({ ids: ['gone', ...ids.filter((_, n) => n % 100 === 7)] });
          const problems: string[] = [];
          const scanned: number[][] = [];
          const query = helpers.vectors(1, 16, 2);
          const lives = (row: number) => row % 100 !== 7;
          for (const [below, topK] of [
            [Infinity, 10],
            [Infinity, 1],
            [Infinity, 5_000],
            [1_500, 25],
            [30, 100],
            [3, 10],
            [1, 1],
            [0, 10],
          ] as const) {
            const ranking = helpers.rank(corpus, query, (row) => lives(row) && row < below);
            const filter = below === Infinity ? {} : { filter: { n: { $lt: below } } };
            const { matches, receipt } = await notes.query({ vector: query, topK, ...filter });
            const found = helpers.differences(matches, ranking, metric, topK);
            problems.push(...found.map((difference) => `n < ${below}, topK ${topK}: ${difference}`));
            scanned.push([receipt.scanned, ranking.length]);
            if (!receipt.exact || !receipt.complete) problems.push(JSON.stringify(receipt));
            if (receipt.plan !== (ranking.length === 0 ? 'empty' : 'flat')) problems.push(receipt.plan);
          }
          return { problems, scanned };
        },
        [metric, backend] as const,
      );
      expect(seen.problems).toEqual([]);
      for (const [scanned, passing] of seen.scanned) expect(scanned).toBe(passing);
    });
  }
}

test('Q1: equal scores come in the order of id', async ({ page }) => {
  const ids = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    for (const id of ['c', 'a', '\ufffd', 'b', '\u{1f600}', 'B'])
      await notes.upsert([{ id, vector: [3, 4] }]);
    await notes.upsert([{ id: 'zz best', vector: [1, 0] }]);
    return (await notes.query({ vector: [1, 0] })).matches.map(({ id }) => id);
  });
  expect(ids).toEqual(['zz best', 'B', 'a', 'b', 'c', '\u{1f600}', '\ufffd']);
});

test('Q2: minScore keeps what scores at least that; there is no threshold besides', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const answers: Record<string, unknown> = {};
    for (const metric of ['cosine', 'dot', 'l2'] as const) {
      const notes = await store.collection(metric, { dimension: 2, metric });
      await notes.upsert([
        { id: 'same', vector: [2, 0] },
        { id: 'across', vector: [0, 2] },
        { id: 'opposite', vector: [-2, 0] },
      ]);
      const ask = async (minScore?: number) => {
        const query = { vector: [2, 0], ...(minScore === undefined ? {} : { minScore }) };
        const { matches } = await notes.query(query);
        return matches.map(({ id, score, distance }) => [id, +score.toFixed(4), +distance.toFixed(4)]);
      };
      const all = await ask();
      const second = (await notes.query({ vector: [2, 0] })).matches[1]!.score;
      answers[metric] = [
        all,
        (await ask(second)).length,
        (await ask(second + 1e-6)).length,
        (await ask(99)).length,
      ];
    }
    return answers;
  });
  const order = (same: number[], across: number[], opposite: number[]) => [
    ['same', ...same],
    ['across', ...across],
    ['opposite', ...opposite],
  ];
  expect(seen).toEqual({
    cosine: [order([1, 0], [0, 1], [-1, 2]), 2, 1, 0],
    dot: [order([4, -4], [0, 0], [-4, 4]), 2, 1, 0],
    l2: [order([1, 0], [0.2612, 2.8284], [0.2, 4]), 2, 1, 0],
  });
});

test('Q1: metadata, text and vectors come along as asked, and vectors are copies', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2, metric: 'dot' });
    await notes.upsert([{ id: 'a', vector: [0.1, 0.2], text: 'one', metadata: { n: 1 } }]);
    await notes.upsert([{ id: 'b', vector: [0.3, 0.4] }]);
    const keys = async (options: object) =>
      (await notes.query({ vector: [1, 1], ...options })).matches.map((match) =>
        Object.keys(match).sort().join(),
      );
    const shapes = [
      await keys({}),
      await keys({ includeVectors: true }),
      await keys({ includeMetadata: false }),
      await keys({ includeMetadata: false, where: () => true }),
    ];
    const { matches } = await notes.query({ vector: [1, 1], includeVectors: true });
    const before = matches.map(({ vector }) => [...vector!]);
    for (const { vector } of matches) vector!.fill(9);
    const again = await notes.query({ vector: [1, 1], includeVectors: true });
    return {
      shapes,
      before,
      again: again.matches.map(({ vector }) => [...vector!]),
      first: again.matches[1],
    };
  });
  expect(seen.shapes).toEqual([
    ['distance,id,score', 'distance,id,metadata,score,text'],
    ['distance,id,score,vector', 'distance,id,metadata,score,text,vector'],
    ['distance,id,score', 'distance,id,score'],
    ['distance,id,score', 'distance,id,score'],
  ]);
  expect(seen.before).toEqual([[0.3, 0.4].map(Math.fround), [0.1, 0.2].map(Math.fround)]);
  expect(seen.again).toEqual(seen.before);
  expect(seen.first).toMatchObject({ id: 'a', text: 'one', metadata: { n: 1 } });
});

test('Q4: where is applied after the filter, widens until topK pass, and judges each record once', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection<{ n: number; odd: boolean }>('notes', { dimension: 8 });
    const ids = helpers.ids(2_000);
    const corpus = { ids, vectors: helpers.vectors(2_000, 8, 1), dimension: 8, metric: 'cosine' as const };
    const metadata = ids.map((_, n) => ({ n, odd: n % 2 === 1 }));
    const texts = ids.map((id) => `text of ${id}`);
    await notes.upsert({ ids, vectors: corpus.vectors, metadata, texts });
    const query = helpers.vectors(1, 8, 2);
    const outcomes = [];
    for (const [keep, topK] of [
      [(n: number) => n % 3 === 0, 5],
      // Passes so seldom that every record has to be looked at.
      [(n: number) => n === 1_501 || n === 3, 10],
      [() => false, 3],
      [() => true, 3_000],
    ] as const) {
      const judged: string[] = [];
      const odd: boolean[] = [];
      const { matches, receipt } = await notes.query({
        vector: query,
        topK,
        filter: { odd: true },
        where: ({ id, metadata, text }) => {
          judged.push(id);
          odd.push(metadata!.odd && text === `text of ${id}`);
          return keep(metadata!.n);
        },
      });
      const ranking = helpers.rank(corpus, query, (row) => row % 2 === 1 && keep(row));
      outcomes.push({
        differences: helpers.differences(matches, ranking, 'cosine', topK),
        twice: judged.length - new Set(judged).size,
        onlyFiltered: odd.every(Boolean),
        judged: judged.length,
        complete: receipt.complete && receipt.exact,
      });
    }
    const withMinScore = await notes.query({
      vector: query,
      topK: 10,
      minScore: helpers.rank(corpus, query)[20]!.score,
      where: ({ metadata }) => !metadata!.odd,
    });
    const threw = await notes
      .query({
        vector: query,
        where: () => {
          throw new Error('a bug of the app');
        },
      })
      .catch((error: Error) => error.message);
    return { outcomes, kept: withMinScore.matches.every(({ metadata }) => !metadata!.odd), threw };
  });
  expect(seen.outcomes.map(({ differences }) => differences)).toEqual([[], [], [], []]);
  for (const outcome of seen.outcomes)
    expect(outcome).toMatchObject({ twice: 0, onlyFiltered: true, complete: true });
  expect(seen.outcomes.map(({ judged }) => judged).slice(1)).toEqual([1_000, 1_000, 1_000]);
  expect(seen.outcomes[0]!.judged).toBeLessThan(1_000);
  expect(seen).toMatchObject({ kept: true, threw: 'a bug of the app' });
});

test("Q5: a query by id is the query with that record's vector", async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 8, metric: 'l2' });
    const vectors = helpers.vectors(2_200, 8, 1);
    await notes.upsert({ ids: helpers.ids(2_200), vectors });
    await notes.upsert([{ id: 'tail', vector: vectors.slice(0, 8) }]);
    const pairs = [];
    for (const [id, row] of [
      ['r5', 5],
      ['tail', 0],
    ] as const) {
      const byId = await notes.query({ id, topK: 20 });
      const byVector = await notes.query({ vector: vectors.slice(row * 8, row * 8 + 8), topK: 20 });
      pairs.push({
        id,
        same: JSON.stringify(byId.matches) === JSON.stringify(byVector.matches),
        matches: byId.matches,
      });
    }
    await notes.delete({ ids: ['r5'] });
    const absent = await helpers.rejection(notes.query({ id: 'r5' }));
    return { pairs, absent };
  });
  expect(seen.pairs.map(({ same }) => same)).toEqual([true, true]);
  expect(seen.pairs[0]!.matches[0]).toMatchObject({ id: 'r5', distance: 0, score: 1 });
  // Two records with one vector.
  expect(seen.pairs[1]!.matches.slice(0, 2).map(({ id }) => id)).toEqual(['r0', 'tail']);
  expect(seen.absent).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('"r5"') });
});

for (const backend of ['js', 'wasm'] as const) {
  test(`Q6: queryMany gives, position by position, what query gives on ${backend}`, async ({ page }) => {
    const pairs = await page.evaluate(async (backend) => {
      const store = await nearshore.openStore('s', { backend });
      const notes = await store.collection<{ n: number }>('notes', { dimension: 8 });
      const ids = helpers.ids(2_300);
      const metadata = ids.map((_, n) => ({ n }));
      await notes.upsert({ ids, vectors: helpers.vectors(2_300, 8, 1), metadata });
      await notes.upsert({ ids: helpers.ids(50, 't'), vectors: helpers.vectors(50, 8, 2) });
      const asked = helpers.vectors(12, 8, 3);
      const vector = (i: number) => asked.slice(i * 8, i * 8 + 8);
      const queries = [
        { vector: vector(0) },
        { vector: vector(1) },
        { vector: [...vector(2)], topK: 3 },
        { vector: vector(3), filter: { n: { $lt: 20 } } },
        { vector: vector(4), filter: { n: { $lt: 20 } }, topK: 50 },
        { id: 'r7' },
        { id: 't7', includeVectors: true },
        { vector: vector(7), minScore: 0.7 },
        { vector: vector(8), minScore: 0.9 },
        { vector: vector(9), includeMetadata: false },
        {
          vector: vector(10),
          where: ({ metadata }: { metadata?: { n: number } }) => (metadata?.n ?? 0) % 2 === 1,
        },
        { vector: vector(0) },
      ];
      const together = await notes.queryMany(queries);
      const pairs = [];
      for (const [i, query] of queries.entries()) {
        const alone = await notes.query(query);
        const plain = ({ matches, receipt }: typeof alone) => ({
          matches: matches.map(({ vector, score, distance, ...rest }) => ({
            ...rest,
            vector: vector && [...vector],
          })),
          receipt: { ...receipt, elapsedMs: 0 },
        });
        const scores = (answer: typeof alone) => answer.matches.map(({ score }) => score);
        const [a, b] = [scores(alone), scores(together[i]!)];
        // A batch may be summed in another order than one query.
        const off = Math.max(0, ...a.map((score, j) => Math.abs(score - b[j]!)));
        pairs.push({ together: plain(together[i]!), alone: plain(alone), off });
      }
      const none = await notes.queryMany([]);
      return { pairs, none, count: together.length };
    }, backend);
    for (const { together, alone, off } of pairs.pairs) {
      expect(together).toEqual(alone);
      expect(off).toBeLessThan(1e-5);
    }
    expect(pairs).toMatchObject({ none: [], count: 12 });
  });
}

test('Q7: a query sees all of a commit or nothing of it, and every write acknowledged before', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection<{ round: number }>('notes', { dimension: 4 });
    const [ids, vectors] = [helpers.ids(300), helpers.vectors(300, 4, 1)];
    const write = (round: number) =>
      notes.upsert({ ids, vectors, metadata: ids.map(() => ({ round })) }).then(({ generation }) => {
        acknowledged = Math.max(acknowledged, generation);
        rounds.set(generation, round);
      });
    let acknowledged = 0;
    const rounds = new Map<number, number>();
    await write(0);
    const answers: { before: number; generation: number; seen: number[] }[] = [];
    for (let round = 1; round <= 15; round++) {
      const writing = write(round);
      for (let i = 0; i < 4; i++) {
        const before = acknowledged;
        const { matches, receipt } = await notes.query({ vector: vectors.slice(0, 4), topK: 300 });
        const found = [...new Set(matches.map(({ metadata }) => metadata!.round))];
        answers.push({ before, generation: receipt.generation, seen: [matches.length, ...found] });
      }
      await writing;
    }
    return answers.map((answer) => ({ ...answer, round: rounds.get(answer.generation) }));
  });
  for (const { before, generation, seen: found, round } of seen) {
    expect(generation).toBeGreaterThanOrEqual(before);
    // Generations between two writes are merges.
    expect(found).toEqual([300, round ?? found[1]]);
  }
});

test("Q8: the receipt names the backend: 'js' by request, 'wasm' for tail, sealed rows and both", async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const receipts: Record<string, string[]> = {};
    for (const backend of ['js', 'wasm'] as const) {
      const store = await nearshore.openStore(backend, { backend });
      const notes = await store.collection('notes', { dimension: 8 });
      const ask = async () => {
        const { receipt } = await notes.query({ vector: helpers.vectors(1, 8, 5) });
        return `${receipt.backend} ${receipt.plan} ${receipt.scanned}`;
      };
      const empty = await ask();
      await notes.upsert({ ids: helpers.ids(10, 't'), vectors: helpers.vectors(10, 8, 1) });
      const tail = await ask();
      await notes.upsert({ ids: helpers.ids(2_048), vectors: helpers.vectors(2_048, 8, 2) });
      const both = await ask();
      await notes.delete({ ids: helpers.ids(10, 't') });
      const sealed = await ask();
      await notes.delete({ filter: {} });
      const none = await ask();
      receipts[backend] = [empty.replace(/^\w+ /, ''), tail, both, sealed, none.replace(/^\w+ /, '')];
    }
    return receipts;
  });
  expect(seen).toEqual({
    js: ['empty 0', 'js flat 10', 'js flat 2058', 'js flat 2048', 'empty 0'],
    wasm: ['empty 0', 'wasm flat 10', 'wasm flat 2058', 'wasm flat 2048', 'empty 0'],
  });
});
