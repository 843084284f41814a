import { type Bitmap, countBits, createBitmap, hasBit } from '../bitmap.js';
import type { SegmentView } from './segment-view.js';
import type { Snapshot } from './snapshot.js';

/** The outbox is the data (SPEC, Y2): rows, and tombstones after them, that count and that no server has acknowledged. */
export interface PendingPositions {
  readonly bits: Bitmap;
  readonly count: number;
}

/** Views are immutable. */
const known = new WeakMap<SegmentView, PendingPositions>();

export function pendingIn(view: SegmentView): PendingPositions {
  let pending = known.get(view);
  if (pending === undefined) {
    const bits = pendingBits(view);
    pending = { bits, count: countBits(bits) };
    known.set(view, pending);
  }
  return pending;
}

export function countPending({ views }: Snapshot): number {
  return views.reduce((sum, view) => sum + pendingIn(view).count, 0);
}

/** Whether `after` has segments that `before` has not, with something pending. */
export function bringsPending(before: Snapshot, after: Snapshot): boolean {
  const old = new Set(before.views.map(({ segment }) => segment.id));
  return after.views.some((view) => !old.has(view.segment.id) && pendingIn(view).count > 0);
}

function pendingBits({ segment, dead, pushed, superseded }: SegmentView): Bitmap {
  const { rows, tombstones } = segment.manifest;
  const positions = rows + tombstones;
  const bits = createBitmap(positions).fill(0xff);
  if ((positions & 7) !== 0) bits[bits.length - 1] = (1 << (positions & 7)) - 1;
  for (let i = 0; dead !== undefined && i < dead.length; i++) bits[i]! &= ~dead[i]!;
  for (let i = 0; pushed !== undefined && i < pushed.length; i++) bits[i]! &= ~pushed[i]!;
  for (let i = 0; superseded !== undefined && i < tombstones; i++) {
    const position = rows + i;
    if (hasBit(superseded, i)) bits[position >>> 3]! &= ~(1 << (position & 7));
  }
  return bits;
}
