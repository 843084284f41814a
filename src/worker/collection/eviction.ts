import { packStrings, unpackString } from '../../shared/string-column.js';
import { Slice } from '../slices.js';
import { MAX_EVENT_IDS } from './change-events.js';
import type { Snapshot } from './snapshot.js';
import type { StampOrder } from './stamp-order.js';
import type { Change } from './state.js';

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
 * No tombstone: an eviction is no delete that anybody else should hear of.
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
  const deadInNew = Array.from({ length: left }, (_, row) => row);
  for (const row of deadInNew.slice(0, MAX_EVENT_IDS - told.length)) told.push(unpackString(ids, row));
  const records = [
    ...(change.records ?? []),
    { kind: 'evict', ids: packStrings(told), count: excess } as const,
  ];
  return { change: { ...change, dead, deadInNew, records }, evicted: excess };
}

/** Places of the live records that the change leaves alone. */
async function* oldestFirst(
  { views }: Snapshot,
  dead: Change['dead'],
): AsyncGenerator<{ source: number; row: number }> {
  const readers: Reader[] = [];
  for (const [source, view] of views.entries()) {
    if (view.live === 0) continue;
    const order = await view.segment.stampOrder();
    const rows = order.living(view.dead, new Set(dead?.get(source)));
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
