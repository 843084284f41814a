import type { StringColumn } from '../../shared/string-column.js';
import { type Bitmap, hasBit } from '../bitmap.js';
import { Slice } from '../slices.js';
import { hashBytes, type IdTable } from './id-table.js';
import { countTombstones, type SegmentView } from './segment-view.js';

/** Where records are: view and row of the i-th id; view −1 where there is no live record with that id. */
export interface Located {
  readonly views: Int32Array<ArrayBuffer>;
  readonly rows: Int32Array<ArrayBuffer>;
}

export async function locate(views: readonly SegmentView[], ids: StringColumn): Promise<Located> {
  const there = views.map((view, index) => ({ view, index })).filter(({ view }) => view.live > 0);
  return find(ids, there.reverse(), async ({ view: { segment, dead } }) => ({
    table: await segment.idTable(),
    gone: dead,
  }));
}

/** Where their tombstones are, as far as they count; `rows` are positions among the tombstones of a segment. */
export async function locateTombstones(views: readonly SegmentView[], ids: StringColumn): Promise<Located> {
  const there = views.map((view, index) => ({ view, index })).filter(({ view }) => countTombstones(view) > 0);
  return find(ids, there.reverse(), async ({ view: { segment, superseded } }) => ({
    table: (await segment.tombstoneTable()).table,
    gone: superseded,
  }));
}

async function find<P extends { readonly index: number }>(
  ids: StringColumn,
  places: readonly P[],
  tableOf: (place: P) => Promise<{ table: IdTable; gone: Bitmap | undefined }>,
): Promise<Located> {
  const count = ids.offsets.length - 1;
  const located: Located = { views: new Int32Array(count).fill(-1), rows: new Int32Array(count) };
  if (count === 0 || places.length === 0) return located;
  const tables = await Promise.all(places.map(tableOf));
  const slice = new Slice();
  for (let i = 0; i < count; i++) {
    const start = ids.offsets[i]!;
    const end = ids.offsets[i + 1]!;
    const hash = hashBytes(ids.bytes, start, end);
    for (const [t, { table, gone }] of tables.entries()) {
      const row = table.find(hash, ids.bytes, start, end);
      if (row === -1 || (gone !== undefined && hasBit(gone, row))) continue;
      located.views[i] = places[t]!.index;
      located.rows[i] = row;
      break;
    }
    if ((i & 1023) === 1023 && slice.isOver()) await slice.next();
  }
  return located;
}

/** The located rows by view: what a write replaces or deletes. */
export function rowsByView(located: Located): Map<number, number[]> {
  const byView = new Map<number, number[]>();
  for (const [i, view] of located.views.entries()) {
    if (view === -1) continue;
    const rows = byView.get(view);
    if (rows === undefined) byView.set(view, [located.rows[i]!]);
    else rows.push(located.rows[i]!);
  }
  return byView;
}
