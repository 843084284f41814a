import { unpackString } from '../../shared/string-column.js';
import type { ChangeEvent } from '../../shared/types.js';
import type { Committed } from './state.js';

/** Ids in an event at most. */
const MAX_IDS = 1000;

/** What a commit made here is told as. */
export function changeEvents(collection: string, { generation, records }: Committed): ChangeEvent[] {
  return records.map(({ kind, ids }) => {
    const count = ids.offsets.length - 1;
    const first = Array.from({ length: Math.min(count, MAX_IDS) }, (_, i) => unpackString(ids, i));
    return { collection, kind, ids: first, count, generation, origin: 'local' };
  });
}
