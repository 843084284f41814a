import { expect, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { rowsFrom } from '../compute/kernels-oracle.contract.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { Pace } from './pace.js';
import { Space } from './space.js';
import { splitCluster } from './split-lists.js';

async function split(
  vectors: Float32Array<ArrayBuffer>,
  dimension: number,
  longest: number,
  metric: Metric = 'l2',
) {
  const space = await Space.of(rowsFrom(vectors, dimension), { dimension, metric }, async () => {});
  const rows = Uint32Array.from({ length: vectors.length / dimension }, (_, i) => i);
  return splitCluster(space, rows, longest, new Pace(1, { macsPerCall: 1 }));
}

it.each([
  [32, 1],
  [33, 2],
  [100, 4],
  [1000, 32],
])('I1 %d rows become the fewest lists of at most 32, their sizes one apart', async (count, expected) => {
  const random = new SeededRandom(count);
  const lists = await split(
    Float32Array.from({ length: count * 3 }, () => random.normal()),
    3,
    32,
  );
  expect(lists).toHaveLength(expected);
  expect(lists.flatMap((list) => [...list]).sort((a, b) => a - b)).toEqual(
    Array.from({ length: count }, (_, i) => i),
  );
  const sizes = lists.map((list) => list.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(32);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
});

it('I1 rows that are near each other stay together', async () => {
  // Eight well separated heaps of 32 on a line, in random order.
  const random = new SeededRandom(1);
  const heaps = Array.from({ length: 256 }, (_, i) => i % 8).sort(() => random.next() - 0.5);
  const vectors = Float32Array.from(heaps.flatMap((heap) => [10 * heap + random.next(), random.next()]));
  const lists = await split(vectors, 2, 32);
  for (const list of lists) expect(new Set([...list].map((row) => heaps[row])).size).toBe(1);
});

it('I1 rows are cut across the direction in which they are spread, wherever they are', async () => {
  const random = new SeededRandom(2);
  const vectors = new Float32Array(64 * 4);
  for (let row = 0; row < 64; row++) {
    vectors.set([100 + random.normal(), random.normal(), 10 * random.normal(), random.normal()], row * 4);
  }
  const [left, right] = await split(vectors, 4, 32, 'dot');
  const places = (list: Uint32Array) => Array.from(list, (row) => vectors[row * 4 + 2]!);
  const [one, other] = [places(left!), places(right!)];
  const overlap =
    Math.min(Math.max(...one), Math.max(...other)) - Math.max(Math.min(...one), Math.min(...other));
  expect(overlap).toBeLessThan(2);
});

it('I1 equal rows are cut anywhere', async () => {
  const lists = await split(new Float32Array(2 * 90).fill(3), 2, 32);
  expect(lists.map((list) => list.length)).toEqual([30, 30, 30]);
});
