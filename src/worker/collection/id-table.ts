import type { StringColumn } from '../../shared/string-column.js';
import { Slice } from '../slices.js';

/** FNV-1a, 32 bit (http://www.isthe.com/chongo/tech/comp/fnv/), over bytes [start, end). */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}

/**
 * Finds the row of an id in one column of distinct ids: open addressing over row numbers, at most half full.
 * 8 to 16 bytes a row; a Map of strings takes ten times as much.
 */
export class IdTable {
  private constructor(
    private readonly ids: StringColumn,
    /** Row + 1, or 0 where the place is free. */
    private readonly places: Int32Array,
  ) {}

  static async build(ids: StringColumn): Promise<IdTable> {
    const rows = ids.offsets.length - 1;
    const places = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(4, rows * 2))));
    const mask = places.length - 1;
    const slice = new Slice();
    for (let row = 0; row < rows; row++) {
      let place = hashBytes(ids.bytes, ids.offsets[row]!, ids.offsets[row + 1]!) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = row + 1;
      if ((row & 4095) === 4095 && slice.isOver()) await slice.next();
    }
    return new IdTable(ids, places);
  }

  get bytes(): number {
    return this.places.byteLength;
  }

  /** Row of the id that is `bytes` [start, end), whose hash is `hash`; −1 where there is none. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.places.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const row = this.places[place]! - 1;
      if (row < 0) return -1;
      if (this.#equals(row, bytes, start, end)) return row;
    }
  }

  #equals(row: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.ids.offsets[row]!;
    if (this.ids.offsets[row + 1]! - from !== end - start) return false;
    const own = this.ids.bytes;
    for (let i = 0; i < end - start; i++) if (own[from + i] !== bytes[start + i]) return false;
    return true;
  }
}
