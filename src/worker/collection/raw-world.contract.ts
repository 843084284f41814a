import { RawStorage } from '../storage/raw-storage.contract.js';
import type { RawWorld } from './random-damage.contract.js';

/** What IndexedDbStorage would store, in memory. */
export function rawWorld(): RawWorld {
  const storage = new RawStorage();
  const stores = { collections: storage.collections, pages: storage.pages, rowStates: storage.rowStates };
  return {
    connect: async () => storage,
    content: async () =>
      new Map(
        Object.entries(stores).flatMap(([name, values]) =>
          [...values].map(([key, value]) => [`${name} ${key}`, value] as const),
        ),
      ),
    restore: async (content) => {
      for (const values of Object.values(stores)) values.clear();
      for (const [place, value] of content) {
        const [name, key] = place.split(' ') as [keyof typeof stores, string];
        stores[name].set(key, value);
      }
    },
  };
}
