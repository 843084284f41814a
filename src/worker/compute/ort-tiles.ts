import type { Metric } from '../../shared/types.js';
import { mean } from './centre.js';
import type { RowPage } from './kernels.js';

type Floats = Float32Array<ArrayBuffer>;

/**
 * Rows side by side in one tile. A tile is [dimension, 16]: the product of a query with it goes through memory once,
 * in order, without ONNX Runtime packing the rows for itself (which would be a second copy of them). 16 is what
 * ONNX Runtime packs to; exact searches of 4, 8, 16, 32 and 128 rows a tile took 18, 11, 8, 8 and 29 ms (100k×384), and
 * a tile is also the least that can be gathered.
 */
export const LANES = 16;

/** Bytes of exclusion bits of one tile. */
export const TILE_BITS = LANES / 8;

/**
 * Rows as ONNX Runtime is given them: [tiles, dimension, 16], in order, the last tile filled up with zeros. Under
 * cosine they are divided by their norms, so that their product with a query is the similarity; under l2 they are
 * relative to `centre`.
 */
export class RowTiles {
  readonly vectors: Floats;
  /** Added to each product: under l2 −|row|², and −∞ beyond the last row. Undefined where that is zero for all. */
  readonly terms: Floats | undefined;
  readonly count: number;
  #centre: Floats | undefined;

  /** @param centre under l2; without it the mean of the first rows that are taken in */
  constructor(
    readonly rows: number,
    readonly dimension: number,
    private readonly metric: Metric,
    centre?: Floats,
  ) {
    this.count = Math.ceil(rows / LANES);
    this.vectors = new Float32Array(this.count * LANES * dimension);
    this.#centre = centre;
    if (metric === 'l2' || rows % LANES !== 0) {
      this.terms = new Float32Array(this.count * LANES).fill(Number.NEGATIVE_INFINITY, rows);
    }
  }

  /** Under l2, once rows have been taken in: what has to be subtracted from queries too. */
  get centre(): Floats | undefined {
    return this.#centre;
  }

  get bytes(): number {
    return this.vectors.byteLength + (this.terms?.byteLength ?? 0);
  }

  /** Puts rows [from, to) of a page where row `at` and the following belong. */
  take(page: RowPage, from: number, to: number, at: number): void {
    const { dimension } = this;
    if (this.metric === 'l2') {
      this.#centre ??= mean(page.vectors.subarray(from * dimension, to * dimension), dimension);
      for (let row = from; row < to; row++) this.#takeMoved(page.vectors, row, at + row - from, this.#centre);
    } else {
      for (let row = from; row < to; row++) {
        const scale = this.metric === 'cosine' ? 1 / page.norms[row]! : 1;
        this.#takeScaled(page.vectors, row, at + row - from, scale);
      }
    }
  }

  #takeScaled(from: Floats, row: number, at: number, scale: number): void {
    const { dimension, vectors } = this;
    const end = (row + 1) * dimension;
    let to = this.#slot(at);
    for (let i = row * dimension; i < end; i++, to += LANES) vectors[to] = from[i]! * scale;
  }

  #takeMoved(from: Floats, row: number, at: number, centre: Floats): void {
    const { dimension, vectors } = this;
    const start = row * dimension;
    let to = this.#slot(at);
    let squares = 0;
    for (let i = 0; i < dimension; i++, to += LANES) {
      const value = Math.fround(from[start + i]! - centre[i]!);
      vectors[to] = value;
      squares += value * value;
    }
    this.terms![at] = -squares;
  }

  #slot(row: number): number {
    return Math.floor(row / LANES) * LANES * this.dimension + (row % LANES);
  }
}
