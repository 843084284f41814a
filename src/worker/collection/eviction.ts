import { packStrings, unpackString } from '../../shared/string-column.js';
import { hasBit } from '../bitmap.js';
import { Slice } from '../slices.js';
import type { Change } from './change.js';
import { MAX_EVENT_IDS } from './change-events.js';
import type { SegmentView } from './segment-view.js';
import type { Snapshot } from './snapshot.js';
import type { StampOrder } from './stamp-order.js';

/** How many records a collection keeps. */
export interface Bound {
  /** Undefined: all. */
  maxRecords?: number | undefined;
}

interface Reader {
  readonly source: number;
  readonly order: StampOrder;
  readonly rows: Iterator<number, undefined>;
  row: number;
}

/**
 * A change that adds records, with the oldest of all dying in it as far as there would be more than the bound allows.
 * No tombstone: an eviction is no delete that anybody else should hear of. Where the collection syncs, what no server has
 * is left alone, however many that leaves.
 */
export async function evicting(
  snapshot: Snapshot,
  change: Change,
  { maxRecords = Number.POSITIVE_INFINITY }: Bound = {},
): Promise<{ change: Change; evicted?: number }> {
  const { ids } = change.content!;
  const added = ids.offsets.length - 1;
  const replaced = [...(change.dead?.values() ?? [])].reduce((sum, rows) => sum + rows.length, 0);
  const excess = snapshot.live - replaced + added - maxRecords;
  if (excess <= 0) return { change };
  const dead = new Map([...(change.dead ?? [])].map(([source, rows]) => [source, [...rows]]));
  const told: string[] = [];
  const slice = new Slice();
  let left = excess;
  for await (const { source, row } of oldestFirst(snapshot, change.dead)) {
    const own = dead.get(source);
    if (own === undefined) dead.set(source, [row]);
    else own.push(row);
    if (told.length < MAX_EVENT_IDS)
      told.push(unpackString(await snapshot.views[source]!.segment.ids(), row));
    if (--left === 0) break;
    if (slice.isOver()) await slice.next();
  }
  // What is left to evict is in the batch itself, which is younger than all others.
  const inBatch =
    snapshot.row.sync === undefined
      ? Array.from({ length: added }, (_, row) => row)
      : (change.inNew?.pushed ?? []).filter((position) => position < added);
  const deadInNew = inBatch.slice(0, left);
  for (const row of deadInNew.slice(0, MAX_EVENT_IDS - told.length)) told.push(unpackString(ids, row));
  const evicted = excess - left + deadInNew.length;
  if (evicted === 0) return { change };
  const records = [
    ...(change.records ?? []),
    { kind: 'evict', ids: packStrings(told), count: evicted } as const,
  ];
  return { change: { ...change, dead, inNew: { ...change.inNew, dead: deadInNew }, records }, evicted };
}

function* pushedOf({ pushed }: SegmentView, rows: Iterable<number>): Generator<number, undefined> {
  if (pushed !== undefined) for (const row of rows) if (hasBit(pushed, row)) yield row;
  return undefined;
}

/** Places of the live records that the change leaves alone. */
async function* oldestFirst(
  { views, row: { sync } }: Snapshot,
  dead: Change['dead'],
): AsyncGenerator<{ source: number; row: number }> {
  const readers: Reader[] = [];
  for (const [source, view] of views.entries()) {
    if (view.live === 0) continue;
    const order = await view.segment.stampOrder();
    const living = order.living(view.dead, new Set(dead?.get(source)));
    const rows = sync === undefined ? living : pushedOf(view, living);
    const first = rows.next().value;
    if (first !== undefined) readers.push({ source, order, rows, row: first });
  }
  while (readers.length > 0) {
    // Few segments: a heap would gain nothing. Of one age, the one of the older segment goes first.
    const oldest = readers.reduce((best, each) =>
      each.order.isOlder(each.row, best.order, best.row) ? each : best,
    );
    yield { source: oldest.source, row: oldest.row };
    const next = oldest.rows.next().value;
    if (next === undefined) readers.splice(readers.indexOf(oldest), 1);
    else oldest.row = next;
  }
}
