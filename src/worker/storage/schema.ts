import type { DBSchema, IDBPDatabase } from 'idb';
import type { StoreRow } from './storage.js';
import type { PageKey, RowStateKey, StoredCollection, StoredPage, StoredRowState } from './stored.js';

/**
 * IndexedDB's own version of the layout below; `upgrade.ts` has the steps.
 * It is that of the format.
 */
export const DATABASE_VERSION = 3;

export interface Schema extends DBSchema {
  meta: { key: 'store'; value: StoreRow };
  /** By name. */
  collections: { key: string; value: StoredCollection };
  /** Beside the pages: `[0, 0, 'reserve', 0]`, see reserve-place.ts. */
  pages: { key: PageKey | [0, 0, 'reserve', 0]; value: StoredPage };
  rowStates: { key: RowStateKey; value: StoredRowState };
}

export type Database = IDBPDatabase<Schema>;

export const OBJECT_STORES = ['meta', 'collections', 'pages', 'rowStates'] as const;

export function databaseName(store: string): string {
  return `nearshore:${store}`;
}

/** Every key of a collection (and of one of its segments): arrays sort after numbers and strings. */
export function keysOf(collection: number, segment?: number): IDBKeyRange {
  return segment === undefined
    ? IDBKeyRange.bound([collection], [collection, []])
    : IDBKeyRange.bound([collection, segment], [collection, segment, []]);
}
