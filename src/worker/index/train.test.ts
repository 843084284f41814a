import { describe, expect, it } from 'vitest';
import type { Metric, Progress } from '../../shared/types.js';
import { jsKernels } from '../compute/js-kernels.js';
import type { Rows } from '../compute/kernels.js';
import { queriesOf, rowsFrom } from '../compute/kernels-oracle.contract.js';
import { simdKernels } from '../compute/simd-kernels.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { probesFor, recallAt, scannedBy } from './recall-curve.js';
import type { Shape } from './space.js';
import { type TrainOptions, train } from './train.js';
import { clusteredVectors, expectIndex, splitRows } from './trained.contract.js';

const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2'];
const OPTIONS: TrainOptions = { seed: 1, macsPerCall: 4_000_000 };

async function trained(rows: Rows, shape: Shape, options: Partial<TrainOptions> = {}) {
  const before = rows.vectors.slice();
  const index = await train(rows, shape, jsKernels, { ...OPTIONS, ...options });
  expect(rows.vectors.every((value, i) => value === before[i])).toBe(true);
  expectIndex(index, rows, shape);
  return index;
}

function clustered(seed: number, rows: number, dimension: number, spread = 0.5): Rows {
  const random = new SeededRandom(seed);
  return rowsFrom(clusteredVectors(random, { rows, dimension, clusters: rows >> 6 || 1, spread }), dimension);
}

describe.each(METRICS)('I1 lists of nearly equal size, each with its centroid (%s)', (metric) => {
  it('of clustered rows', async () => {
    const { lists } = await trained(clustered(1, 3000, 12), { dimension: 12, metric });
    expect(lists.starts.length - 1).toBeGreaterThan(3000 / 33);
    expect(lists.starts.length - 1).toBeLessThan(3000 / 12);
  });

  it('of one row', async () => {
    const { curve } = await trained(rowsFrom(Float32Array.of(1, 2, 3), 3), { dimension: 3, metric });
    expect(probesFor(curve, 10, 0.95)).toBeUndefined();
  });

  it('of fewer rows than a list holds', async () => {
    const { lists } = await trained(clustered(2, 20, 5), { dimension: 5, metric });
    expect(lists.starts).toEqual(Uint32Array.of(0, 20));
  });

  it('of fewer distinct rows than there are centroids', async () => {
    const distinct = clustered(3, 5, 4).vectors;
    const vectors = Float32Array.from({ length: 1200 * 4 }, (_, i) => distinct[i % distinct.length]!);
    await trained(rowsFrom(vectors, 4), { dimension: 4, metric });
  });

  it('of rows that are all equal', async () => {
    await trained(rowsFrom(new Float32Array(700 * 6).fill(0.25), 6), { dimension: 6, metric });
  });

  it('of one dimension', async () => {
    await trained(clustered(4, 500, 1), { dimension: 1, metric });
  });

  it('of 4,096 dimensions', async () => {
    await trained(clustered(5, 70, 4096), { dimension: 4096, metric });
  });

  it('of exactly 2,048 rows, the fewest that are sealed', async () => {
    await trained(clustered(6, 2048, 8), { dimension: 8, metric });
  });

  it.each([2 ** 62, 2 ** -60])('of rows with norms of up to %d', async (longest) => {
    const { vectors, norms } = clustered(7, 400, 8);
    const scale = longest / Math.max(...norms);
    await trained(
      rowsFrom(
        vectors.map((value) => value * scale),
        8,
      ),
      { dimension: 8, metric },
    );
  });

  it('of rows that come in opposite pairs', async () => {
    const half = clustered(8, 300, 3).vectors;
    await trained(rowsFrom(Float32Array.of(...half, ...half.map((value) => -value)), 3), {
      dimension: 3,
      metric,
    });
  });
});

describe.each(['dot', 'l2'] as const)('I1 zero rows under %s', (metric) => {
  it('among others, and alone', async () => {
    const { vectors } = clustered(9, 600, 4);
    vectors.fill(0, 0, 200 * 4);
    await trained(rowsFrom(vectors, 4), { dimension: 4, metric });
    await trained(rowsFrom(new Float32Array(300 * 4), 4), { dimension: 4, metric });
  });
});

it('I1 rows far from the origin are told apart under l2 as they are near it', async () => {
  const rows = clustered(10, 2000, 8);
  // On a grid on which moving costs no digit, so that the rows are the same but for their place.
  const near = rows.vectors.map((value) => Math.round(value * 64) / 64);
  const shape = { dimension: 8, metric: 'l2' } as const;
  const here = await trained(rowsFrom(near, 8), shape);
  const there = await trained(
    rowsFrom(
      near.map((value) => value + 10_000),
      8,
    ),
    shape,
  );
  const probes = probesFor(here.curve, 10, 0.9)!;
  expect(recallAt(there.curve, 10, probes)).toBeCloseTo(recallAt(here.curve, 10, probes), 1);
});

it('I1 rows whose squares underflow are told apart under l2 like any', async () => {
  const rows = clustered(16, 1500, 8);
  const shape = { dimension: 8, metric: 'l2' } as const;
  const { order } = await trained(rows, shape);
  const tiny = rowsFrom(
    rows.vectors.map((value) => value * 2 ** -100),
    8,
  );
  expect((await trained(tiny, shape)).order).toEqual(order);
});

it('I10 the same rows and seed give the same index, another seed another', async () => {
  const rows = clustered(11, 1500, 6);
  const shape = { dimension: 6, metric: 'cosine' } as const;
  const first = await trained(rows, shape);
  expect(await trained(rows, shape)).toEqual(first);
  expect((await trained(rows, shape, { seed: 2 })).order).not.toEqual(first.order);
});

const HARD = { rows: 8400, dimension: 16, clusters: 1, spread: 1 };
const EASY = { rows: 8400, dimension: 24, clusters: 120, spread: 0.35 };

describe.each(METRICS)('I6 reported recall is within 0.02 of that of held-out queries (%s)', (metric) => {
  it.each([
    ['one cloud', HARD],
    ['clusters', EASY],
  ])('%s', async (_, data) => {
    const { dimension } = data;
    const { rows, heldOut } = splitRows(clusteredVectors(new SeededRandom(12), data), dimension, 400);
    const shape = { dimension, metric };
    const kernels = simdKernels()!;
    const { order, lists, curve } = await train(rows, shape, kernels, OPTIONS);
    const count = rows.norms.length;
    const vectors = new Float32Array(rows.vectors.length);
    for (const [at, row] of order.entries()) {
      vectors.set(rows.vectors.subarray(row * dimension, (row + 1) * dimension), at * dimension);
    }
    const page = { start: 0, ...rowsFrom(vectors, dimension) };
    const block = await jsKernels.hold({ rows: count, dimension, metric, lists }, [page]);
    const queries = queriesOf(metric, dimension, heldOut);
    const truth = await block.search(queries, 10, {});
    for (const target of [0.8, 0.9, 0.95]) {
      const probes = probesFor(curve, 10, target);
      // The answer would be exact.
      if (probes === undefined) continue;
      const found = await block.search(queries, 10, { probes });
      const hits = found.similarities.filter((similarity, i) => {
        return similarity >= truth.similarities[Math.floor(i / 10) * 10 + 9]! - 1e-6;
      }).length;
      const recall = hits / found.similarities.length;
      expect(Math.abs(recallAt(curve, 10, probes) - recall)).toBeLessThan(0.02);
      expect(recall).toBeGreaterThan(target - 0.02);
      expect(found.scanned / queries.count / scannedBy(curve, probes)).toBeCloseTo(1, 1);
    }
    expect(probesFor(curve, 10, 0.8)).toBeDefined();
  });
});

it('I2 progress rises to the number of rows', async () => {
  const told: Progress[] = [];
  await trained(clustered(13, 1500, 6), { dimension: 6, metric: 'l2' }, { onProgress: (p) => told.push(p) });
  expect(told.length).toBeGreaterThan(20);
  expect(told[0]).toEqual({ done: 0, total: 1500 });
  expect(told.at(-1)).toEqual({ done: 1500, total: 1500 });
  for (const [i, { done }] of told.entries()) expect(done).toBeGreaterThanOrEqual(told[i - 1]?.done ?? 0);
});

it('I2 a training that is aborted in its middle ends with ABORTED', async () => {
  const controller = new AbortController();
  let last = 0;
  const training = train(clustered(14, 6000, 16), { dimension: 16, metric: 'cosine' }, jsKernels, {
    ...OPTIONS,
    signal: controller.signal,
    onProgress: ({ done }) => {
      last = done;
      if (done > 3000) controller.abort('no longer wanted');
    },
  });
  await expect(training).rejects.toMatchObject({ code: 'ABORTED', cause: 'no longer wanted' });
  expect(last).toBeLessThan(6000);
});
