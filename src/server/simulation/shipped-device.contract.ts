import { MemoryStorage } from '../../worker/storage/memory-storage.js';
import { EngineCollection } from '../../worker/sync/engine-collection.contract.js';
import type { Replica } from './history.contract.js';
import type { MakeDevice } from './simulate.contract.js';

/** Its device id is given, so that a seed tells which of two stamps of the same millisecond is greater. */
class DeviceStorage extends MemoryStorage {
  /** Merges that are under way, or wait for their turn. */
  merging = 0;
  /** Merges so far. */
  merges = 0;

  constructor(private readonly deviceId: string) {
    super();
  }

  override async readStore() {
    return { ...(await super.readStore()), deviceId: this.deviceId };
  }

  override async maintenanceLock<T>(...call: Parameters<MemoryStorage['maintenanceLock']>): Promise<T> {
    this.merges++;
    this.merging++;
    return (super.maintenanceLock(...call) as Promise<T>).finally(() => this.merging--);
  }
}

/** A device with the shipped collection, over storage in memory that outlives every page. */
export const makeShippedDevice: MakeDevice = (index, clock, conflict) => {
  const storage = new DeviceStorage(String(index).repeat(16));
  return async () => {
    const collection = await EngineCollection.open(storage, clock, conflict, (milliseconds, signal) =>
      clock.sleep(milliseconds, signal),
    );
    return {
      mirror: collection.mirror,
      write: (id, number) => collection.write(id, number),
      remove: (id) => collection.remove(id),
      merge: () => collection.optimize(),
      get isMerging() {
        return storage.merging > 0;
      },
      merges: () => storage.merges,
      replica: async (): Promise<Replica> => {
        const live = await collection.live();
        return new Map([...live].map(([id, stamp]) => [id, { id, kind: 'upsert', stamp }]));
      },
      close: () => collection.close(),
    };
  };
};
