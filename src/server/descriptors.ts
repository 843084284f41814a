import type { Descriptor } from '../shared/sync/protocol.js';
import { type ChangeLog, CollectionDropped, type CollectionName } from './change-log.js';
import { droppedError, notFoundError } from './http/http-error.js';
import { LRUCache } from './lru.js';

const MAX_KEPT = 10_000;
/** Shards refuse what comes for a collection that was dropped, so that an old descriptor does no harm. */
const KEPT_MS = 10_000;

/** The descriptors of collections, kept for a while. */
export class Descriptors {
  readonly #known = new LRUCache<string, Descriptor>({ max: MAX_KEPT, ttl: KEPT_MS });

  constructor(private readonly log: ChangeLog) {}

  /** Throws 404 where there is none. */
  async current(name: CollectionName): Promise<Descriptor> {
    const descriptor = await this.log.describe(name);
    if (descriptor === undefined) {
      this.forget(name);
      throw notFoundError();
    }
    this.#known.set(keyOf(name), descriptor);
    return descriptor;
  }

  /** The collection that the caller has synced with, by its id; throws 410 where it is another one, or 404. */
  async synced(name: CollectionName, id: string): Promise<Descriptor> {
    const known = this.#known.get(keyOf(name));
    if (known?.id === id) return known;
    const current = await this.current(name);
    if (current.id !== id) throw droppedError();
    return current;
  }

  /** Runs what shards may refuse because the collection was dropped. */
  async use<T>(name: CollectionName, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof CollectionDropped) this.forget(name);
      throw error;
    }
  }

  forget(name: CollectionName): void {
    this.#known.delete(keyOf(name));
  }
}

function keyOf({ tenant, store, collection }: CollectionName): string {
  return JSON.stringify([tenant, store, collection]);
}
