import { MemoryStorage } from '../../worker/storage/memory-storage.js';
import { EngineCollection } from '../../worker/sync/engine-collection.contract.js';
import type { Replica } from './history.contract.js';
import type { MakeDevice } from './simulate.contract.js';

/** Its device id is given, so that a seed tells which of two stamps of the same millisecond is greater. */
class DeviceStorage extends MemoryStorage {
  constructor(private readonly deviceId: string) {
    super();
  }

  override async readStore() {
    return { ...(await super.readStore()), deviceId: this.deviceId };
  }
}

/** A device with the shipped collection, over storage in memory that outlives every page. */
export const makeShippedDevice: MakeDevice = (index, clock, conflict) => {
  const storage = new DeviceStorage(String(index).repeat(16));
  return async () => {
    const collection = await EngineCollection.open(storage, clock, conflict);
    return {
      mirror: collection.mirror,
      write: (id, number) => collection.write(id, number),
      remove: (id) => collection.remove(id),
      merge: () => collection.optimize(),
      replica: async (): Promise<Replica> => {
        const live = await collection.live();
        return new Map([...live].map(([id, stamp]) => [id, { id, kind: 'upsert', stamp }]));
      },
      close: () => collection.close(),
    };
  };
};
