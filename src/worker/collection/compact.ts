import { throwIfAborted } from '../../shared/errors.js';
import { STAMP_BYTES } from '../../shared/stamp.js';
import { bytesOf, type StringColumn, StringColumnBuilder } from '../../shared/string-column.js';
import type { Progress } from '../../shared/types.js';
import { hasBit } from '../bitmap.js';
import { free } from '../free.js';
import { Slice } from '../slices.js';
import { INDEX_VERSION } from '../storage/storage.js';
import type { Change } from './change.js';
import { keptTombstones } from './kept-tombstones.js';
import { type Gathered, inListOrder, isWorthTraining, type Training } from './list-order.js';
import { marksOfMerged } from './merged-states.js';
import { SEALED_ROWS } from './segment.js';
import { countTombstones, type SegmentView } from './segment-view.js';
import { onlyTombstones } from './segment-writer.js';
import type { Snapshot } from './snapshot.js';
import type { CollectionState } from './state.js';

// Merging segments: tiers, as search engines have them. Each record is rewritten about once per tier.

/** Small segments that may gather before they are merged. More: cheaper writes, slower look-ups by id. */
const MAX_SMALL = 32;
/** Segments of one tier that are merged into one of the next. More: fewer rewrites, more graph runs per search. */
const TIER_WIDTH = 8;
/** Vector bytes of a merged segment at most: a merge holds them in memory once more. */
const MAX_MERGED_BYTES = 256 << 20;
/** A segment with a greater share of dead rows is rewritten by `optimize`, and by itself from a half on. */
const WASTE_TO_OPTIMIZE = 0.05;
const WASTE_BY_ITSELF = 0.5;
/** So is one with lists that deletes have emptied: 1.5 where a third of the lists are empty and the others full. */
const IMBALANCE = 1.5;

/** The segments to merge by itself in idle time, as ids; empty: nothing is due. */
export function dueMerge(snapshot: Snapshot): number[] {
  const small = snapshot.views.filter((view) => view.sealed === undefined);
  const rows = small.reduce((sum, view) => sum + view.segment.rows, 0);
  if (small.length >= MAX_SMALL || rows >= SEALED_ROWS) return segmentIds(small);
  const sealed = snapshot.views.filter((view) => view.sealed !== undefined);
  const wasteful = sealed.find((view) => wasteOf(view) > WASTE_BY_ITSELF || imbalanceOf(view) > IMBALANCE);
  if (wasteful !== undefined) return segmentIds([wasteful]);
  const tiers = new Map<number, SegmentView[]>();
  for (const view of sealed) {
    if (vectorBytes(snapshot, view) * TIER_WIDTH > MAX_MERGED_BYTES) continue;
    const tier = Math.floor(Math.log2(view.live / SEALED_ROWS) / Math.log2(TIER_WIDTH));
    tiers.set(tier, [...(tiers.get(tier) ?? []), view]);
  }
  const full = [...tiers.values()].find((views) => views.length >= TIER_WIDTH);
  return segmentIds(full ?? []);
}

/**
 * What gives space back where there is no room for a larger merge, as groups of ids: all segments that are wholly dead,
 * for which nothing is written, then one by one those with dead rows, the most wasteful first.
 */
export function reclaimingMerges(snapshot: Snapshot): number[][] {
  const wasteful = snapshot.views.filter((view) => isWasteful(view, snapshot));
  const gone = wasteful.filter((view) => view.live === 0);
  const rest = wasteful.filter((view) => view.live > 0).sort((a, b) => wasteOf(b) - wasteOf(a));
  return [segmentIds(gone), ...rest.map((view) => segmentIds([view]))].filter((ids) => ids.length > 0);
}

/** Groups of segments that `optimize` merges, as ids. */
export function fullMerge(snapshot: Snapshot): number[][] {
  const groups: SegmentView[][] = [];
  let group: SegmentView[] = [];
  let bytes = 0;
  for (const view of snapshot.views) {
    const own = vectorBytes(snapshot, view);
    if (group.length > 0 && bytes + own > MAX_MERGED_BYTES) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(view);
    bytes += own;
  }
  groups.push(group);
  const isDue = (view: SegmentView) => isWasteful(view, snapshot);
  return groups.filter((views) => views.length > 1 || views.some(isDue)).map(segmentIds);
}

/**
 * Sealed segments to index, as ids: one that has no index, or none that can be used, and is large enough to gain by it;
 * else all without one, as soon as they are large enough together, since every query reads each of them in full.
 */
export function dueTraining({ row, views }: Snapshot, training: Training): number[] {
  const isWorthIt = (rows: number) => isWorthTraining(training, rows, row.config.dimension);
  const bare = views.filter(({ sealed, segment }) => {
    const isUsable = segment.manifest.index?.version === INDEX_VERSION && sealed?.indexFault === undefined;
    return sealed !== undefined && !isUsable;
  });
  const large = bare.find(({ live }) => isWorthIt(live));
  if (large !== undefined) return segmentIds([large]);
  return isWorthIt(bare.reduce((sum, { live }) => sum + live, 0)) ? segmentIds(bare) : [];
}

export interface MergeOptions {
  /** Undefined: nothing is indexed. */
  readonly training: Training | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: Progress) => void;
}

/** Merges the segments with these ids, and indexes a large result. False: they are not there any more. */
export async function merge(
  state: CollectionState,
  segments: readonly number[],
  { training, signal, onProgress }: MergeOptions,
): Promise<boolean> {
  // Before a training that could not be kept.
  await state.checkRoom(mergedBytes(viewsOf(state.current, segments) ?? []));
  // Outside the lock: writes and queries go on meanwhile.
  const gathered = await state.read(async (snapshot) => {
    // Asked again: another tab has removed what was being read.
    const still = viewsOf(snapshot, segments);
    const now = state.now();
    return (
      still && {
        views: still,
        server: serverOf(snapshot),
        ...(await gather(still, snapshot, now, signal, onProgress)),
      }
    );
  });
  if (gathered === undefined) return false;
  const { views, server } = gathered;
  const { content, ...places } =
    training === undefined
      ? gathered
      : await inListOrder(gathered, state.current.row.config, training, signal, onProgress);
  let gone = false;
  await state.commit(
    async (snapshot): Promise<Change | undefined> => {
      const now = viewsOf(snapshot, segments);
      // Another server's stamps and bases are in what was gathered.
      if (now === undefined || serverOf(snapshot) !== server) {
        gone = true;
        return undefined;
      }
      const removed = new Set(now.map((view) => snapshot.views.indexOf(view)));
      const inNew = marksOfMerged(views, now, places, content?.norms.length ?? 0);
      return { content, removed, inNew };
    },
    { durability: 'disk', signal },
  );
  return !gone;
}

function serverOf({ row }: Snapshot): string | undefined {
  return row.sync?.descriptor.id;
}

function viewsOf(snapshot: Snapshot, segments: readonly number[]): SegmentView[] | undefined {
  const views = snapshot.views.filter((view) => segments.includes(view.segment.id));
  return views.length === segments.length ? views : undefined;
}

/** Copies the live rows, in their order, and the tombstones that are needed. */
async function gather(
  views: readonly SegmentView[],
  { row: { config, sync } }: Snapshot,
  now: number,
  signal: AbortSignal | undefined,
  onProgress: (progress: Progress) => void,
): Promise<Gathered> {
  const { dimension } = config;
  const rows = views.reduce((sum, view) => sum + view.live, 0);
  const vectors = new Float32Array(rows * dimension);
  const norms = new Float32Array(rows);
  const stamps = new Uint8Array(rows * STAMP_BYTES);
  const bases = sync && new Uint8Array(rows * STAMP_BYTES);
  const ids = new StringColumnBuilder(rows);
  const metadata = new StringColumnBuilder(rows);
  const texts = new StringColumnBuilder(rows);
  const newRows: Int32Array[] = [];
  const slice = new Slice();
  let at = 0;
  for (const { segment, dead } of views) {
    const own = new Int32Array(segment.rows).fill(-1);
    newRows.push(own);
    if (segment.rows === 0) continue;
    const [ownIds, ownMetadata, ownTexts] = [
      await segment.ids(),
      await segment.metadata(),
      await segment.texts(),
    ];
    const [ownNorms, ownStamps] = [await segment.norms(), await segment.stamps()];
    const ownBases = bases && (await segment.bases());
    const { rowsPerPage } = segment;
    for (let page = 0; page * rowsPerPage < segment.rows; page++) {
      throwIfAborted(signal);
      const from = page * rowsPerPage;
      const to = Math.min(segment.rows, from + rowsPerPage);
      const [ownVectors] = await segment.readVectorPages(page, page + 1);
      for (let row = from; row < to; row++) {
        if (dead !== undefined && hasBit(dead, row)) continue;
        own[row] = at;
        vectors.set(
          ownVectors!.subarray((row - from) * dimension, (row - from + 1) * dimension),
          at * dimension,
        );
        norms[at] = ownNorms[row]!;
        stamps.set(ownStamps.subarray(row * STAMP_BYTES, (row + 1) * STAMP_BYTES), at * STAMP_BYTES);
        if (ownBases !== undefined)
          bases!.set(ownBases.subarray(row * STAMP_BYTES, (row + 1) * STAMP_BYTES), at * STAMP_BYTES);
        ids.pushBytes(bytesOf(ownIds, row));
        metadata.pushBytes(cell(ownMetadata, row));
        texts.pushBytes(cell(ownTexts, row));
        at++;
        if ((at & 255) === 0 && slice.isOver()) await slice.next();
      }
      free(ownVectors!);
      onProgress({ done: at, total: rows });
    }
  }
  const { tombstones, newTombstones } = await keptTombstones(views, sync, now);
  const places = { newRows, newTombstones };
  if (rows === 0) return { content: tombstones && onlyTombstones(tombstones), ...places };
  const columns = { metadata: orNone(metadata.finish()), texts: orNone(texts.finish()) };
  const content = { ids: ids.finish(), vectors, norms, stamps, bases, ...columns, tombstones };
  return { content, ...places };
}

const NOTHING = new Uint8Array(0);

function cell(column: StringColumn | undefined, row: number): Uint8Array {
  return column === undefined ? NOTHING : bytesOf(column, row);
}

function orNone(column: StringColumn): StringColumn | undefined {
  return column.bytes.length === 0 ? undefined : column;
}

function segmentIds(views: readonly SegmentView[]): number[] {
  return views.map((view) => view.segment.id);
}

/** Bytes of the segment that these become, nearly. */
function mergedBytes(views: readonly SegmentView[]): number {
  return views.reduce((sum, view) => sum + view.segment.manifest.bytes * (1 - wasteOf(view)), 0);
}

function vectorBytes(snapshot: Snapshot, view: SegmentView): number {
  return view.live * snapshot.row.config.dimension * 4;
}

function wasteOf(view: SegmentView): number {
  return view.segment.rows === 0 ? 1 : 1 - view.live / view.segment.rows;
}

/**
 * The imbalance factor n Σl² / (Σl)² of the live rows l in each of n lists (Jégou, Douze and Schmid, 2011): 1 where
 * all are alike. Lists are of nearly equal size and lie one after the other, so stretches of their mean length stand
 * for them.
 */
function imbalanceOf({ segment, dead, live }: SegmentView): number {
  const lists = segment.manifest.index?.lists;
  if (lists === undefined || dead === undefined || live === 0) return 1;
  const sizes = new Float64Array(lists);
  for (let row = 0; row < segment.rows; row++) {
    if (!hasBit(dead, row)) sizes[Math.floor((row * lists) / segment.rows)]! += 1;
  }
  return (lists * sizes.reduce((sum, size) => sum + size * size, 0)) / (live * live);
}

/** Tombstones of a collection that syncs may have to be kept for long. */
function isWasteful(view: SegmentView, { row }: Snapshot): boolean {
  if (view.segment.rows > 0 && wasteOf(view) > WASTE_TO_OPTIMIZE) return true;
  const { tombstones } = view.segment.manifest;
  return row.sync === undefined ? tombstones > 0 : countTombstones(view) < tombstones;
}
