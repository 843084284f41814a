import { countBits } from '../bitmap.js';
import type { CollectionRow, RowStateChunk } from './storage.js';

/** Records and tombstones of a collection that no server has acknowledged. */
export function countUnsynced({ segments }: CollectionRow, chunks: readonly RowStateChunk[]): number {
  const all = segments.reduce((sum, { rows, tombstones }) => sum + rows + tombstones, 0);
  return chunks.reduce((left, { dead, pushed }) => {
    const settled = pushed === undefined ? dead : dead.map((byte, i) => byte | pushed[i]!);
    return left - countBits(settled);
  }, all);
}
