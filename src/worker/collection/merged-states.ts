import { type Bitmap, hasBit } from '../bitmap.js';
import type { Marks } from './row-states.js';
import type { SegmentView } from './segment-view.js';

/** Where the rows and tombstones of merged segments went. */
export interface NewPlaces {
  /** [view][row]: the row of the merged segment, or −1. */
  readonly newRows: readonly Int32Array[];
  /** [view][tombstone]: that of the merged segment, or −1. */
  readonly newTombstones: readonly Int32Array[];
}

/**
 * What the merged segment begins with: rows that died, and tombstones that were superseded, while it was being made; and
 * all that a server has acknowledged by now.
 *
 * @param rows of the merged segment
 */
export function marksOfMerged(
  before: readonly SegmentView[],
  now: readonly SegmentView[],
  { newRows, newTombstones }: NewPlaces,
  rows: number,
): Marks {
  const dead: number[] = [];
  const pushed: number[] = [];
  const superseded: number[] = [];
  for (const [v, view] of now.entries()) {
    if (view.dead !== before[v]!.dead) collect(view.dead, 0, newRows[v]!, 0, dead);
    if (view.superseded !== before[v]!.superseded)
      collect(view.superseded, 0, newTombstones[v]!, 0, superseded);
    collect(view.pushed, 0, newRows[v]!, 0, pushed);
    collect(view.pushed, view.segment.rows, newTombstones[v]!, rows, pushed);
  }
  return { dead, pushed, superseded };
}

/** Adds the new places, counted from `base`, of those whose bit, counted from `offset`, is set. */
function collect(
  bits: Bitmap | undefined,
  offset: number,
  places: Int32Array,
  base: number,
  into: number[],
): void {
  if (bits === undefined) return;
  for (const [i, place] of places.entries()) {
    if (place !== -1 && hasBit(bits, offset + i)) into.push(base + place);
  }
}
