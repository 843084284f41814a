import { unpackString } from '../../shared/string-column.js';
import type { ChangeEvent } from '../../shared/types.js';
import type { Committed } from './state.js';

/** Ids in an event at most. */
export const MAX_EVENT_IDS = 1_000;

/** What a commit made here is told as. */
export function changeEvents(collection: string, { generation, records }: Committed): ChangeEvent[] {
  return records.map(({ kind, ids, count = ids.offsets.length - 1, origin }) => {
    const told = Math.min(ids.offsets.length - 1, MAX_EVENT_IDS);
    const first = Array.from({ length: told }, (_, i) => unpackString(ids, i));
    return { collection, kind, ids: first, count, generation, origin: origin ?? 'local' };
  });
}
