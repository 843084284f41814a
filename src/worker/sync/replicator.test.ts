import { MemoryStorage } from '../storage/memory-storage.js';
import { EngineCollection } from './engine-collection.contract.js';
import { describeHealedDeletes } from './healed-deletes.contract.js';
import { describeHealing } from './healing.contract.js';
import { describeLive } from './live.contract.js';
import { MemoryMirror } from './memory-mirror.contract.js';
import { describeReplicator } from './replicator.contract.js';
import type { MakeCollection } from './replicator-world.contract.js';

const KINDS: Record<string, MakeCollection> = {
  'on a mirror in memory': async (clock) => new MemoryMirror('a'.repeat(16), clock),
  'on a collection': (clock, conflict) => EngineCollection.open(new MemoryStorage(), clock, conflict),
};

for (const [name, make] of Object.entries(KINDS)) {
  describeReplicator(name, make);
  describeHealing(name, make);
  describeHealedDeletes(name, make);
  describeLive(name, make);
}
