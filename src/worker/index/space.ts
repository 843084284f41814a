import type { Metric } from '../../shared/types.js';
import type { Rows } from '../compute/kernels.js';

type Floats = Float32Array<ArrayBuffer>;

/** Of the vectors that are compared. */
export interface Shape {
  readonly dimension: number;
  readonly metric: Metric;
}

/**
 * Rows as points that clusters are made of. Under cosine they have unit length. Under l2 they are relative to their
 * mean, since far from the origin float32 has no digits left for what tells neighbours apart. Under l2 and dot they
 * are scaled to a root mean square length of 1, so that squares neither overflow nor underflow.
 */
export class Space {
  readonly dimension: number;
  readonly metric: Metric;
  readonly count: number;

  private constructor(
    readonly rows: Rows,
    shape: Shape,
    private readonly centre: Float64Array,
    private readonly scale: number,
  ) {
    this.dimension = shape.dimension;
    this.metric = shape.metric;
    this.count = rows.norms.length;
  }

  static async of(rows: Rows, shape: Shape, step: () => Promise<void>): Promise<Space> {
    const centre = new Float64Array(shape.dimension);
    if (shape.metric === 'cosine') return new Space(rows, shape, centre, 1);
    if (shape.metric === 'l2') {
      const sums = new Float64Array(shape.dimension);
      const raw = new Space(rows, shape, centre, 1);
      await raw.#each(step, (row) => raw.add(row, sums, 0));
      for (let i = 0; i < centre.length; i++) centre[i] = sums[i]! / rows.norms.length;
    }
    const unscaled = new Space(rows, shape, centre, 1);
    const point = new Float64Array(shape.dimension);
    let squares = 0;
    await unscaled.#each(step, (row) => {
      unscaled.write(row, point, 0);
      for (let i = 0; i < point.length; i++) squares += point[i]! * point[i]!;
    });
    const length = Math.sqrt(squares / rows.norms.length);
    return new Space(rows, shape, centre, length > 0 ? 1 / length : 1);
  }

  /** Writes the point of a row to `out` at `at`. */
  write(row: number, out: Float32Array | Float64Array, at: number): void {
    const { dimension, centre } = this;
    const { vectors } = this.rows;
    const scale = this.#scaleOf(row);
    const from = row * dimension;
    for (let i = 0; i < dimension; i++) out[at + i] = (vectors[from + i]! - centre[i]!) * scale;
  }

  /** Adds the point of a row to the sum at `at`. */
  add(row: number, sums: Float64Array, at: number): void {
    const { dimension, centre } = this;
    const { vectors } = this.rows;
    const scale = this.#scaleOf(row);
    const from = row * dimension;
    for (let i = 0; i < dimension; i++) sums[at + i]! += (vectors[from + i]! - centre[i]!) * scale;
  }

  /**
   * The centroid of points from their sum: their mean, of unit length under cosine. False where there is none, since
   * they cancel each other out.
   */
  writeCentroid(sums: Float64Array, from: number, count: number, out: Float32Array, at: number): boolean {
    const { dimension } = this;
    let divisor = count;
    if (this.metric === 'cosine') {
      let squares = 0;
      for (let i = from; i < from + dimension; i++) squares += sums[i]! * sums[i]!;
      divisor = Math.sqrt(squares);
      if (divisor < 1e-6 * count) return false;
    }
    for (let i = 0; i < dimension; i++) out[at + i] = sums[from + i]! / divisor;
    return true;
  }

  /** Centroids as vectors are given: relative to the origin, unscaled. */
  original(centroids: Floats): Floats {
    if (this.metric === 'cosine') return centroids;
    const { dimension, centre, scale } = this;
    return centroids.map((value, i) => value / scale + centre[i % dimension]!);
  }

  #scaleOf(row: number): number {
    return this.metric === 'cosine' ? 1 / this.rows.norms[row]! : this.scale;
  }

  async #each(step: () => Promise<void>, look: (row: number) => void): Promise<void> {
    for (let row = 0; row < this.count; row++) {
      look(row);
      if ((row & 63) === 63) await step();
    }
  }
}
