import { describeBackupNote } from './backup-note.contract.js';
import { describeGenerations } from './generation.contract.js';
import { describeGpuFindings } from './gpu-findings.contract.js';
import { describeMaintenanceLock } from './maintenance-lock.contract.js';
import { MemoryStorage } from './memory-storage.js';
import { describeQuarantinedPages } from './quarantined-pages.contract.js';
import { describeReplacing } from './replace-collection.contract.js';
import { describeStorage, type StorageKind } from './storage.contract.js';

const storages = new Map<string, MemoryStorage>();

// There is nothing behind a MemoryStorage: two connections to one store are the same object.
const KIND: StorageKind = {
  name: 'MemoryStorage',
  connect(store) {
    const storage = storages.get(store) ?? new MemoryStorage();
    storages.set(store, storage);
    return storage;
  },
};

describeStorage(KIND);
describeGenerations(KIND);
describeGpuFindings(KIND);
describeMaintenanceLock(KIND);
describeBackupNote(KIND);
describeQuarantinedPages(KIND);
describeReplacing(KIND);
