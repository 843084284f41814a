import { beforeEach, describe, expect, it } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import type { Metric } from '../../shared/types.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import type { CollectionEngine } from './collection-engine.js';
import {
  batch,
  CONFIG,
  callOptions,
  clientOf,
  type EngineClient,
  openEngine,
  record,
  trueScore,
  unpackRecords,
} from './engine.contract.js';

let storage: MemoryStorage;
let engine: CollectionEngine;
let notes: EngineClient;

beforeEach(async () => {
  storage = new MemoryStorage();
  const opened = await openEngine(storage, CONFIG);
  engine = opened.engine;
  notes = clientOf(engine);
});

describe('query', () => {
  it('Q1 equal scores come in the order of id, across segments', async () => {
    await notes.upsert([record('d', 2, 0), record('b', 3, 0)]);
    await notes.upsert([record('c', 5, 0), record('a', 1, 1), record('A', 7, 0)]);
    expect((await notes.query([1, 0], { topK: 10 })).ids).toEqual(['A', 'b', 'c', 'd', 'a']);
  });

  it('Q2 returns k whenever k pass the filter, at every selectivity', async () => {
    await notes.upsert(batch(0, 300).map((each, i) => ({ ...each, metadata: { n: i } })));
    for (const passing of [0, 1, 9, 10, 11, 150, 299]) {
      const { ids, receipt } = await notes.query([1, 3], { topK: 10, filter: { n: { $lt: passing } } });
      expect(ids).toHaveLength(Math.min(10, passing));
      expect(receipt).toMatchObject({ scanned: passing, plan: passing === 0 ? 'empty' : 'flat' });
    }
  });

  it('Q2 minScore keeps what scores at least that; there is no other threshold', async () => {
    await notes.upsert([record('same', 2, 0), record('right', 0, 1), record('opposite', -1, 0)]);
    expect((await notes.query([1, 0])).scores).toEqual([1, 0, -1]);
    expect((await notes.query([1, 0], { minScore: 0 })).ids).toEqual(['same', 'right']);
    expect((await notes.query([1, 0], { minScore: 1 })).ids).toEqual(['same']);
    expect((await notes.query([1, 0], { minScore: 1.1 })).ids).toEqual([]);
  });

  it.each<Metric>(['cosine', 'dot', 'l2'])(
    'Q3 gives score and distance of the table under %s',
    async (metric) => {
      const own = (await openEngine(storage, { ...CONFIG, name: metric, metric })).engine;
      await clientOf(own).upsert([record('a', 3, 4), record('b', -1, 2), record('c', 0.5, -8)]);
      const { ids, scores, distances } = await clientOf(own).query([1, 2]);
      const vectors: Record<string, number[]> = { a: [3, 4], b: [-1, 2], c: [0.5, -8] };
      for (const [i, id] of ids.entries()) {
        const score = trueScore(metric, vectors[id]!, [1, 2]);
        expect(scores[i]).toBeCloseTo(score, 5);
        const distance = { cosine: 1 - score, dot: -score, l2: 1 / score - 1 }[metric];
        expect(distances[i]).toBeCloseTo(distance, 4);
      }
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    },
  );

  it('Q5 a query by id is the query with its vector; the record is among the matches', async () => {
    await notes.upsert([record('a', 1, 1), record('b', 1, 2), record('c', -1, 0)]);
    const [byId] = await engine.query([{ id: 'b' }], callOptions());
    const byVector = await notes.query([1, 2]);
    expect([byId!.ids, byId!.scores]).toEqual([byVector.ids, byVector.scores]);
    expect(byId!.ids[0]).toBe('b');
    await expect(engine.query([{ id: 'z' }], callOptions())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('Q6 queryMany gives, position by position, what query gives', async () => {
    await notes.upsert(batch(0, 50).map((each, i) => ({ ...each, metadata: { n: i % 5 } })));
    const queries = Array.from({ length: 12 }, (_, i) => ({
      vector: Float32Array.of(1, i * 4),
      topK: 1 + (i % 3),
      ...(i % 2 === 0 ? { filter: { n: i % 5 } } : {}),
      ...(i % 4 === 3 ? { minScore: 0.9 } : {}),
      includeVectors: i % 5 === 0,
    }));
    const many = await engine.query(queries, callOptions());
    for (const [i, own] of queries.entries()) {
      const [one] = await engine.query([own], callOptions());
      const withoutTime = { elapsedMs: 0 };
      expect({ ...many[i]!, receipt: { ...many[i]!.receipt, ...withoutTime } }).toEqual({
        ...one!,
        receipt: { ...one!.receipt, ...withoutTime },
      });
    }
  });

  it('Q7 sees all of a commit or nothing of it, and names the generation it saw', async () => {
    await notes.upsert(batch(0, 10));
    const writes = (async () => {
      for (let round = 1; round <= 20; round++) await notes.upsert(batch(round * 10, 10));
    })();
    for (let i = 0; i < 40; i++) {
      const { ids, receipt } = await notes.query([1, 0], { topK: 1_000 });
      expect(ids).toHaveLength(receipt.generation * 10);
      const { generation } = await notes.upsert([]);
      expect((await notes.query([1, 0])).receipt.generation).toBeGreaterThanOrEqual(generation);
    }
    await writes;
  });

  it('Q8 names plain JS where it scored', async () => {
    await notes.upsert(batch(0, 2_100));
    await notes.upsert(batch(5_000, 3));
    expect((await notes.query([1, 0])).receipt).toMatchObject({
      backend: 'js',
      scanned: 2_103,
      exact: true,
      complete: true,
    });
  });

  it('leaves vectors and metadata out, or in, as asked', async () => {
    await notes.upsert([record('a', 1, 0, { n: 1 }, 'text')]);
    const rich = await notes.query([1, 0], { includeVectors: true });
    expect(unpackRecords(rich, 2)).toEqual([{ id: 'a', metadata: { n: 1 }, text: 'text', vector: [1, 0] }]);
    const bare = await notes.query([1, 0], { includeMetadata: false });
    expect([bare.metadata, bare.texts, bare.vectors]).toEqual([undefined, undefined, undefined]);
  });
});

describe('lifecycle', () => {
  it('C4 rejects every call once closed, with the reason given', async () => {
    await notes.upsert([record('a')]);
    await engine.close(new VectorStoreError('CLOSED', 'closed for a test'));
    const calls = [
      notes.upsert([record('b')]),
      notes.deleteIds(['a']),
      notes.query([1, 0]),
      engine.stats(),
      notes.get(['a']),
      notes.list(),
    ];
    for (const end of await Promise.allSettled(calls)) {
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'CLOSED' } });
    }
  });

  it('S1 a second opening finds everything', async () => {
    await notes.upsert([record('a', 1, 2, { n: 1 }, 'text'), record('b')]);
    await notes.deleteIds(['b']);
    await notes.upsert(batch(0, 2_100));
    const { engine: again } = await openEngine(storage, CONFIG);
    expect(await clientOf(again).get(['a', 'b'])).toEqual([
      { id: 'a', metadata: { n: 1 }, text: 'text', vector: [1, 2] },
      undefined,
    ]);
    expect((await again.stats()).records).toBe(2_101);
    expect((await clientOf(again).query([1, 2], { topK: 2 })).ids).toEqual(['a', 'r000002']);
  });

  it('S4 an answer that needs a damaged page is CORRUPT; others still come', async () => {
    await notes.upsert([record('a')]);
    const { engine: again } = await openEngine(storage, CONFIG);
    const { readPages } = storage;
    storage.readPages = async (collection, segment, column, from, to) => {
      if (column === 'vectors') throw new VectorStoreError('CORRUPT', 'damaged');
      return readPages.call(storage, collection, segment, column, from, to);
    };
    await expect(clientOf(again).query([1, 0])).rejects.toMatchObject({ code: 'CORRUPT' });
    expect((await clientOf(again).list()).ids).toEqual(['a']);
    storage.readPages = readPages;
    expect((await clientOf(again).query([1, 0])).ids).toEqual(['a']);
  });

  it('a sealed segment whose pages could not be read once is read again by the next query', async () => {
    await notes.upsert(batch(0, 2_100));
    const { readPages } = storage;
    storage.readPages = async () => {
      throw new VectorStoreError('STORAGE_BLOCKED', 'not now');
    };
    const { engine: again } = await openEngine(storage, CONFIG);
    await expect(clientOf(again).query([1, 0])).rejects.toMatchObject({ code: 'STORAGE_BLOCKED' });
    storage.readPages = readPages;
    expect((await clientOf(again).query([1, 0])).ids).toHaveLength(10);
  });
});
