import type { Descriptor } from '../shared/sync/protocol.js';
import type { ChangeLog, CollectionName } from './change-log.js';
import { LRUCache } from './lru.js';

/** A shard's tombstones outlive their life by a tenth, or by an hour, whichever is less, as long as it is used. */
const MAX_INTERVAL_MS = 3_600_000;
const MAX_KEPT = 100_000;

/** Collects the garbage of the shards that this instance is asked about, beside their calls. */
export class Garbage {
  readonly #recent = new LRUCache<string, true>({ max: MAX_KEPT });
  readonly #running = new Set<Promise<void>>();

  constructor(
    private readonly log: ChangeLog,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** A call about the shard has ended. */
  used(name: CollectionName, descriptor: Descriptor, shard: number): void {
    const key = `${descriptor.id}/${shard}`;
    if (this.#recent.has(key)) return;
    const ttl = Math.min(MAX_INTERVAL_MS, Math.max(1, Math.floor(descriptor.tombstoneLifeMs / 10)));
    this.#recent.set(key, true, { ttl });
    const run = this.log
      .collectGarbage(name, descriptor, shard)
      .then(() => undefined, this.onError)
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }
}
