import { describeQuarantinedPages } from './quarantined-pages.contract.js';
import { RawStorage } from './raw-storage.contract.js';
import { describeReplacing } from './replace-collection.contract.js';
import { describeStorage, type StorageKind } from './storage.contract.js';

const storages = new Map<string, RawStorage>();

const KIND: StorageKind = {
  name: 'RawStorage',
  connect(store) {
    const storage = storages.get(store) ?? new RawStorage();
    storages.set(store, storage);
    return storage;
  },
};

describeStorage(KIND);
describeReplacing(KIND);
describeQuarantinedPages(KIND);
