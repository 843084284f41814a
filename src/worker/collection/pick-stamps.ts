import { STAMP_BYTES } from '../../shared/stamp.js';
import { Slice } from '../slices.js';

/** The stamps of these rows, in their order. Pauses between slices. */
export async function pickStamps(
  stamps: Uint8Array,
  rows: Uint32Array | readonly number[],
): Promise<Uint8Array<ArrayBuffer>> {
  const picked = new Uint8Array(rows.length * STAMP_BYTES);
  const slice = new Slice();
  for (const [at, row] of rows.entries()) {
    picked.set(stamps.subarray(row * STAMP_BYTES, (row + 1) * STAMP_BYTES), at * STAMP_BYTES);
    if ((at & 1023) === 1023 && slice.isOver()) await slice.next();
  }
  return picked;
}
