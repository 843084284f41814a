import type { IDBPObjectStore, IDBPTransaction, StoreNames } from 'idb';
import type { OBJECT_STORES, Schema } from './schema.js';
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

type WriteOfAll = IDBPTransaction<Schema, typeof OBJECT_STORES, 'readwrite'>;

/**
 * Ids of collections under which something is stored and that nobody lists: what belongs to a damaged one that is dropped.
 * None where another one is damaged, which may be theirs.
 */
export async function unlisted(tx: WriteOfAll, left: readonly CollectionEntry[]): Promise<number[]> {
  if (left.some(({ row }) => row === undefined)) return [];
  const ids = new Set<number>();
  for (const store of ['pages', 'rowStates'] as const) {
    for (let from = 1; ; ) {
      const key = await tx.objectStore(store).getKey(IDBKeyRange.lowerBound([from]));
      if (key === undefined) break;
      ids.add(key[0]);
      from = key[0] + 1;
    }
  }
  for (const { row } of left) ids.delete(row!.id);
  return [...ids];
}

/** The first id under which nothing is listed or stored, nor was, as far as `nextCollection` tells: it may be damaged. */
export async function freeId(tx: WriteOfAll, nextCollection: number): Promise<number> {
  const entries = await entriesOf(tx.objectStore('collections'));
  const used = entries.map(({ row }) => row?.id ?? 0);
  for (const store of ['pages', 'rowStates'] as const) {
    const last = await tx.objectStore(store).openKeyCursor(null, 'prev');
    used.push(last?.key[0] ?? 0);
  }
  return Math.max(nextCollection, ...used.map((id) => id + 1));
}

/** Async: where the second request throws at once, the first one's failure would be nobody's. */
function both<A, B>(first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
  return Promise.all([first(), (async () => second())()]);
}
