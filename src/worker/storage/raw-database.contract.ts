import { databaseName } from './schema.js';

// IndexedDB by hand, past the code under test: to look at what is on disk, and to damage it.

export function request<T>(made: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    made.onsuccess = () => resolve(made.result);
    made.onerror = () => reject(made.error);
  });
}

/** Opens the database of a store, does `task`, and closes it. */
export async function withRaw<T>(store: string, task: (database: IDBDatabase) => Promise<T>): Promise<T> {
  const database = await request(indexedDB.open(databaseName(store)));
  try {
    return await task(database);
  } finally {
    database.close();
  }
}

export function readRaw<T>(store: string, objectStore: string, key: IDBValidKey): Promise<T> {
  return withRaw(store, (database) =>
    request(database.transaction(objectStore).objectStore(objectStore).get(key)),
  );
}

/** `undefined` deletes. */
export function writeRaw(
  store: string,
  objectStore: string,
  key: IDBValidKey,
  value: unknown,
): Promise<void> {
  return withRaw(store, async (database) => {
    const tx = database.transaction(objectStore, 'readwrite');
    if (value === undefined) tx.objectStore(objectStore).delete(key);
    else tx.objectStore(objectStore).put(value, key);
    await new Promise((resolve, reject) => {
      tx.oncomplete = resolve;
      tx.onabort = () => reject(tx.error);
    });
  });
}

/** Version and every key and value of a store's database. */
export function dump(store: string) {
  return withRaw(store, async (database) => {
    const content: Record<string, [IDBValidKey, unknown][]> = {};
    for (const name of database.objectStoreNames) {
      const objectStore = database.transaction(name).objectStore(name);
      const [keys, values] = await Promise.all([
        request(objectStore.getAllKeys()),
        request<unknown[]>(objectStore.getAll()),
      ]);
      content[name] = keys.map((key, i) => [key, values[i]]);
    }
    return { version: database.version, content };
  });
}
