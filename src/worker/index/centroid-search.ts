import type { BestRows, Kernels, QueryVectors, RowBlock } from '../compute/kernels.js';
import { atOnce, normsOf } from './kernel-calls.js';
import type { Pace } from './pace.js';
import type { Space } from './space.js';

type Floats = Float32Array<ArrayBuffer>;

/**
 * Finds the centroids that are nearest to points, by products alone: p·c, or, by distance, of [p, w] and
 * [c, −|c|²/2w], which is p·c − |c|²/2 and orders as −|p − c|² does. The weight w keeps the additional components about as large
 * as the others, so that kernels that round them lose as little.
 */
export class CentroidSearch {
  readonly count: number;
  readonly pointsAtOnce: number;

  private constructor(
    private readonly block: RowBlock,
    private readonly space: Space,
    private readonly weight: number | undefined,
    pace: Pace,
  ) {
    this.count = block.rows;
    this.pointsAtOnce = atOnce(block.rows, space.dimension, block.rows, pace);
  }

  /** @param centroids n × dimension, in the space of the points. */
  static async over(
    centroids: Floats,
    space: Space,
    by: 'distance' | 'product',
    kernels: Kernels,
    pace: Pace,
  ): Promise<CentroidSearch> {
    const { dimension } = space;
    const weight = by === 'distance' ? Math.sqrt(dimension) / 4 : undefined;
    const vectors = weight === undefined ? centroids : withHalfSquares(centroids, dimension, weight);
    const width = weight === undefined ? dimension : dimension + 1;
    const rows = { vectors, norms: normsOf(vectors, width) };
    // Of so few rows ONNX Runtime takes longer to make a session than it saves.
    const block =
      kernels.name === 'onnx'
        ? await kernels.pass(rows, width, 'dot')
        : await kernels.hold({ rows: rows.norms.length, dimension: width, metric: 'dot' }, [
            { start: 0, ...rows },
          ]);
    return new CentroidSearch(block, space, weight, pace);
  }

  /** The k nearest centroids of each row's point. */
  search(rows: Uint32Array, k: number): Promise<BestRows> {
    return this.block.search(this.#queriesOf(rows), k, {});
  }

  release(): Promise<void> {
    return this.block.release();
  }

  #queriesOf(rows: Uint32Array): QueryVectors {
    const { space, weight } = this;
    const width = space.dimension + (weight === undefined ? 0 : 1);
    const vectors = new Float32Array(rows.length * width);
    for (let q = 0; q < rows.length; q++) {
      space.write(rows[q]!, vectors, q * width);
      if (weight !== undefined) vectors[(q + 1) * width - 1] = weight;
    }
    return { vectors, count: rows.length };
  }
}

function withHalfSquares(centroids: Floats, dimension: number, weight: number): Floats {
  const count = centroids.length / dimension;
  const wider = new Float32Array(count * (dimension + 1));
  for (let row = 0; row < count; row++) {
    const at = row * (dimension + 1);
    let squares = 0;
    for (let i = 0; i < dimension; i++) {
      const value = centroids[row * dimension + i]!;
      wider[at + i] = value;
      squares += value * value;
    }
    wider[at + dimension] = -squares / (2 * weight);
  }
  return wider;
}
