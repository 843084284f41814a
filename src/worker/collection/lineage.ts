import { STAMP_BYTES } from '../../shared/stamp.js';
import type { StringColumn } from '../../shared/string-column.js';
import { hasBit } from '../bitmap.js';
import { type Located, locateTombstones, rowsByView } from './locate.js';
import type { SegmentView } from './segment-view.js';
import { TOMBSTONE_BYTES } from './segment-writer.js';
import type { Snapshot } from './snapshot.js';

/** What a write carries on from what it replaces. */
export interface Lineage {
  /** 16 bytes a row: the stamp that a server is known to have had before, or zeros. */
  readonly bases: Uint8Array<ArrayBuffer> | undefined;
  /** Tombstones of the records, by index of the view. */
  readonly superseded: ReadonlyMap<number, readonly number[]> | undefined;
}

/** That of records to be written; nothing in a collection that never synced. */
export async function lineageOf(
  { row, views }: Snapshot,
  ids: StringColumn,
  located: Located,
): Promise<Lineage> {
  if (row.sync === undefined) return { bases: undefined, superseded: undefined };
  const bases = new Uint8Array(located.views.length * STAMP_BYTES);
  for (const [index, positions] of positionsByView(located)) {
    const baseOf = await baseOfRow(views[index]!);
    for (const i of positions) bases.set(baseOf(located.rows[i]!), i * STAMP_BYTES);
  }
  const tombstones = await locateTombstones(views, ids);
  for (const [index, positions] of positionsByView(tombstones)) {
    const baseOf = await baseOfTombstone(views[index]!);
    for (const i of positions) {
      if (located.views[i] === -1) bases.set(baseOf(tombstones.rows[i]!), i * STAMP_BYTES);
    }
  }
  return { bases, superseded: rowsByView(tombstones) };
}

/** Bases of deletes, in the order of `rows`; undefined in a collection that never synced. */
export async function basesOfDeletes(
  { row, views }: Snapshot,
  rows: ReadonlyMap<number, readonly number[]>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (row.sync === undefined) return undefined;
  const bases = new Uint8Array([...rows.values()].reduce((sum, own) => sum + own.length, 0) * STAMP_BYTES);
  let at = 0;
  for (const [index, own] of rows) {
    const baseOf = await baseOfRow(views[index]!);
    for (const each of own) {
      bases.set(baseOf(each), at);
      at += STAMP_BYTES;
    }
  }
  return bases;
}

type StampAt = (position: number) => Uint8Array<ArrayBuffer>;

const NONE = new Uint8Array(STAMP_BYTES);

/** What a write over these rows is based on: their stamp where a server has it, else what they were based on. */
async function baseOfRow({ segment, pushed }: SegmentView): Promise<StampAt> {
  const { stamps, bases } = await segment.versions();
  return (row) => {
    const from = pushed !== undefined && hasBit(pushed, row) ? stamps : bases;
    return from === undefined ? NONE : from.subarray(row * STAMP_BYTES, (row + 1) * STAMP_BYTES);
  };
}

async function baseOfTombstone({ segment, pushed }: SegmentView): Promise<StampAt> {
  const { stamps } = await segment.tombstoneTable();
  return (tombstone) => {
    const isPushed = pushed !== undefined && hasBit(pushed, segment.rows + tombstone);
    const at = tombstone * TOMBSTONE_BYTES + (isPushed ? 0 : STAMP_BYTES);
    return stamps.subarray(at, at + STAMP_BYTES);
  };
}

function positionsByView({ views }: Located): Map<number, number[]> {
  return rowsByView({ views, rows: Int32Array.from(views, (_, i) => i) });
}
