import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileFilter } from '../../shared/filter.js';
import type { CollectionConfig, Metric } from '../../shared/types.js';
import { clusteredVectors } from '../index/trained.contract.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import {
  callOptions,
  computeWith,
  holdingWith,
  jsCompute,
  openEngine,
  packRecords,
  trueScore,
} from './engine.contract.js';
import { select } from './segment-view.js';
import { CollectionState } from './state.js';
import { trainBySimd } from './upsert-heavy.contract.js';

// Data that an index has nothing to hold on to, through the real training; and all lists against every row.

/** A collection that is indexed from the first sealed segment on. */
async function collectionOf(vectors: Float32Array, dimension: number, metric: Metric) {
  const storage = new MemoryStorage();
  const config: CollectionConfig = { name: 'notes', dimension, metric };
  const { engine } = await openEngine(storage, config, computeWith('wasm'), 1, trainBySimd);
  const records = Array.from({ length: vectors.length / dimension }, (_, row) => ({
    id: `r${row}`,
    vector: vectors.subarray(row * dimension, (row + 1) * dimension),
    metadata: { n: row },
  }));
  await engine.upsert(packRecords(records, dimension), 'upsert', 'disk', callOptions());
  await engine.optimize(callOptions());
  return { engine, storage };
}

const drawn = (rows: number, dimension: number, clusters = 20) =>
  clusteredVectors(new SeededRandom(41), { rows, dimension, clusters, spread: 0.4 });

const repeated = (rows: number, dimension: number, distinct: number) => {
  const few = drawn(distinct, dimension);
  return Float32Array.from({ length: rows * dimension }, (_, i) => few[i % few.length]!);
};

it.each<[string, Metric, number, Float32Array]>([
  ['all vectors equal', 'cosine', 6, repeated(2100, 6, 1)],
  ['fewer distinct vectors than centroids', 'l2', 4, repeated(2100, 4, 5)],
  ['dimension 1', 'l2', 1, drawn(2100, 1)],
  ['dimension 1, of which cosine sees two', 'cosine', 1, drawn(2100, 1)],
  ['dimension 4,096', 'cosine', 4096, drawn(2048, 4096)],
  ['values near the greatest norm', 'dot', 8, drawn(2100, 8).map((value) => value * 2 ** 57)],
  ['values near the greatest norm', 'l2', 8, drawn(2100, 8).map((value) => value * 2 ** 57)],
  ['values near the smallest norm', 'cosine', 8, drawn(2100, 8).map((value) => value * 2 ** -60)],
])(
  'I1 I5: %s (%s, dimension %i)',
  async (_, metric, dimension, vectors) => {
    const { engine } = await collectionOf(vectors, dimension, metric);
    const rows = vectors.length / dimension;
    const { index } = await engine.stats();
    expect(index).toMatchObject({ kind: 'ivf', indexedRows: rows });
    expect(index.recall!.value).toBeGreaterThanOrEqual(0.95);
    const asked = dimension > 1000 ? 4 : 40;
    let found = 0;
    for (let q = 0; q < asked; q++) {
      const row = (q * 51) % rows;
      const vector = vectors.slice(row * dimension, (row + 1) * dimension);
      const scores = Array.from({ length: rows }, (_, own) =>
        trueScore(metric, vectors.subarray(own * dimension, (own + 1) * dimension), vector),
      ).sort((a, b) => b - a);
      const enough = scores[9]! - 1e-4 * Math.max(1, Math.abs(scores[9]!));
      const [answer] = await engine.query([{ vector }], callOptions());
      expect(answer!.ids).toHaveLength(10);
      expect(answer!.scores.every(Number.isFinite)).toBe(true);
      found += answer!.scores.filter((score) => score >= enough).length;
    }
    expect(found / (10 * asked)).toBeGreaterThanOrEqual(0.95);
    const [all] = await engine.query(
      [{ vector: vectors.slice(0, dimension), topK: rows + 1 }],
      callOptions(),
    );
    expect(new Set(all!.ids).size).toBe(rows);
  },
  60_000,
);

it('I1: one record has no index, and is found', async () => {
  const { engine } = await collectionOf(Float32Array.of(1, 2, 3), 3, 'cosine');
  expect((await engine.stats()).index.kind).toBe('flat');
  const [answer] = await engine.query([{ vector: Float32Array.of(1, 0, 0), topK: 5 }], callOptions());
  expect(answer).toMatchObject({ ids: ['r0'], receipt: { exact: true } });
});

it('I9: for random collections, metrics, filters and deletes, all lists give what all rows give, up to ties', async () => {
  const cases = fc.record({
    seed: fc.nat(),
    metric: fc.constantFrom<Metric>('cosine', 'dot', 'l2'),
    rows: fc.integer({ min: 2048, max: 2600 }),
    dimension: fc.integer({ min: 1, max: 12 }),
    clusters: fc.integer({ min: 1, max: 60 }),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    deleted: fc.double({ min: 0, max: 0.45, noNaN: true }),
    k: fc.integer({ min: 1, max: 60 }),
  });
  const property = fc.asyncProperty(
    cases,
    async ({ seed, metric, rows, dimension, clusters, from, deleted, k }) => {
      const random = new SeededRandom(seed);
      // On a coarse grid, for ties.
      const vectors = clusteredVectors(random, { rows, dimension, clusters, spread: 0.5 }).map(
        (value) => (Math.round(value * 4) || 1) / 4,
      );
      const { engine, storage } = await collectionOf(vectors, dimension, metric);
      const gone = Array.from({ length: rows }, (_, row) => `r${row}`).filter(() => random.chance(deleted));
      await engine.delete({ ids: gone }, 'disk', callOptions());
      const row = (await storage.readCollection('notes'))!;
      const { deviceId } = await storage.readStore();
      const { current } = await CollectionState.open(
        storage,
        holdingWith(jsCompute()),
        row,
        deviceId,
        () => {},
      );
      const view = current.views.find(({ sealed }) => sealed !== undefined)!;
      const { excluded } = await select(view, compileFilter({ n: { $gte: Math.floor(from * rows) } }));
      const query = { vectors: Float32Array.from({ length: dimension }, () => random.normal()), count: 1 };
      const probes = view.segment.manifest.index!.lists;
      const probed = await view.sealed!.search(query, k, { excluded, probes });
      const exact = await view.sealed!.search(query, k, { excluded });
      expect([probed.probed, exact.probed]).toEqual([true, false]);
      expect(probed.best.scanned).toBe(exact.best.scanned);
      expect(probed.best.similarities).toEqual(exact.best.similarities);
      expect(probed.best.rows.filter((found) => found === -1)).toEqual(
        exact.best.rows.filter((found) => found === -1),
      );
    },
  );
  await fc.assert(property, { numRuns: 15, seed: 7 });
}, 60_000);
