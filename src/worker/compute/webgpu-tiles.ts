import type { Metric } from '../../shared/types.js';
import { mean } from './centre.js';
import type { RowPage } from './kernels.js';

type Floats = Float32Array<ArrayBuffer>;

/** Rows of a tile, at most: what ONNX Runtime's TopK sorts in one dispatch. */
const MOST_LANES = 2048;

/** Bytes of a tile, at most: it is put together in memory and sent to the GPU in one piece. */
const TILE_BYTES = 4 << 20;

/** Rows that are put in their places together, so that neighbours in memory are written one after the other. */
const GROUP = 16;

/** Rows of each tile at most. */
export function mostLanes(dimension: number): number {
  let lanes = MOST_LANES;
  while (lanes > 64 && lanes * dimension * 4 > TILE_BYTES) lanes /= 2;
  return lanes;
}

/** Rows of each tile of that many rows: alike, and a multiple of 4, by which shaders read. */
export function lanesFor(rows: number, dimension: number): number {
  const tiles = Math.ceil(rows / mostLanes(dimension));
  return 4 * Math.ceil(rows / tiles / 4);
}

/** How rows are held, so that the GPU computes with numbers that neither overflow nor vanish. */
export interface Frame {
  /** Under cosine: rows are divided by their norms. */
  readonly isUnit: boolean;
  /** Under dot: rows are multiplied by this power of two. */
  readonly scale: number;
  /** Under l2: rows are relative to this. */
  readonly centre: Floats | undefined;
}

/** By the rows that come first. */
export function frameOf({ vectors, norms }: RowPage, dimension: number, metric: Metric): Frame {
  return {
    isUnit: metric === 'cosine',
    scale: metric === 'dot' ? scaleToOne(norms) : 1,
    centre: metric === 'l2' ? mean(vectors, dimension) : undefined,
  };
}

/** A power of two that brings the largest of some norms near 1; exact, as a factor. */
export function scaleToOne(norms: Floats): number {
  const largest = norms.reduce((a, b) => Math.max(a, b), 0);
  return largest === 0 ? 1 : 2 ** -Math.floor(Math.log2(largest));
}

interface TileShape {
  readonly rows: number;
  readonly dimension: number;
  readonly lanes: number;
}

/** Puts rows into tiles, [dimension, lanes] each, and sends off each that is complete. */
export class TileWriter {
  /** Each row's squared length, as it is held. */
  readonly squares: Float64Array;
  readonly #tile: Floats;
  #done = 0;

  constructor(
    private readonly shape: TileShape,
    private readonly frame: Frame,
    private readonly send: (tile: Floats, index: number) => void,
  ) {
    this.squares = new Float64Array(shape.rows);
    this.#tile = new Float32Array(shape.lanes * shape.dimension);
  }

  /** The next rows: those from `from` to `to` of a page. */
  take(page: RowPage, from: number, to: number): void {
    const { lanes, rows } = this.shape;
    for (let row = from; row < to; ) {
      const lane = this.#done % lanes;
      const count = Math.min(to - row, GROUP, lanes - lane);
      this.#place(page, row, count, lane);
      row += count;
      this.#done += count;
      if (lane + count === lanes || this.#done === rows) {
        this.send(this.#tile, Math.floor((this.#done - 1) / lanes));
      }
    }
  }

  #place({ vectors, norms }: RowPage, row: number, count: number, lane: number): void {
    const { dimension, lanes } = this.shape;
    const { isUnit, scale, centre } = this.frame;
    const factors = Array.from({ length: count }, (_, i) => (isUnit ? 1 / norms[row + i]! : scale));
    for (let i = 0; i < dimension; i++) {
      const to = i * lanes + lane;
      const origin = centre === undefined ? 0 : centre[i]!;
      for (let r = 0, from = row * dimension + i; r < count; r++, from += dimension) {
        const value = Math.fround((vectors[from]! - origin) * factors[r]!);
        this.#tile[to + r] = value;
        this.squares[this.#done + r]! += value * value;
      }
    }
  }
}
