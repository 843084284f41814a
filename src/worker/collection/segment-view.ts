import { type Bitmap, countBits, excludedRows, hasBit } from '../bitmap.js';
import { difference, listRows } from '../filter/bitmap-sets.js';
import type { SegmentManifest } from '../storage/storage.js';
import type { RowStates } from './row-states.js';
import type { SealedRows } from './sealed-rows.js';
import type { CompiledFilter, Segment } from './segment.js';

/** A segment as one generation sees it. Immutable. */
export interface SegmentView extends RowStates {
  readonly segment: Segment;
  readonly live: number;
  /** Undefined for a small segment, whose vectors are in the tail. */
  readonly sealed: SealedRows | undefined;
}

/** What a search of a view looks at. */
export interface Selection {
  /** The rows that it leaves out. Made when first asked for; the same bitmap every time. */
  readonly excluded: Bitmap | undefined;
  /** How many rows that leaves. */
  readonly rows: number;
  /** These rows, ascending, where a filter leaves few: at most 1,024, or a sixteenth of the segment. */
  readonly only: Uint32Array<ArrayBuffer> | undefined;
}

const FEW_ROWS = 1024;
const FEW_SHARE = 1 / 16;

/** A view is immutable, and so is what a filter selects of it: by view, then by the filter's bitmap. */
const selections = new WeakMap<SegmentView, WeakMap<Bitmap, Selection>>();

export function viewOf(segment: Segment, states: RowStates, sealed: SealedRows | undefined): SegmentView {
  const { dead, pushed, superseded } = states;
  const live = segment.rows - (dead === undefined ? 0 : countBits(dead));
  return { segment, dead, pushed, superseded, live, sealed };
}

export function liveRows({ segment, dead }: SegmentView): number[] {
  const rows: number[] = [];
  for (let row = 0; row < segment.rows; row++) {
    if (dead === undefined || !hasBit(dead, row)) rows.push(row);
  }
  return rows;
}

/** Tombstones that count. */
export function countTombstones({ segment, superseded }: SegmentView): number {
  return segment.manifest.tombstones - (superseded === undefined ? 0 : countBits(superseded));
}

/** The view's segment as its generation lists it. */
export function manifestOf({ segment, live }: SegmentView): SegmentManifest {
  return listed(segment.manifest, segment.rows - live);
}

export function listed({ dead: _, ...manifest }: SegmentManifest, dead: number): SegmentManifest {
  return dead === 0 ? manifest : { ...manifest, dead };
}

/** The live rows of a view that pass the filter. */
export async function select(view: SegmentView, filter: CompiledFilter | undefined): Promise<Selection> {
  if (filter === undefined) return { excluded: view.dead, rows: view.live, only: undefined };
  const passing = await view.segment.passing(filter);
  const known = selections.get(view) ?? new WeakMap<Bitmap, Selection>();
  selections.set(view, known);
  let selection = known.get(passing);
  if (selection === undefined) {
    selection = new FilteredSelection(view, passing);
    known.set(passing, selection);
  }
  return selection;
}

class FilteredSelection implements Selection {
  readonly rows: number;
  readonly only: Uint32Array<ArrayBuffer> | undefined;
  #excluded: Bitmap | undefined;

  constructor(
    private readonly view: SegmentView,
    private readonly passing: Bitmap,
  ) {
    const { segment, dead } = view;
    const selected = dead === undefined ? passing : difference(passing, dead);
    this.rows = countBits(selected);
    const isFew = this.rows <= Math.max(FEW_ROWS, segment.rows * FEW_SHARE);
    this.only = isFew ? listRows(selected, this.rows) : undefined;
  }

  get excluded(): Bitmap {
    const { segment, dead } = this.view;
    this.#excluded ??= excludedRows(segment.rows, dead, this.passing);
    return this.#excluded;
  }
}
