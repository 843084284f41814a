import type { Metric } from '../../shared/types.js';
import type { GpuDevice } from './webgpu-device.js';
import { type Frame, lanesFor, mostLanes, TileWriter } from './webgpu-tiles.js';

type Floats = Float32Array<ArrayBuffer>;

/** Takes the place of scores that do not count: below any that does, and above the lowest number. */
export const OUT = Math.fround(-3e38);
const LIVE = 3e38;

/**
 * Rows in one buffer of GPU memory, in tiles, [tiles, dimension, lanes]: shaders read the rows of a tile side by
 * side.
 */
export class GpuShard {
  readonly lanes: number;
  readonly tiles: number;

  private constructor(
    private readonly gpu: GpuDevice,
    /** The block's row that this begins with. */
    readonly start: number,
    readonly rows: number,
    private readonly dimension: number,
    readonly vectors: GPUBuffer,
    /** The cap of a search that leaves nothing out. */
    readonly cap: GPUBuffer,
    /** Of each lane −|row|², under l2. */
    readonly terms: GPUBuffer | undefined,
  ) {
    this.lanes = lanesFor(rows, dimension);
    this.tiles = Math.ceil(rows / this.lanes);
  }

  /** Memory for the rows; they come through `writer`. */
  static async make(
    gpu: GpuDevice,
    start: number,
    rows: number,
    dimension: number,
    metric: Metric,
  ): Promise<GpuShard> {
    const lanes = lanesFor(rows, dimension);
    const slots = Math.ceil(rows / lanes) * lanes;
    const buffers: GPUBuffer[] = [];
    try {
      for (const perSlot of metric === 'l2' ? [dimension, 1, 1] : [dimension, 1]) {
        buffers.push(await gpu.allocate(slots * perSlot * 4));
      }
    } catch (error) {
      for (const buffer of buffers) buffer.destroy();
      throw error;
    }
    const [vectors, cap, terms] = buffers;
    const shard = new GpuShard(gpu, start, rows, dimension, vectors!, cap!, terms);
    gpu.write(
      shard.cap,
      0,
      shard.capOf(() => true),
    );
    return shard;
  }

  /** Rows that fit into one buffer. */
  static capacity(gpu: GpuDevice, dimension: number): number {
    const lanes = mostLanes(dimension);
    return lanes * Math.max(1, Math.floor(gpu.adapter.maxBufferBytes / (lanes * dimension * 4)));
  }

  get end(): number {
    return this.start + this.rows;
  }

  get slots(): number {
    return this.tiles * this.lanes;
  }

  get bytes(): number {
    return this.slots * 4 * (this.dimension + (this.terms === undefined ? 1 : 2));
  }

  writer(frame: Frame): TileWriter {
    const { rows, dimension, lanes } = this;
    return new TileWriter({ rows, dimension, lanes }, frame, (tile, index) => {
      this.gpu.write(this.vectors, index * tile.byteLength, tile);
    });
  }

  /** @param squares of each row, once all are written */
  writeTerms(squares: Float64Array): void {
    if (this.terms === undefined) return;
    const terms = new Float32Array(this.slots);
    for (let row = 0; row < this.rows; row++) terms[row] = -squares[row]!;
    this.gpu.write(this.terms, 0, terms);
  }

  /** One number per slot: scores of live rows of the block pass below it, others do not. */
  capOf(isLive: (row: number) => boolean): Floats {
    const cap = new Float32Array(this.slots).fill(OUT);
    for (let row = 0; row < this.rows; row++) if (isLive(this.start + row)) cap[row] = LIVE;
    return cap;
  }

  /** As `capOf`, of some rows of the block, ascending. */
  capOfRows(rows: Uint32Array): Floats {
    const cap = new Float32Array(this.slots).fill(OUT);
    for (const row of rows) if (row >= this.start && row < this.end) cap[row - this.start] = LIVE;
    return cap;
  }

  /** Where in `vectors` the components of a row of the block are. */
  placesOf(row: number, to: Int32Array, at: number): void {
    const own = row - this.start;
    const first = Math.floor(own / this.lanes) * this.lanes * this.dimension + (own % this.lanes);
    for (let i = 0; i < this.dimension; i++) to[at + i] = first + i * this.lanes;
  }

  destroy(): void {
    for (const buffer of [this.vectors, this.cap, this.terms]) buffer?.destroy();
  }
}
