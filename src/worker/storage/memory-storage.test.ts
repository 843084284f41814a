import { MemoryStorage } from './memory-storage.js';
import { describeStorage } from './storage.contract.js';

const storages = new Map<string, MemoryStorage>();

// There is nothing behind a MemoryStorage: two connections to one store are the same object.
describeStorage({
  name: 'MemoryStorage',
  connect(store) {
    const storage = storages.get(store) ?? new MemoryStorage();
    storages.set(store, storage);
    return storage;
  },
});
