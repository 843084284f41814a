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

/** What a search leaves out of a view, and how many rows that leaves. */
export interface Selection {
  readonly excluded: Bitmap | undefined;
  readonly rows: number;
}

/** A view is immutable, and so is what a filter selects of it: by view, then by the filter's bitmap. */
const selections = new WeakMap<SegmentView, WeakMap<Bitmap, Selection>>();

export function viewOf(
  segment: Segment,
  dead: Bitmap | undefined,
  sealed: SealedRows | undefined,
): SegmentView {
  return { segment, dead, live: segment.rows - (dead === undefined ? 0 : countBits(dead)), sealed };
}

/** The live rows of a view that pass the filter. */
export async function select(view: SegmentView, filter: CompiledFilter | undefined): Promise<Selection> {
  if (filter === undefined) return { excluded: view.dead, rows: view.live };
  const passing = await view.segment.passing(filter);
  const known = selections.get(view) ?? new WeakMap<Bitmap, Selection>();
  selections.set(view, known);
  let selection = known.get(passing);
  if (selection === undefined) {
    const excluded = excludedRows(view.segment.rows, view.dead, passing);
    selection = { excluded, rows: view.segment.rows - countBits(excluded) };
    known.set(passing, selection);
  }
  return selection;
}
