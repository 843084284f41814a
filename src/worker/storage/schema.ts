import type { DBSchema, IDBPDatabase } from 'idb';
import type { CollectionRow, Column, RowStateChunk, StoreRow } from './storage.js';

/**
 * IndexedDB's own version of the layout below.
 * 1: the first.
 */
export const DATABASE_VERSION = 1;

export interface StoredPage {
  /** xxHash32 of `bytes`. */
  checksum: number;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface StoredRowState extends RowStateChunk {
  /** xxHash32 of `dead`, xor that of `pushed` where there is one. */
  checksum: number;
}

type SegmentId = number;
type CollectionId = number;

export interface Schema extends DBSchema {
  meta: { key: 'store'; value: StoreRow };
  /** By name. */
  collections: { key: string; value: CollectionRow };
  pages: { key: [CollectionId, SegmentId, Column | 'reserve', number]; value: StoredPage };
  rowStates: { key: [CollectionId, SegmentId, number]; value: StoredRowState };
}

export type Database = IDBPDatabase<Schema>;

export const OBJECT_STORES = ['meta', 'collections', 'pages', 'rowStates'] as const;

/** One step per version, each from the version before it. */
export function upgradeDatabase(database: Database, oldVersion: number): void {
  if (oldVersion < 1) for (const store of OBJECT_STORES) database.createObjectStore(store);
}

export function databaseName(store: string): string {
  return `nearshore:${store}`;
}

/** Every key of a collection (and of one of its segments): arrays sort after numbers and strings. */
export function keysOf(collection: CollectionId, segment?: SegmentId): IDBKeyRange {
  return segment === undefined
    ? IDBKeyRange.bound([collection], [collection, []])
    : IDBKeyRange.bound([collection, segment], [collection, segment, []]);
}
