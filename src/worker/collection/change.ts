import { toHex } from '../../shared/stamp.js';
import type { StringColumn } from '../../shared/string-column.js';
import { countBits } from '../bitmap.js';
import type { CollectionRow, Page, RowStateChunk, SegmentManifest } from '../storage/storage.js';
import type { SyncRow } from '../sync/mirror.js';
import { forgetPushed, type Marks, mark, type RowStates, UNTOUCHED } from './row-states.js';
import { listed, manifestOf, type SegmentView, viewOf } from './segment-view.js';
import { packSegment, type SegmentContent } from './segment-writer.js';
import type { Snapshot } from './snapshot.js';

/** What a commit does to a snapshot. */
export interface Change {
  /** Becomes a new segment. */
  readonly content?: SegmentContent | undefined;
  /** What the new segment begins with. */
  readonly inNew?: Marks | undefined;
  /** Rows that die, by index of the view. */
  readonly dead?: ReadonlyMap<number, readonly number[]>;
  /** Rows, and tombstones after them, that a server has acknowledged, by index of the view. */
  readonly pushed?: ReadonlyMap<number, readonly number[]>;
  /** Tombstones that count no more, by index of the view. */
  readonly superseded?: ReadonlyMap<number, readonly number[]> | undefined;
  /** Indexes of views that go. */
  readonly removed?: ReadonlySet<number>;
  /** What it means to the records; left out where it only moves them. */
  readonly records?: readonly ChangedRecords[];
  /** What is quarantined goes for good. */
  readonly discardsQuarantined?: boolean;
  /** What is known of the server from now on. */
  readonly sync?: SyncRow;
  /** Nothing counts as pushed any more, no tombstone counts, and all stamps are this much later. */
  readonly anew?: { readonly movedMs: number };
  /** What the clock goes on from; left out: from the stamp that was handed out last. */
  readonly clock?: Uint8Array<ArrayBuffer>;
}

export interface ChangedRecords {
  readonly kind: 'upsert' | 'delete' | 'evict';
  readonly ids: StringColumn;
  /** Where `ids` are only the first of them. */
  readonly count?: number;
  /** Absent: it was made here. */
  readonly origin?: 'sync';
}

/** A commit as storage takes it, and what is to be seen once it is there. */
export interface Plan {
  readonly next: CollectionRow;
  readonly pages: readonly Page[];
  readonly rowStates: readonly RowStateChunk[];
  readonly removedSegments: readonly SegmentManifest[];
  /** All but that of the new segment. */
  readonly views: readonly SegmentView[];
  readonly added: { readonly manifest: SegmentManifest; readonly states: RowStates } | undefined;
}

export function planOf({ row, views: before }: Snapshot, change: Change, clock: Uint8Array): Plan {
  const rowStates: RowStateChunk[] = [];
  const views: SegmentView[] = [];
  const { quarantined = [], ...rest } = row;
  const removedSegments = change.discardsQuarantined ? quarantined.map(({ manifest }) => manifest) : [];
  for (const [index, view] of before.entries()) {
    if (change.removed?.has(index)) {
      removedSegments.push(view.segment.manifest);
      continue;
    }
    const marked = change.anew === undefined ? markedView(view, index, change) : viewAnew(view, change.anew);
    rowStates.push(...marked.chunks);
    views.push(marked.view);
  }
  const packed = change.content && packSegment(row.nextSegment, change.content);
  const begun = packed && mark(packed.manifest, UNTOUCHED, change.inNew ?? {});
  if (begun !== undefined) rowStates.push(...begun.chunks);
  const next: CollectionRow = {
    ...(change.discardsQuarantined ? rest : row),
    generation: row.generation + 1,
    nextSegment: row.nextSegment + (packed ? 1 : 0),
    segments: [
      ...views.map(manifestOf),
      ...(packed ? [listed(packed.manifest, begun?.states.dead ? countBits(begun.states.dead) : 0)] : []),
    ],
    clock: toHex(change.clock ?? clock),
    ...(change.sync === undefined ? {} : { sync: change.sync }),
  };
  const added = packed && { manifest: packed.manifest, states: begun!.states };
  return { next, pages: packed?.pages ?? [], rowStates, removedSegments, views, added };
}

function markedView(view: SegmentView, index: number, change: Change) {
  const [dead, pushed, superseded] = [change.dead, change.pushed, change.superseded].map((marks) =>
    marks?.get(index),
  );
  if (dead === undefined && pushed === undefined && superseded === undefined) return { view, chunks: [] };
  const { states, chunks } = mark(view.segment.manifest, view, { dead, pushed, superseded });
  return { view: viewOf(view.segment, states, view.sealed), chunks };
}

/** Its bases were stamps of another server's: without the column they are none. */
function viewAnew({ segment, sealed, ...before }: SegmentView, { movedMs: more }: { movedMs: number }) {
  const { states, chunks } = forgetPushed(segment.manifest, before);
  const { columns, movedMs = 0, ...rest } = segment.manifest;
  const { bases: _, ...others } = columns;
  const moved = movedMs + more;
  const manifest = { ...rest, columns: others, ...(moved === 0 ? {} : { movedMs: moved }) };
  return { view: viewOf(segment.listedAs(manifest), states, sealed), chunks };
}
