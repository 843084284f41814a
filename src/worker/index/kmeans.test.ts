import { expect, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { jsKernels } from '../compute/js-kernels.js';
import { rowsFrom } from '../compute/kernels-oracle.contract.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { kMeans, kMeansWork } from './kmeans.js';
import { Pace } from './pace.js';
import { shuffled, uniform } from './random.js';
import { Space } from './space.js';
import { clusteredVectors } from './trained.contract.js';

const DIMENSION = 8;

async function cluster(vectors: Float32Array<ArrayBuffer>, metric: Metric, count: number) {
  const rows = rowsFrom(vectors, DIMENSION);
  const space = await Space.of(rows, { dimension: DIMENSION, metric }, async () => {});
  const order = shuffled(rows.norms.length, uniform(1));
  let assigned = 0;
  const pace = new Pace(1, { macsPerCall: 1_000_000 });
  const clusters = await kMeans(space, count, order, jsKernels, pace, (done) => {
    assigned += done;
  });
  return { ...clusters, space, assigned };
}

type Clustered = Awaited<ReturnType<typeof cluster>>;

/** Squared distance of a row's point to a centroid. */
function squaredDistance({ space, centroids }: Clustered, row: number, centroid: number): number {
  const point = new Float64Array(DIMENSION);
  space.write(row, point, 0);
  return point.reduce((sum, value, i) => sum + (value - centroids[centroid * DIMENSION + i]!) ** 2, 0);
}

it.each(['cosine', 'dot', 'l2'] as const)(
  'I1 rows belong to the nearest centroid, nearly all (%s)',
  async (metric) => {
    const data = { rows: 3000, dimension: DIMENSION, clusters: 12, spread: 0.3 };
    const vectors = clusteredVectors(new SeededRandom(1), data);
    const found = await cluster(vectors, metric, 24);
    const { clusterOf, assigned } = found;
    expect(assigned).toBe(kMeansWork(3000, 24));
    let astray = 0;
    for (let row = 0; row < 3000; row++) {
      const own = squaredDistance(found, row, clusterOf[row]!);
      let least = own;
      for (let centroid = 0; centroid < 24; centroid++) {
        least = Math.min(least, squaredDistance(found, row, centroid));
      }
      if (own > least + 1e-5) astray++;
    }
    // Rows of the last sample stay where they were when its centroids moved for the last time.
    expect(astray).toBeLessThan(3000 * 0.03);
  },
);

it('I1 centroids that lose all rows begin again elsewhere', async () => {
  // Half the rows are one and the same, and so are half the centroids at the start.
  const random = new SeededRandom(2);
  const distinct = Float32Array.from({ length: 400 * DIMENSION }, () => random.normal());
  const vectors = new Float32Array(2 * distinct.length);
  vectors.set(distinct);
  for (let row = 400; row < 800; row++) vectors.set(distinct.subarray(0, DIMENSION), row * DIMENSION);
  const { clusterOf } = await cluster(vectors, 'cosine', 32);
  expect(new Set(clusterOf).size).toBeGreaterThan(26);
});

it('I1 the sums of squared distances are those of real clusters', async () => {
  const data = { rows: 2000, dimension: DIMENSION, clusters: 20, spread: 0.05 };
  const found = await cluster(clusteredVectors(new SeededRandom(3), data), 'l2', 40);
  let mean = 0;
  for (let row = 0; row < 2000; row++) mean += squaredDistance(found, row, found.clusterOf[row]!) / 2000;
  // The points have a mean square length of 1.
  expect(mean).toBeLessThan(0.05);
});
