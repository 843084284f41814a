import { IndexedDbStorage } from '../storage/indexeddb-storage.js';
import { dump, withRaw } from '../storage/raw-database.contract.js';
import { type Content, RAW_STORES, type RawWorld } from './random-damage.contract.js';

/** A real database, damaged through a second connection. Keys are JSON in the places of its content. */
export function indexedDbWorld(store: string): RawWorld {
  return {
    connect: async () => {
      const storage = new IndexedDbStorage(store);
      await storage.open();
      return storage;
    },
    content: async () => {
      const { content } = await dump(store);
      return new Map(
        RAW_STORES.flatMap((name) =>
          content[name]!.map(([key, value]) => [`${name} ${JSON.stringify(key)}`, value] as const),
        ),
      );
    },
    restore: (content) => withRaw(store, (database) => replaceAll(database, content)),
  };
}

async function replaceAll(database: IDBDatabase, content: Content): Promise<void> {
  const tx = database.transaction(RAW_STORES, 'readwrite');
  for (const name of RAW_STORES) tx.objectStore(name).clear();
  for (const [place, value] of content) {
    const at = place.indexOf(' ');
    tx.objectStore(place.slice(0, at)).put(value, JSON.parse(place.slice(at + 1)));
  }
  await new Promise((resolve, reject) => {
    tx.oncomplete = resolve;
    tx.onabort = () => reject(tx.error);
  });
}
