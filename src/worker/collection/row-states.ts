import { type Bitmap, countBits, createBitmap, hasBit, setBit } from '../bitmap.js';
import { missingRowStates } from '../storage/damage-errors.js';
import { ROWS_PER_CHUNK, type RowStateChunk, type SegmentManifest } from '../storage/storage.js';

const BYTES_PER_CHUNK = ROWS_PER_CHUNK / 8;

/** What may change about the rows and tombstones of a segment; undefined: of none of them. Immutable. */
export interface RowStates {
  /** Rows that were replaced or deleted. */
  readonly dead: Bitmap | undefined;
  /** What a server has acknowledged: the rows, then the tombstones. */
  readonly pushed: Bitmap | undefined;
  /** Tombstones that count no more, since their record was written or deleted again. */
  readonly superseded: Bitmap | undefined;
}

/** The same as lists: what a change adds to them. */
export type Marks = { readonly [K in keyof RowStates]?: readonly number[] | undefined };

type Sizes = Pick<SegmentManifest, 'id' | 'rows' | 'tombstones'>;

export const UNTOUCHED: RowStates = { dead: undefined, pushed: undefined, superseded: undefined };

/** `before` with more of them marked, and the chunks that differ from it. */
export function mark(segment: Sizes, before: RowStates, { dead, pushed, superseded }: Marks) {
  const { rows, tombstones } = segment;
  const states: RowStates = {
    dead: withBits(before.dead, rows, dead),
    pushed: withBits(before.pushed, rows + tombstones, pushed),
    superseded: withBits(before.superseded, tombstones, superseded),
  };
  const touched = new Set<number>();
  const touch = (position: number) => touched.add(Math.floor(position / ROWS_PER_CHUNK));
  dead?.forEach(touch);
  pushed?.forEach(touch);
  for (const tombstone of superseded ?? []) touch(rows + tombstone);
  return { states, chunks: packStates(segment, states, touched) };
}

/** Nothing counts as pushed any more, and no tombstone counts. */
export function forgetPushed(segment: Sizes, { dead, pushed }: RowStates) {
  const { rows, tombstones } = segment;
  const all = Array.from({ length: tombstones }, (_, i) => i);
  const states = { dead, pushed: undefined, superseded: withBits(undefined, tombstones, all) };
  const hasChanged = pushed !== undefined || tombstones > 0;
  const chunks = hasChanged ? Math.ceil((rows + tombstones) / ROWS_PER_CHUNK) : 0;
  return { states, chunks: packStates(segment, states, new Array(chunks).keys()) };
}

/** What a segment's chunks add up to; `CORRUPT` unless as many rows are dead as its manifest says. */
export function rowStatesOf(
  { id, rows, tombstones, dead: count = 0 }: SegmentManifest,
  chunks: readonly RowStateChunk[],
): RowStates {
  const own = chunks.filter(({ segment }) => segment === id);
  const marked = createBitmap(rows + tombstones);
  for (const { chunk, dead } of own) marked.set(dead, chunk * BYTES_PER_CHUNK);
  const superseded: number[] = [];
  if (tombstones > 0) {
    for (let i = 0; i < tombstones; i++) if (hasBit(marked, rows + i)) superseded.push(i);
    marked.fill(0, (rows + 7) >>> 3);
    if ((rows & 7) !== 0) marked[rows >>> 3]! &= (1 << (rows & 7)) - 1;
  }
  const found = countBits(marked);
  if (found !== count) throw missingRowStates(id, count, found);
  let pushed: Bitmap | undefined;
  for (const chunk of own) {
    if (chunk.pushed === undefined) continue;
    pushed ??= createBitmap(rows + tombstones);
    pushed.set(chunk.pushed, chunk.chunk * BYTES_PER_CHUNK);
  }
  return {
    dead: found === 0 ? undefined : marked.slice(0, (rows + 7) >>> 3),
    pushed,
    superseded: withBits(undefined, tombstones, superseded),
  };
}

function packStates(
  { id, rows, tombstones }: Sizes,
  { dead, pushed, superseded }: RowStates,
  chunks: Iterable<number>,
): RowStateChunk[] {
  // Those of a collection that never synced end with the rows.
  const marked = createBitmap(pushed === undefined && superseded === undefined ? rows : rows + tombstones);
  if (dead !== undefined) marked.set(dead);
  for (let i = 0; i < tombstones; i++) {
    if (superseded !== undefined && hasBit(superseded, i)) setBit(marked, rows + i);
  }
  return Array.from(chunks, (chunk): RowStateChunk => {
    const own = (bits: Bitmap) => bits.slice(chunk * BYTES_PER_CHUNK, (chunk + 1) * BYTES_PER_CHUNK);
    return {
      segment: id,
      chunk,
      dead: own(marked),
      ...(pushed === undefined ? {} : { pushed: own(pushed) }),
    };
  });
}

/** A copy with more bits set; the same one where there are none to set. */
function withBits(
  bitmap: Bitmap | undefined,
  length: number,
  set: readonly number[] | undefined,
): Bitmap | undefined {
  if (set === undefined || set.length === 0) return bitmap;
  const bits = bitmap === undefined ? createBitmap(length) : bitmap.slice();
  for (const bit of set) setBit(bits, bit);
  return bits;
}
