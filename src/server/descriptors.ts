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

  /**
   * Runs a call of somebody who has synced with the collection that has this id; throws 410 where it is another one, or
   * 404. Shards may refuse what runs, because the collection was dropped.
   */
  async synced<T>(name: CollectionName, id: string, run: (descriptor: Descriptor) => Promise<T>): Promise<T> {
    const descriptor = await this.#withId(name, id);
    try {
      return await run(descriptor);
    } catch (error) {
      if (error instanceof CollectionDropped) this.forget(name);
      throw error;
    }
  }

  forget(name: CollectionName): void {
    this.#known.delete(keyOf(name));
  }

  async #withId(name: CollectionName, id: string): Promise<Descriptor> {
    const known = this.#known.get(keyOf(name));
    if (known?.id === id) return known;
    const current = await this.current(name);
    if (current.id !== id) throw droppedError();
    return current;
  }
}

function keyOf({ tenant, store, collection }: CollectionName): string {
  return JSON.stringify([tenant, store, collection]);
}
