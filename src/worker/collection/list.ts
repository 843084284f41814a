import { unpackString } from '../../shared/string-column.js';
import { hasBit } from '../bitmap.js';
import { Slice } from '../slices.js';
import type { Place } from './records.js';
import type { CompiledFilter } from './segment.js';
import { select } from './segment-view.js';
import type { Snapshot } from './snapshot.js';

/** One view's rows in the order of id, from the first id after the cursor. */
interface Reader {
  readonly source: number;
  id(): string | undefined;
  readonly row: number;
  advance(): void;
}

/**
 * The next `limit` records after the id `after`, in the order of id, and whether there are more. A page depends on
 * ids alone: a record that is there all the while is listed exactly once, whatever is written between two pages.
 */
export async function listPlaces(
  snapshot: Snapshot,
  filter: CompiledFilter | undefined,
  after: string | undefined,
  limit: number,
): Promise<{ places: Place[]; more: boolean }> {
  const readers: Reader[] = [];
  for (const [source, view] of snapshot.views.entries()) {
    if (view.live > 0) readers.push(await openReader(snapshot, source, filter, after));
  }
  const places: Place[] = [];
  const slice = new Slice();
  for (;;) {
    let first: Reader | undefined;
    for (const reader of readers) {
      const id = reader.id();
      if (id !== undefined && (first === undefined || id < first.id()!)) first = reader;
    }
    if (first === undefined) return { places, more: false };
    if (places.length === limit) return { places, more: true };
    places.push({ source: first.source, row: first.row });
    first.advance();
    if (slice.isOver()) await slice.next();
  }
}

async function openReader(
  snapshot: Snapshot,
  source: number,
  filter: CompiledFilter | undefined,
  after: string | undefined,
): Promise<Reader> {
  const view = snapshot.views[source]!;
  const ids = await view.segment.ids();
  const order = await view.segment.byId();
  const { excluded } = await select(view, filter);
  let at = 0;
  if (after !== undefined) {
    for (let high = order.length; at < high; ) {
      const middle = (at + high) >> 1;
      if (unpackString(ids, order[middle]!) <= after) at = middle + 1;
      else high = middle;
    }
  }
  let current: string | undefined;
  const settle = () => {
    while (at < order.length && excluded !== undefined && hasBit(excluded, order[at]!)) at++;
    current = at < order.length ? unpackString(ids, order[at]!) : undefined;
  };
  settle();
  return {
    source,
    id: () => current,
    get row() {
      return order[at]!;
    },
    advance() {
      at++;
      settle();
    },
  };
}
