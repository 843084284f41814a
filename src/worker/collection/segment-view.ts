import { type Bitmap, countBits, excludedRows } from '../bitmap.js';
import type { SealedRows } from './sealed-rows.js';
import type { CompiledFilter, Segment } from './segment.js';

/** A segment as one generation sees it. Immutable. */
export interface SegmentView {
  readonly segment: Segment;
  readonly dead: Bitmap | undefined;
  readonly live: number;
  /** Undefined for a small segment, whose vectors are in the tail. */
  readonly sealed: SealedRows | undefined;
}

export function viewOf(
  segment: Segment,
  dead: Bitmap | undefined,
  sealed: SealedRows | undefined,
): SegmentView {
  return { segment, dead, live: segment.rows - (dead === undefined ? 0 : countBits(dead)), sealed };
}

/** Rows of a view that a search leaves out. */
export async function excludedOf(
  view: SegmentView,
  filter: CompiledFilter | undefined,
): Promise<Bitmap | undefined> {
  return excludedRows(view.segment.rows, view.dead, filter && (await view.segment.passing(filter)));
}
