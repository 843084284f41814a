import type { IDBPObjectStore, StoreNames } from 'idb';
import type { Schema } from './schema.js';
import type { CollectionRow } from './storage.js';
import { type RowStateKey, wholeOrNone } from './stored.js';

export interface CollectionEntry {
  readonly name: string;
  /** Undefined: it is damaged. */
  readonly row: CollectionRow | undefined;
}

export async function entriesOf(
  collections: IDBPObjectStore<Schema, ArrayLike<StoreNames<Schema>>, 'collections', IDBTransactionMode>,
): Promise<CollectionEntry[]> {
  const [names, stored] = await both(
    () => collections.getAllKeys(),
    () => collections.getAll(),
  );
  return names.map((name, i) => ({ name, row: wholeOrNone(stored[i], name) }));
}

/** Row states as they are stored, with their keys. */
export async function chunksOf(
  rowStates: IDBPObjectStore<Schema, ArrayLike<StoreNames<Schema>>, 'rowStates', IDBTransactionMode>,
  range: IDBKeyRange,
): Promise<{ key: RowStateKey; value: unknown }[]> {
  const [keys, values] = await both(
    () => rowStates.getAllKeys(range),
    () => rowStates.getAll(range),
  );
  return keys.map((key, i) => ({ key, value: values[i] }));
}

/**
 * Ids of collections that nobody lists: what belongs to a damaged one that is dropped. None where another one is damaged,
 * which may be theirs.
 */
export function unlisted(left: readonly CollectionEntry[], nextCollection: number): number[] {
  if (left.some(({ row }) => row === undefined)) return [];
  const listed = new Set(left.map(({ row }) => row!.id));
  return Array.from({ length: nextCollection - 1 }, (_, i) => i + 1).filter((id) => !listed.has(id));
}

/** Async: where the second request throws at once, the first one's failure would be nobody's. */
function both<A, B>(first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
  return Promise.all([first(), (async () => second())()]);
}
