import type { Progress } from '../../shared/types.js';
import type { InvertedLists, Kernels, Rows } from '../compute/kernels.js';
import { type Clusters, kMeans, kMeansWork } from './kmeans.js';
import { measureRecall } from './measure-recall.js';
import { Pace } from './pace.js';
import { shuffled, uniform } from './random.js';
import type { RecallCurve } from './recall-curve.js';
import { type Shape, Space } from './space.js';
import { splitCluster } from './split-lists.js';

export interface TrainOptions {
  /** The same rows, seed and kernels give the same lists. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** See `PaceOptions`. */
  readonly macsPerCall: number;
}

export interface Trained {
  /** order[new row] = old row. */
  readonly order: Uint32Array<ArrayBuffer>;
  readonly lists: InvertedLists;
  readonly curve: RecallCurve;
}

/**
 * Rows in a list, at most, are this × √rows: a query reads the centroids of all lists and the rows of some, and both
 * grow as slowly as they can together. Smaller: more centroids to read, longer training; larger: more rows.
 */
const LONGEST_PER_ROOT = 0.3;
const LEAST_LONGEST = 32;

/** Parts of the work, about as they take time. */
const SHARE = { clusters: 0.6, lists: 0.15, recall: 0.25 };

/** The length of the longest list. */
export function longestList(rows: number): number {
  return Math.max(LEAST_LONGEST, Math.round(LONGEST_PER_ROOT * Math.sqrt(rows)));
}

/**
 * Orders rows into inverted lists: k-means, each cluster cut into lists of nearly equal size; then measures what
 * probing them finds.
 */
export async function train(
  rows: Rows,
  shape: Shape,
  kernels: Kernels,
  options: TrainOptions,
): Promise<Trained> {
  const count = rows.norms.length;
  const longest = longestList(count);
  const pace = new Pace(count, options);
  pace.advance(0);
  const step = () => pace.step();
  const random = uniform(options.seed);
  const shuffledRows = shuffled(count, random);
  const space = await Space.of(rows, shape, step);

  const clusterCount = Math.ceil(count / longest);
  const work = kMeansWork(count, clusterCount);
  const clusters = await kMeans(space, clusterCount, shuffledRows, kernels, pace, (assigned) =>
    pace.advance((SHARE.clusters * assigned) / work),
  );
  const { order, starts } = await cutIntoLists(space, clusters, longest, pace);
  const centroids = await listCentroids(space, order, starts, pace);
  const curve = await measureRecall(
    { space, order, starts, centroids },
    shuffledRows,
    kernels,
    pace,
    (share) => pace.advance(SHARE.recall * share),
  );
  return { order, lists: { centroids: space.original(centroids), starts }, curve };
}

async function cutIntoLists(space: Space, clusters: Clusters, longest: number, pace: Pace) {
  const order = new Uint32Array(space.count);
  const starts: number[] = [];
  let end = 0;
  for (const members of membersOf(clusters)) {
    if (members.length === 0) continue;
    for (const list of await splitCluster(space, members, longest, pace)) {
      starts.push(end);
      order.set(list, end);
      end += list.length;
    }
    pace.advance((SHARE.lists * members.length) / space.count);
    await pace.step();
  }
  starts.push(end);
  return { order, starts: Uint32Array.from(starts) };
}

/** The rows of each cluster, ascending. */
function membersOf({ clusterOf, count }: Clusters): Uint32Array<ArrayBuffer>[] {
  const sizes = new Uint32Array(count);
  for (const cluster of clusterOf) sizes[cluster]!++;
  const members = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (const [row, cluster] of clusterOf.entries()) members[cluster]![sizes[cluster]!++] = row;
  return members;
}

/** lists × dimension, in the space of the points. */
async function listCentroids(
  space: Space,
  order: Uint32Array,
  starts: Uint32Array,
  pace: Pace,
): Promise<Float32Array<ArrayBuffer>> {
  const { dimension } = space;
  const centroids = new Float32Array((starts.length - 1) * dimension);
  const sums = new Float64Array(dimension);
  for (let list = 0; list + 1 < starts.length; list++) {
    sums.fill(0);
    for (let at = starts[list]!; at < starts[list + 1]!; at++) space.add(order[at]!, sums, 0);
    const size = starts[list + 1]! - starts[list]!;
    // Where the points cancel each other out no direction is right; one of them is as good as any.
    if (!space.writeCentroid(sums, 0, size, centroids, list * dimension)) {
      space.write(order[starts[list]!]!, centroids, list * dimension);
    }
    await pace.step();
  }
  return centroids;
}
