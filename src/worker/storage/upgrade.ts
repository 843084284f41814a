import type { IDBPTransaction, StoreNames } from 'idb';
import { tooNew } from './idb-errors.js';
import { type Database, keysOf, OBJECT_STORES, type Schema } from './schema.js';
import { FORMAT } from './storage.js';
import { soundStoreRow } from './store-row.js';
import { fromFormat1, isFormat1 } from './stored.js';

type UpgradeTransaction = IDBPTransaction<Schema, StoreNames<Schema>[], 'versionchange'>;

/**
 * Brings a database to the version of this release when it is opened. All steps run in the one transaction in which
 * IndexedDB changes the version: whatever ends it, the old version is there, or the new one, whole.
 */
export class Upgrade {
  /** Why a step ended it. */
  failure: unknown;

  constructor(private readonly storeName: string) {}

  /** `upgrade` of `openDB`, which does not wait for it: the transaction does. */
  run(database: Database, oldVersion: number, tx: UpgradeTransaction): void {
    tx.done.catch(() => undefined);
    if (oldVersion < 1) for (const store of OBJECT_STORES) database.createObjectStore(store);
    // Without a store in it, it is not one of ours: whoever opens it finds that out.
    const isOurs = database.objectStoreNames.contains('meta');
    if (oldVersion > 0 && isOurs) this.#upgrade(oldVersion, tx).catch((error) => this.#abort(tx, error));
  }

  async #upgrade(oldVersion: number, tx: UpgradeTransaction): Promise<void> {
    const meta = tx.objectStore('meta');
    const stored = await meta.get('store');
    const store = soundStoreRow(stored);
    if (store.format > FORMAT) throw tooNew(this.storeName, store.format);
    // Format 3 reads what format 2 has written as it is.
    if (oldVersion < 2) await this.#toFormat2(tx);
    // Without a row it has not been created yet: that is for whoever opens it.
    if (stored !== undefined) await meta.put(store, 'store');
  }

  /** The collections' rows get their checksums. Pages and row states stay as they are, and are read as they are. */
  async #toFormat2(tx: UpgradeTransaction): Promise<void> {
    const collections = tx.objectStore('collections');
    for (const name of await collections.getAllKeys()) {
      const row = await collections.get(name);
      // What is no row gets no checksum, so that it is found damaged when it is read.
      if (!isFormat1(row, name)) continue;
      const states = await tx.objectStore('rowStates').getAll(keysOf(row.id));
      await collections.put(fromFormat1(row, states), name);
    }
  }

  #abort(tx: UpgradeTransaction, error: unknown): void {
    this.failure = error;
    try {
      tx.abort();
    } catch {
      // It has ended already.
    }
  }
}
