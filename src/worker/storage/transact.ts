import type { IDBPTransaction, StoreNames } from 'idb';
import type { Database, Schema } from './schema.js';

type Names = ArrayLike<StoreNames<Schema>>;

/** Reads in one transaction. */
export function transactRead<N extends Names, T>(
  database: Database,
  stores: N,
  task: (tx: IDBPTransaction<Schema, N, 'readonly'>) => Promise<T>,
): Promise<T> {
  const tx = database.transaction(stores, 'readonly');
  // The requests tell of a failure; nobody would hear it from here.
  tx.done.catch(() => undefined);
  return task(tx);
}

/** Writes in one transaction, and resolves on its `complete` event; where `task` fails, nothing of it is kept. */
export async function transact<N extends Names, T>(
  database: Database,
  stores: N,
  durability: 'strict' | 'relaxed',
  task: (tx: IDBPTransaction<Schema, N, 'readwrite'>) => Promise<T>,
): Promise<T> {
  const tx = database.transaction(stores, 'readwrite', { durability });
  tx.done.catch(() => undefined);
  try {
    const result = await task(tx);
    // Only the transaction's end counts: Chromium reports a full disk after the requests have succeeded.
    await tx.done;
    return result;
  } catch (error) {
    abortQuietly(tx);
    await tx.done.catch(() => undefined);
    throw tx.error ?? error;
  }
}

export function abortQuietly(tx: { abort(): void }): void {
  try {
    tx.abort();
  } catch {
    // It has ended already.
  }
}
