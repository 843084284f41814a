import type { Metric } from '../../shared/types.js';
import { hasBit } from '../bitmap.js';
import { bestLists } from '../compute/inverted-lists.js';
import type { BestRows, InvertedLists, Kernels, QueryVectors, Scope } from '../compute/kernels.js';
import type { Segment } from './segment.js';

/** Where more of the segment would have to be read, waiting for all of it is not much slower. */
const MAX_SHARE = 0.25;

/**
 * Answers a probe of a segment that has not been loaded yet, by reading just the lists that it looks at. Undefined:
 * they are too large a part of it.
 */
export async function probeFromStorage(
  segment: Segment,
  lists: InvertedLists,
  metric: Metric,
  kernels: Kernels,
  queries: QueryVectors,
  k: number,
  { excluded, probes = 1 }: Scope,
): Promise<BestRows | undefined> {
  const { dimension } = segment;
  const probed = new Set<number>();
  for (let q = 0; q < queries.count; q++) {
    const query = queries.vectors.subarray(q * dimension, (q + 1) * dimension);
    for (const list of bestLists(lists, metric, query, probes)) probed.add(list);
  }
  const places: number[] = [];
  for (const list of [...probed].sort((a, b) => a - b)) {
    for (let row = lists.starts[list]!; row < lists.starts[list + 1]!; row++) {
      if (excluded === undefined || !hasBit(excluded, row)) places.push(row);
    }
  }
  if (places.length > segment.rows * MAX_SHARE) return undefined;
  const allNorms = await segment.norms();
  const norms = Float32Array.from(places, (row) => allNorms[row]!);
  const rows = { vectors: await segment.copyVectors(places), norms };
  const block = await kernels.pass(rows, dimension, metric);
  try {
    const best = await block.search(queries, Math.min(k, places.length), {});
    const width = Math.min(k, segment.rows);
    const found = new Int32Array(queries.count * width).fill(-1);
    const similarities = new Float32Array(queries.count * width).fill(Number.NEGATIVE_INFINITY);
    for (let q = 0; q < queries.count; q++) {
      for (let rank = 0; rank < best.k; rank++) {
        const row = best.rows[q * best.k + rank]!;
        found[q * width + rank] = row === -1 ? -1 : places[row]!;
        similarities[q * width + rank] = best.similarities[q * best.k + rank]!;
      }
    }
    return { k: width, rows: found, similarities, scanned: best.scanned };
  } finally {
    await block.release();
  }
}
