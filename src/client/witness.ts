import type { Visit } from '../shared/types.js';
import type { OpenedStore } from '../shared/worker-api.js';

/**
 * The id of a store's database, kept in `localStorage`: what is left where the browser has evicted the database alone.
 * Made before the store is opened, since it holds what was written at the last visit.
 */
export class Witness {
  readonly #key: string;
  readonly #before: string | null | undefined;

  constructor(store: string) {
    this.#key = `nearshore:${store}`;
    this.#before = attempt((storage) => storage.getItem(this.#key));
  }

  /** Tells what kind of visit this is, and is there for the next. */
  testify({ databaseId, isNew }: OpenedStore): Visit {
    // Gone meanwhile: another tab has destroyed the store, which is no eviction.
    const wasRemoved = attempt((storage) => storage.getItem(this.#key)) === null;
    attempt((storage) => storage.setItem(this.#key, databaseId));
    const isKept = attempt((storage) => storage.getItem(this.#key)) === databaseId;
    // Another tab may have been the one to create it anew.
    if (this.#before && this.#before !== databaseId && !wasRemoved) return 'evicted';
    if (!isNew) return 'returning';
    return isKept && evictsIndexedDbAlone() ? 'first' : 'unknown';
  }

  remove(): void {
    attempt((storage) => storage.removeItem(this.#key));
  }
}

/** Access alone throws where the user has blocked site data; writing does where there is no room. */
function attempt<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(globalThis.localStorage);
  } catch {
    return undefined;
  }
}

/**
 * Chromium's quota manager evicts IndexedDB and leaves `localStorage` alone. Firefox and Safari evict both together.
 */
function evictsIndexedDbAlone(): boolean {
  const { userAgentData } = globalThis.navigator as { userAgentData?: { brands?: { brand: string }[] } };
  return userAgentData?.brands?.some(({ brand }) => brand === 'Chromium') ?? false;
}
