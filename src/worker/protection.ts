import type { VectorStoreError } from '../shared/errors.js';
import type { StoreStatus } from '../shared/types.js';
import type { CollectionRow, Storage } from './storage/storage.js';
import { countUnsynced } from './storage/unsynced.js';

type Protection = Pick<StoreStatus, 'persisted' | 'mayPurge' | 'usage' | 'lastBackup' | 'unsynced'>;

/** What protects the data of a store, and how much of it there is. */
export async function protectionOf(storage: Storage, rows: readonly CollectionRow[]): Promise<Protection> {
  const isKept = storage.kind !== 'memory';
  // Missing in WebKitGTK and on insecure origins.
  const manager = globalThis.navigator?.storage;
  const estimate = await manager?.estimate?.().catch(() => undefined);
  const persisted = isKept ? await manager?.persisted?.().catch(() => undefined) : false;
  const { lastBackup } = await storage.readStore();
  const segments = rows.flatMap((row) => [
    ...row.segments,
    ...(row.quarantined ?? []).map(({ manifest }) => manifest),
  ]);
  const ownBytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return {
    persisted: persisted ?? 'unknown',
    mayPurge: persisted === undefined ? 'unknown' : !persisted,
    usage: {
      ownBytes: isKept ? ownBytes : 0,
      ...(estimate?.usage === undefined ? {} : { originBytes: estimate.usage }),
      ...(estimate?.quota === undefined ? {} : { quotaBytes: estimate.quota }),
    },
    ...(lastBackup === undefined ? {} : { lastBackup }),
    unsynced: await unsyncedOf(storage, rows),
  };
}

async function unsyncedOf(storage: Storage, rows: readonly CollectionRow[]): Promise<number> {
  let unsynced = 0;
  for (const row of rows) {
    const ids = row.segments.map(({ id }) => id);
    const chunks = await storage.readRowStates(row.id, ids).catch((error: VectorStoreError) => {
      if (error.code !== 'CORRUPT') throw error;
      // As far as can be read, nobody has acknowledged any.
      return [];
    });
    unsynced += countUnsynced(row, chunks);
  }
  return unsynced;
}
