import type { BestRows, Kernels, QueryVectors, RowBlock, Rows } from '../compute/kernels.js';
import { atOnce } from './kernel-calls.js';
import type { Pace } from './pace.js';
import type { Shape } from './space.js';

/** Bytes of rows that are compared with the queries at once; a multiple of 8 rows. */
const ROWS_BYTES = 16 << 20;

/** The nearest rows of a query, best first. */
export interface Neighbours {
  readonly rows: Int32Array;
  readonly similarities: Float32Array;
}

/** The `count` nearest rows of each of some rows, or all where there are fewer; the row itself is not among them. */
export async function trueNeighbours(
  data: Rows,
  shape: Shape,
  queries: Uint32Array<ArrayBuffer>,
  count: number,
  kernels: Kernels,
  pace: Pace,
  onShare: (share: number) => void,
): Promise<Neighbours[]> {
  const { dimension, metric } = shape;
  // One more for the query's own row.
  const found = Array.from(queries, () => new Nearest(count + 1));
  const rowsAtOnce = Math.max(8, Math.floor(ROWS_BYTES / 4 / dimension / 8) * 8);
  // Under l2 ONNX Runtime gathers the best rows and measures their distances again.
  const outputs = Math.max(rowsAtOnce, metric === 'l2' ? count * dimension : 0);
  for (let start = 0; start < data.norms.length; start += rowsAtOnce) {
    const page = pageOf(data, dimension, start, rowsAtOnce);
    const block = await blockOf(page, shape, kernels);
    const queriesAtOnce = atOnce(block.rows, dimension, outputs, pace);
    for (let first = 0; first < queries.length; first += queriesAtOnce) {
      const batch = queries.subarray(first, first + queriesAtOnce);
      const best = await block.search(queriesOf(batch, data, shape), count + 1, {});
      for (let i = 0; i < batch.length; i++) found[first + i]!.merge(best, i, start);
      onShare((block.rows / data.norms.length) * (batch.length / queries.length));
      await pace.step();
    }
    await block.release();
  }
  return found.map((nearest, i) => nearest.without(queries[i]!));
}

function pageOf({ vectors, norms }: Rows, dimension: number, start: number, most: number): Rows {
  return {
    vectors: vectors.subarray(start * dimension, (start + most) * dimension),
    norms: norms.subarray(start, start + most),
  };
}

/** For one use by many queries: making an ONNX Runtime session would take longer than it saves. */
function blockOf(page: Rows, { dimension, metric }: Shape, kernels: Kernels): Promise<RowBlock> {
  if (kernels.name === 'onnx') return kernels.pass(page, dimension, metric);
  return kernels.hold({ rows: page.norms.length, dimension, metric }, [{ start: 0, ...page }]);
}

function queriesOf(rows: Uint32Array, { vectors, norms }: Rows, { dimension, metric }: Shape): QueryVectors {
  const queries = new Float32Array(rows.length * dimension);
  for (let q = 0; q < rows.length; q++) {
    const row = rows[q]!;
    const divisor = metric === 'cosine' ? norms[row]! : 1;
    for (let i = 0; i < dimension; i++) queries[q * dimension + i] = vectors[row * dimension + i]! / divisor;
  }
  return { vectors: queries, count: rows.length };
}

/** The best of several searches, best first. */
class Nearest {
  #rows = new Int32Array(0);
  #similarities = new Float32Array(0);

  constructor(private readonly most: number) {}

  /** Adds what a query has found among the rows from `start` on. */
  merge({ k, rows, similarities }: BestRows, query: number, start: number): void {
    const length = Math.min(this.most, this.#rows.length + k);
    const mergedRows = new Int32Array(length);
    const merged = new Float32Array(length);
    let mine = 0;
    let other = query * k;
    const end = other + k;
    for (let at = 0; at < length; at++) {
      const takesMine =
        other === end || (mine < this.#rows.length && this.#similarities[mine]! >= similarities[other]!);
      mergedRows[at] = takesMine ? this.#rows[mine]! : start + rows[other]!;
      merged[at] = takesMine ? this.#similarities[mine++]! : similarities[other++]!;
    }
    this.#rows = mergedRows;
    this.#similarities = merged;
  }

  without(row: number): Neighbours {
    const keeps = (_: number, i: number) => this.#rows[i] !== row;
    const rows = this.#rows.filter(keeps).subarray(0, this.most - 1);
    return { rows, similarities: this.#similarities.filter(keeps).subarray(0, this.most - 1) };
  }
}
