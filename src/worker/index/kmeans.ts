import type { Kernels } from '../compute/kernels.js';
import { CentroidSearch } from './centroid-search.js';
import type { Pace } from './pace.js';
import type { Space } from './space.js';

type Floats = Float32Array<ArrayBuffer>;

/**
 * Rows per centroid that each round looks at: the first rounds move far on few rows, the last ones settle. As good
 * as eight rounds on the last sample, at a quarter of the work.
 */
const SCHEDULE = [4, 8, 16, 32];

export interface Clusters {
  /** count × dimension, in the space of the points. */
  readonly centroids: Floats;
  /** Row → cluster. */
  readonly clusterOf: Uint32Array<ArrayBuffer>;
  readonly count: number;
}

/** Row assignments that `kMeans` makes, for telling how far it is. */
export function kMeansWork(rows: number, count: number): number {
  const sampled = SCHEDULE.map((perCentroid) => sampleSize(perCentroid, count, rows));
  return sampled.reduce((sum, size) => sum + size, 0) + rows - sampled.at(-1)!;
}

/**
 * Lloyd's algorithm on a growing seeded sample, then every row to its nearest centroid; under cosine it is spherical
 * (Dhillon & Modha 2001). A cluster that loses its last row starts again from a row of a large one; with fewer
 * distinct rows than centroids some stay empty.
 *
 * @param shuffledRows every row once, in random order.
 */
export async function kMeans(
  space: Space,
  count: number,
  shuffledRows: Uint32Array<ArrayBuffer>,
  kernels: Kernels,
  pace: Pace,
  onRows: (rows: number) => void,
): Promise<Clusters> {
  const { dimension, count: rows } = space;
  const clusterOf = new Uint32Array(rows);
  let centroids = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) space.write(shuffledRows[i]!, centroids, i * dimension);
  let sampled = 0;
  for (const perCentroid of SCHEDULE) {
    sampled = sampleSize(perCentroid, count, rows);
    const sample = shuffledRows.subarray(0, sampled);
    await assignNearest(sample, centroids, space, kernels, pace, clusterOf, onRows);
    centroids = await centroidsOf(space, sample, clusterOf, count, pace);
  }
  // What the last round has assigned stays where it is: the centroids have hardly moved since.
  const rest = shuffledRows.subarray(sampled);
  await assignNearest(rest, centroids, space, kernels, pace, clusterOf, onRows);
  return { centroids, clusterOf, count };
}

/** Writes the nearest centroid of each row of `rows` to `nearest[row]`. */
async function assignNearest(
  rows: Uint32Array<ArrayBuffer>,
  centroids: Floats,
  space: Space,
  kernels: Kernels,
  pace: Pace,
  nearest: Uint32Array,
  onRows: (rows: number) => void,
): Promise<void> {
  const by = space.metric === 'cosine' ? 'product' : 'distance';
  const search = await CentroidSearch.over(centroids, space, by, kernels, pace);
  for (let start = 0; start < rows.length; start += search.pointsAtOnce) {
    const batch = rows.subarray(start, start + search.pointsAtOnce);
    const best = await search.search(batch, 1);
    for (let i = 0; i < batch.length; i++) {
      if (best.rows[i] === -1)
        throw new Error(`No centroid is nearest to row ${batch[i]}: it computes to NaN.`);
      nearest[batch[i]!] = best.rows[i]!;
    }
    onRows(batch.length);
    await pace.step();
  }
  await search.release();
}

function sampleSize(perCentroid: number, count: number, rows: number): number {
  return Math.min(rows, perCentroid * count);
}

async function centroidsOf(
  space: Space,
  sample: Uint32Array<ArrayBuffer>,
  clusterOf: Uint32Array,
  count: number,
  pace: Pace,
): Promise<Floats> {
  const { dimension } = space;
  const sums = new Float64Array(count * dimension);
  const sizes = new Uint32Array(count);
  for (const [i, row] of sample.entries()) {
    const cluster = clusterOf[row]!;
    space.add(row, sums, cluster * dimension);
    sizes[cluster]!++;
    if ((i & 255) === 255) await pace.step();
  }
  const centroids = new Float32Array(count * dimension);
  const homeless: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = i * dimension;
    if (sizes[i] === 0 || !space.writeCentroid(sums, at, sizes[i]!, centroids, at)) homeless.push(i);
  }
  if (homeless.length > 0) splitLargest(space, sample, clusterOf, sizes, homeless, centroids);
  return centroids;
}

/**
 * Puts each of the `homeless` centroids on a row of one of the largest clusters, a different one each, or, where there
 * are too few clusters, on any row.
 */
function splitLargest(
  space: Space,
  sample: Uint32Array,
  clusterOf: Uint32Array,
  sizes: Uint32Array,
  homeless: readonly number[],
  centroids: Floats,
): void {
  const bySize = Array.from(sizes.keys()).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const heirs = new Map<number, number>();
  for (const [i, centroid] of homeless.entries()) {
    heirs.set(bySize[i]!, centroid);
    space.write(sample[i % sample.length]!, centroids, centroid * space.dimension);
  }
  // The sample is shuffled, so its first row of a cluster is a random one.
  for (const row of sample) {
    const centroid = heirs.get(clusterOf[row]!);
    if (centroid === undefined) continue;
    space.write(row, centroids, centroid * space.dimension);
    heirs.delete(clusterOf[row]!);
    if (heirs.size === 0) return;
  }
}
