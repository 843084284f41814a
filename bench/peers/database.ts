/** A few lines over IndexedDB for the peers that bring no storage of their own. */
export function openDatabase(name: string, stores: readonly string[]): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    for (const store of stores) request.result.createObjectStore(store);
  };
  return resultOf(request);
}

export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Runs `write` in one transaction, by default flushed to disk; settles when it has completed. */
export function commitStrict(
  database: IDBDatabase,
  stores: string[],
  write: (transaction: IDBTransaction) => void,
  durability: IDBTransactionDurability = 'strict',
): Promise<void> {
  const transaction = database.transaction(stores, 'readwrite', { durability });
  write(transaction);
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Waits for connections of workers that were ended a moment ago; they close by themselves. */
export function deleteDatabase(name: string): Promise<void> {
  const request = indexedDB.deleteDatabase(name);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`"${name}" is still open in another page or worker.`)),
      10_000,
    );
    request.onsuccess = () => {
      clearTimeout(timer);
      resolve();
    };
    request.onerror = () => reject(request.error);
  });
}
