import { type Bitmap, countBits, createBitmap, setBit } from '../bitmap.js';
import { missingRowStates } from '../storage/damage-errors.js';
import { ROWS_PER_CHUNK, type RowStateChunk, type SegmentManifest } from '../storage/storage.js';

const BYTES_PER_CHUNK = ROWS_PER_CHUNK / 8;

/** A copy of `dead` with more rows set, and the chunks that differ from it. */
export function markDead(segment: number, rows: number, dead: Bitmap | undefined, died: readonly number[]) {
  const marked = dead === undefined ? createBitmap(rows) : dead.slice();
  const touched = new Set<number>();
  for (const row of died) {
    setBit(marked, row);
    touched.add(Math.floor(row / ROWS_PER_CHUNK));
  }
  const chunks = [...touched].map((chunk): RowStateChunk => {
    const bits = marked.slice(chunk * BYTES_PER_CHUNK, (chunk + 1) * BYTES_PER_CHUNK);
    return { segment, chunk, dead: bits };
  });
  return { marked, chunks };
}

/** The dead rows of a segment; `CORRUPT` unless they are as many as its manifest says. */
export function deadRowsOf(
  { id, rows, dead: count = 0 }: SegmentManifest,
  chunks: readonly RowStateChunk[],
): Bitmap | undefined {
  const dead = joinChunks(
    rows,
    chunks.filter(({ segment }) => segment === id),
  );
  const found = dead === undefined ? 0 : countBits(dead);
  if (found !== count) throw missingRowStates(id, count, found);
  return dead;
}

/** The bitmap of dead rows that a segment's chunks add up to. */
export function joinChunks(rows: number, chunks: readonly RowStateChunk[]): Bitmap | undefined {
  if (chunks.length === 0) return undefined;
  const dead = createBitmap(rows);
  for (const chunk of chunks) dead.set(chunk.dead, chunk.chunk * BYTES_PER_CHUNK);
  return dead;
}
