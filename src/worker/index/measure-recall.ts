import type { BestRows, Kernels } from '../compute/kernels.js';
import { CentroidSearch } from './centroid-search.js';
import type { Pace } from './pace.js';
import { MEASURED_K, type RecallCurve } from './recall-curve.js';
import { RecallTally } from './recall-tally.js';
import type { Space } from './space.js';
import { trueNeighbours } from './true-neighbours.js';

/** Rows that are asked for their neighbours: at a recall of 0.95 the mean over ten neighbours is right within 0.01. */
const SAMPLE = 512;

/** An index in the space of the points. */
export interface IndexedSpace {
  readonly space: Space;
  /** order[new row] = old row. */
  readonly order: Uint32Array<ArrayBuffer>;
  readonly starts: Uint32Array<ArrayBuffer>;
  /** lists × dimension. */
  readonly centroids: Float32Array<ArrayBuffer>;
}

/**
 * Measures which share of their true neighbours rows find, by the number of lists probed.
 *
 * @param shuffledRows every row once, in random order.
 */
export async function measureRecall(
  index: IndexedSpace,
  shuffledRows: Uint32Array<ArrayBuffer>,
  kernels: Kernels,
  pace: Pace,
  onShare: (share: number) => void,
): Promise<RecallCurve> {
  const { space, starts, centroids } = index;
  // From the end: the rows at the beginning have had the most influence on the clusters.
  const sample = shuffledRows.slice(-SAMPLE);
  const neighbours = await trueNeighbours(
    space.rows,
    space,
    sample,
    MEASURED_K.at(-1)!,
    kernels,
    pace,
    onShare,
  );
  const listOf = listsByRow(index);
  const tally = new RecallTally(starts);
  const by = space.metric === 'l2' ? 'distance' : 'product';
  const search = await CentroidSearch.over(centroids, space, by, kernels, pace);
  for (let start = 0; start < sample.length; start += search.pointsAtOnce) {
    const batch = sample.subarray(start, start + search.pointsAtOnce);
    const best = await search.search(batch, search.count);
    for (const [i, row] of batch.entries()) {
      const own = { list: listOf[row]!, score: scoreOfOwnList(index, listOf[row]!, row) };
      tally.add(withOwnList(best, i, own), neighbours[start + i]!, listOf);
      await pace.step();
    }
  }
  await search.release();
  return tally.curve();
}

interface ScoredList {
  readonly list: number;
  readonly score: number;
}

/** What a list scores for one of its rows that is not in it: a query from outside has no part in the centroid either. */
function scoreOfOwnList({ space, order, starts }: IndexedSpace, list: number, row: number): number {
  const { dimension } = space;
  const sums = new Float64Array(dimension);
  const size = starts[list + 1]! - starts[list]! - 1;
  for (let at = starts[list]!; at <= starts[list]! + size; at++) {
    if (order[at] !== row) space.add(order[at]!, sums, 0);
  }
  const centroid = new Float32Array(dimension);
  if (size === 0 || !space.writeCentroid(sums, 0, size, centroid, 0)) return Number.NEGATIVE_INFINITY;
  const point = new Float64Array(dimension);
  space.write(row, point, 0);
  let score = 0;
  for (let i = 0; i < dimension; i++) {
    const value = centroid[i]!;
    score += point[i]! * value - (space.metric === 'l2' ? (value * value) / 2 : 0);
  }
  return score;
}

/** Lists by falling score for one query, with another score for one of them. */
function withOwnList({ k, rows, similarities }: BestRows, query: number, own: ScoredList): Uint32Array {
  const order = new Uint32Array(k);
  let end = 0;
  let isPlaced = false;
  for (let i = query * k; i < (query + 1) * k; i++) {
    if (rows[i] === own.list) continue;
    if (!isPlaced && own.score >= similarities[i]!) {
      order[end++] = own.list;
      isPlaced = true;
    }
    order[end++] = rows[i]!;
  }
  if (!isPlaced) order[end] = own.list;
  return order;
}

/** Old row → list. */
function listsByRow({ order, starts }: IndexedSpace): Uint32Array {
  const listOf = new Uint32Array(order.length);
  for (let list = 0; list + 1 < starts.length; list++) {
    for (let at = starts[list]!; at < starts[list + 1]!; at++) listOf[order[at]!] = list;
  }
  return listOf;
}
