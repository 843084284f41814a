import type { Storage } from '../storage/storage.js';
import { EngineCollection } from './engine-collection.contract.js';
import type { FakeServer } from './fake-server.contract.js';
import { type ManualClock, ManualNetwork } from './manual-clock.contract.js';
import { Replicator } from './replicator.js';

export interface Tab {
  readonly collection: EngineCollection;
  /** Started, and not live. */
  readonly replicator: Replicator;
}

/** The shipped collection on a storage that other tabs, or a tab before, may have too, with its replicator. */
export async function openTab(storage: Storage, server: FakeServer, clock: ManualClock): Promise<Tab> {
  const collection = await EngineCollection.open(storage, clock, 'last-writer-wins');
  const replicator = new Replicator({
    transport: server,
    mirror: collection.mirror,
    collection: { config: { dimension: 2, metric: 'cosine', conflict: 'last-writer-wins' } },
    conflicts: { lost: () => {}, merge: async () => 'remote' },
    live: false,
    replicated: false,
    clock,
    network: new ManualNetwork(),
    random: () => 0.5,
  });
  replicator.start();
  return { collection, replicator };
}
