import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { staticEmbedder } from '../../client/embedders/static-embedder.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { batch, CONFIG, callOptions, clientOf, openEngine, record } from './engine.contract.js';

async function open() {
  const { engine } = await openEngine(new MemoryStorage(), CONFIG);
  const notes = clientOf(engine);
  await notes.upsert([
    record('a', 1, 0, { kind: 'x' }, 'The ferry leaves at nine'),
    record('b', 0, 1, { kind: 'y' }, 'A ferry, a ferry!'),
    record('c', 1, 1, { kind: 'x' }, 'Nothing of the kind'),
    record('d', -1, 0),
  ]);
  const ask = async (query: object) => (await engine.query([query], callOptions()))[0]!;
  return { engine, notes, ask };
}

test('J1 J5 J8 a keyword query needs no embedder and compares no vectors', async () => {
  const { ask } = await open();
  const answer = await ask({ text: 'FERRY', keyword: {} });
  expect(answer.ids).toEqual(['b', 'a']);
  expect(answer.scores).toEqual([Number.NaN, Number.NaN]);
  expect(answer.texts).toEqual(['A ferry, a ferry!', 'The ferry leaves at nine']);
  expect(answer.receipt).toMatchObject({
    plan: 'keyword',
    exact: true,
    complete: true,
    scanned: 2,
    kernel: 'js',
  });
  expect((await ask({ text: 'unheard', keyword: {} })).ids).toEqual([]);
  expect((await ask({ text: '– !', keyword: {} })).ids).toEqual([]);
});

test('J4 J5 J6 a hybrid query by vector and text: ranks, true scores, k of k', async () => {
  const { ask } = await open();
  const answer = await ask({ text: 'ferry', vector: Float32Array.of(1, 0), hybrid: {} });
  // Vectors: a, c, b, d. Words: b, a.
  expect(answer.ids).toEqual(['a', 'b', 'c', 'd']);
  const fused = [1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62, 1 / 64];
  for (const [i, value] of fused.entries()) expect(answer.fusedScores![i]).toBeCloseTo(value, 12);
  expect(answer.scores[1]).toBeCloseTo(0, 6);
  expect(answer.keywordScores!.map((value) => value !== undefined)).toEqual([true, true, false, false]);
  expect(answer.receipt).toMatchObject({ plan: 'hybrid', scanned: 6 });
});

test('J6 a hybrid query by the vector of a record', async () => {
  const { ask } = await open();
  expect((await ask({ text: 'kind', id: 'd', hybrid: {}, topK: 2 })).ids).toEqual(['c', 'd']);
});

test('J7 minScore drops, and changes no rank', async () => {
  const { ask } = await open();
  const query = { text: 'ferry', vector: Float32Array.of(1, 0), hybrid: {} };
  const { ids, fusedScores } = await ask({ ...query, minScore: 0.5 });
  expect(ids).toEqual(['a', 'c']);
  expect(fusedScores![1]).toBeCloseTo(1 / 62, 12);
});

test('J5 what words alone have found among many is scored by its vector', async () => {
  const { engine, notes, ask } = await open();
  // Nearer to (1, 0) than b, and more than a ranking is deep.
  await notes.upsert(batch(0, 2500).map((each) => ({ ...each, vector: [1, 0.1] })));
  await notes.upsert([record('e', 0, -3, undefined, 'a ferry of old')]);
  const { ids, scores } = await ask({ text: 'ferry', vector: Float32Array.of(1, 0), hybrid: {}, topK: 3 });
  expect(ids).toEqual(expect.arrayContaining(['b', 'e', 'a']));
  expect(scores[ids.indexOf('e')]).toBeCloseTo(0, 6);
  expect((await engine.stats()).segments).toBeGreaterThan(1);
});

test('J6 where the embedder knows no word of a hybrid query, words rank alone', async () => {
  const embedder = staticEmbedder();
  const fetched = globalThis.fetch;
  globalThis.fetch = async (url) => new Response(Uint8Array.from(await readFile(new URL(String(url)))));
  try {
    const config = { name: 'notes', dimension: embedder.dimension, metric: 'cosine' as const };
    const { engine } = await openEngine(new MemoryStorage(), config);
    const options = { ...callOptions(), embedder };
    const { packStrings } = await import('../../shared/string-column.js');
    await engine.upsert(
      {
        ids: packStrings(['a', 'b']),
        vectors: new Float32Array(2 * embedder.dimension),
        toEmbed: [0, 1],
        metadata: undefined,
        texts: packStrings(['part qzx77 of the engine', 'a boat']),
      },
      'upsert',
      'disk',
      options,
    );
    const [code, boat] = await engine.query(
      [
        { text: 'qzx77', hybrid: {} },
        { text: 'ship', hybrid: {} },
      ],
      options,
    );
    expect(code).toMatchObject({ ids: ['a'], scores: [Number.NaN], receipt: { plan: 'hybrid' } });
    expect(code!.fusedScores![0]).toBeCloseTo(1 / 61, 12);
    expect(boat!.ids).toEqual(['b', 'a']);
    expect(boat!.scores[0]).toBeGreaterThan(boat!.scores[1]!);
  } finally {
    globalThis.fetch = fetched;
  }
});

test('J11 groups: the best of each, others left out', async () => {
  const { ask } = await open();
  const answer = await ask({ vector: Float32Array.of(1, 0), groupBy: 'kind', groupSize: 2, topK: 5 });
  expect(answer.ids).toEqual(['a', 'c', 'b']);
  expect(answer.groups).toEqual([
    { value: 'x', start: 0 },
    { value: 'y', start: 2 },
  ]);
});

test('Q6 ranked and other queries of one call each get their answer', async () => {
  const { engine } = await open();
  const vector = Float32Array.of(0, 1);
  const queries = [
    { vector, topK: 1 },
    { text: 'nine', keyword: {} },
    { vector, diversity: 1, topK: 2 },
    { id: 'a', topK: 1 },
  ];
  const answers = await engine.query(queries, callOptions());
  expect(answers.map(({ ids }) => ids)).toEqual([['b'], ['a'], ['b', 'a'], ['a']]);
});
