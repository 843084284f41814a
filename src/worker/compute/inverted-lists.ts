import { dot } from '../../shared/similarity.js';
import type { Metric } from '../../shared/types.js';
import { BestHeap } from './best-heap.js';
import type { InvertedLists } from './kernels.js';

/** The `probes` lists that score best for a query, best first. */
export function bestLists(
  lists: InvertedLists,
  metric: Metric,
  query: Float32Array,
  probes: number,
): Int32Array<ArrayBuffer> {
  const count = lists.starts.length - 1;
  const width = Math.min(probes, count);
  const heap = new BestHeap(width);
  for (let list = 0; list < count; list++) heap.offer(list, listScore(lists.centroids, list, metric, query));
  const best = { rows: new Int32Array(width), similarities: new Float32Array(width) };
  heap.drainTo(best, 0);
  return best.rows;
}

function listScore(centroids: Float32Array, list: number, metric: Metric, query: Float32Array): number {
  const at = list * query.length;
  const product = dot(centroids, at, query);
  if (metric !== 'l2') return product;
  const centroid = centroids.subarray(at, at + query.length);
  return 2 * product - dot(centroid, 0, centroid);
}
