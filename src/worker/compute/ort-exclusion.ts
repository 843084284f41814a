import { type Bitmap, countBits, hasBit } from '../bitmap.js';
import { LANES, TILE_BITS } from './ort-tiles.js';

/** What graphs are fed for a bitmap of excluded rows; made once for each. */
export class Exclusion {
  /** Rows that are not excluded. */
  readonly live: number;
  /** [tiles, 2]: the bitmap, filled up to whole tiles. */
  readonly bits: Uint8Array<ArrayBuffer>;
  #mask: Float32Array<ArrayBuffer> | undefined;

  constructor(
    readonly excluded: Bitmap,
    private readonly rows: number,
  ) {
    this.live = rows - countBits(excluded);
    this.bits = new Uint8Array(Math.ceil(rows / LANES) * TILE_BITS);
    this.bits.set(excluded);
  }

  /** One number per lane of all tiles, to be added to the scores: 0 or −∞. */
  get mask(): Float32Array<ArrayBuffer> {
    this.#mask ??= this.#makeMask();
    return this.#mask;
  }

  /** How many of rows [from, to) are not excluded. */
  liveIn(from: number, to: number): number {
    let live = 0;
    for (let row = from; row < to; row++) if (!hasBit(this.excluded, row)) live++;
    return live;
  }

  #makeMask(): Float32Array<ArrayBuffer> {
    const mask = new Float32Array(this.bits.length * 8);
    for (let row = 0; row < this.rows; row++) {
      if (hasBit(this.excluded, row)) mask[row] = Number.NEGATIVE_INFINITY;
    }
    return mask;
  }
}

/** Bitmaps are immutable, so what is made of one is kept for as long as it is. */
export class Exclusions {
  readonly #made = new WeakMap<Bitmap, Exclusion>();

  constructor(private readonly rows: number) {}

  of(excluded: Bitmap | undefined): Exclusion | undefined {
    if (excluded === undefined) return undefined;
    let exclusion = this.#made.get(excluded);
    if (exclusion === undefined) {
      exclusion = new Exclusion(excluded, this.rows);
      this.#made.set(excluded, exclusion);
    }
    return exclusion;
  }
}
