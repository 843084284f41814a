import type { Metric } from '../../shared/types.js';
import type { ListTables } from './ivf-graph.js';
import type { InvertedLists } from './kernels.js';
import { LANES, TILE_BITS } from './ort-tiles.js';

type Floats = Float32Array<ArrayBuffer>;

/** Bytes of tables for each row; far above what lists of similar length take (about a tenth of it). */
const TABLE_BYTES_PER_ROW = 8;

/**
 * The lists as the graph looks them up. Undefined where one list is so much longer than the others that tables as
 * wide as it would be too large.
 *
 * @param centroids those of `lists`, as the rows are held (under l2 relative to their centre)
 */
export function listTables(lists: InvertedLists, centroids: Floats, metric: Metric): ListTables | undefined {
  const { starts } = lists;
  const count = starts.length - 1;
  const rows = starts[count]!;
  let width = 0;
  for (let list = 0; list < count; list++) width = Math.max(width, tilesOf(starts, list).count);
  if (count * width * (4 + TILE_BITS) > Math.max(1 << 16, rows * TABLE_BYTES_PER_ROW)) return undefined;

  const tiles = new Int32Array(count * width);
  const outside = new Uint8Array(count * width * TILE_BITS).fill(255);
  for (let list = 0; list < count; list++) {
    const { first, count: own } = tilesOf(starts, list);
    for (let i = 0; i < own; i++) tiles[list * width + i] = first + i;
    const bit = (list * width - first) * LANES;
    for (let row = starts[list]!; row < starts[list + 1]!; row++) {
      const at = bit + row;
      outside[at >>> 3]! &= ~(1 << (at & 7));
    }
  }
  return { count, width, tiles, outside, centroids, terms: centroidTerms(centroids, count, metric) };
}

function tilesOf(starts: Uint32Array, list: number): { first: number; count: number } {
  const first = Math.floor(starts[list]! / LANES);
  return { first, count: Math.ceil(starts[list + 1]! / LANES) - first };
}

/** Under l2 −|c|². */
function centroidTerms(centroids: Floats, count: number, metric: Metric): Floats {
  const terms = new Float32Array(count);
  const dimension = centroids.length / count;
  for (let i = 0; metric === 'l2' && i < centroids.length; i++) {
    terms[Math.floor(i / dimension)]! -= centroids[i]! * centroids[i]!;
  }
  return terms;
}
