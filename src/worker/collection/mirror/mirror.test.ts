import { MemoryStorage } from '../../storage/memory-storage.js';
import { describeMirror } from './mirror.contract.js';
import { describeMirrorHealing } from './mirror-healing.contract.js';

async function connect() {
  const storage = new MemoryStorage();
  return async () => storage;
}

describeMirror('MemoryStorage', connect);
describeMirrorHealing('MemoryStorage', connect);
