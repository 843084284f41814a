import { beforeAll, expect, it } from 'vitest';
import { clusteredVectors } from '../index/trained.contract.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import type { CollectionEngine } from './collection-engine.js';
import { callOptions, computeWith, openEngine, packRecords, trueScore } from './engine.contract.js';
import { trainBySimd } from './upsert-heavy.contract.js';

const ROWS = 20_000;
const DIMENSION = 32;
const CLUSTERS = 200;
const QUERIES = 100;
const REGIONS = 20;
const SELECTIVITIES = process.env.SEL
  ? process.env.SEL.split(',').map(Number)
  : [0.0001, 0.001, 0.01, 0.1, 0.5, 1];

interface Metadata {
  /** 0 to ROWS − 1, each once, independent of the vector. */
  readonly rank: number;
  /** Place in the order of clusters: rows of one cluster follow one another. */
  readonly place: number;
  /** Place in the order of the vectors' first components. */
  readonly side: number;
}

const all = clusteredVectors(new SeededRandom(31), {
  rows: ROWS + QUERIES,
  dimension: DIMENSION,
  clusters: CLUSTERS,
  spread: 0.7,
});
const vectorOf = (row: number) => all.subarray(row * DIMENSION, (row + 1) * DIMENSION);
let engine: CollectionEngine;
let metadata: Metadata[];
/** Held-out queries, each with the true scores of all rows. */
let truth: [query: Float32Array<ArrayBuffer>, scores: Float64Array][];

beforeAll(async () => {
  const random = new SeededRandom(32);
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  const ranks = random.sample(rows, ROWS);
  const sides = placesBy(rows, (row) => vectorOf(row)[0]!);
  // Rows of a region are those that are nearest to the same pivot.
  const pivots = random.sample(rows, REGIONS).map(vectorOf);
  const clusterOf = rows.map((row) => {
    const scores = pivots.map((pivot) => trueScore('cosine', vectorOf(row), pivot));
    return scores.indexOf(Math.max(...scores));
  });
  const places = placesBy(rows, (row) => clusterOf[row]!);
  metadata = rows.map((row) => ({ rank: ranks[row]!, place: places[row]!, side: sides[row]! }));
  const config = { name: 'notes', dimension: DIMENSION, metric: 'cosine' } as const;
  const opened = await openEngine(new MemoryStorage(), config, computeWith('wasm'), 1, trainBySimd);
  engine = opened.engine;
  const records = rows.map((row) => ({ id: `r${row}`, vector: vectorOf(row), metadata: metadata[row]! }));
  await engine.upsert(packRecords(records, DIMENSION), 'upsert', 'disk', callOptions());
  await engine.optimize(callOptions());
  expect((await engine.stats()).index).toMatchObject({ kind: 'ivf', indexedRows: ROWS });
  truth = Array.from({ length: QUERIES }, (_, q) => {
    const query = vectorOf(ROWS + q);
    return [query, Float64Array.from(rows, (row) => trueScore('cosine', vectorOf(row), query))];
  });
}, 30_000);

/** Row → its place in the order of a value. */
function placesBy(rows: readonly number[], value: (row: number) => number): number[] {
  const places: number[] = [];
  const sorted = rows.map((row) => [row, value(row)] as const).sort((a, b) => a[1] - b[1]);
  for (const [place, [row]] of sorted.entries()) places[row] = place;
  return places;
}

it.each([
  ['independent of the vectors', 'rank'],
  ['some regions', 'place'],
  ['one side of the space', 'side'],
] as const)(
  'I7 I8: a filter that selects %s gives k at every selectivity, and the target is met',
  async (_, field) => {
    for (const [i, selectivity] of SELECTIVITIES.entries()) {
      const limit = ROWS * selectivity;
      const filter = { [field]: { $lt: limit } } as Record<typeof field, { $lt: number }>;
      const k = Math.min(10, limit);
      let hits = 0;
      let probed = 0;
      for (const [vector, scores] of truth) {
        const passing = scores.filter((_, row) => metadata[row]![field] < limit).sort();
        expect(passing).toHaveLength(limit);
        const [answer] = await engine.query([{ vector, filter }], callOptions());
        expect(answer!.scores).toHaveLength(k);
        hits += answer!.scores.filter((score) => score >= passing.at(-k)! - 1e-5).length;
        probed += Number(!answer!.receipt.exact);
      }
      const recall = hits / (QUERIES * k);
      expect(recall).toBeGreaterThanOrEqual(i < 4 ? 1 : 0.95);
      if (selectivity === 1) expect(probed).toBe(QUERIES);
    }
  },
);

it('Q6 I7: many filtered queries at once widen each for itself', async () => {
  const filter = { side: { $lt: ROWS / 2 } };
  const queries = truth.map(([vector]) => ({ vector, filter }));
  const together = await engine.query(queries, callOptions());
  for (const [i, query] of queries.entries()) {
    // Another topK is another question, which is not answered from what is known.
    const [alone] = await engine.query([{ ...query, topK: 10 }], callOptions());
    expect(together[i]!.ids).toEqual(alone!.ids);
  }
});
