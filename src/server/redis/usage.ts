import type { Descriptor } from '../../shared/sync/protocol.js';
import type { CollectionName } from '../change-log.js';
import { collectionField, usageKey } from './keys.js';
import type { RedisPort } from './redis-port.js';
import { runScript } from './run-script.js';
import { USAGE } from './scripts/collections.js';

const FLUSH_MS = 500;

/**
 * Stored bytes of tenants. Shards count their own, exactly; here their sums are kept in Redis, written twice a second at
 * most, and so nearly exact: what a server did not write before it ended is made good by the shard's next change.
 */
export class Usage {
  readonly #redis: RedisPort;
  /** Tenant → field of a shard → its stored bytes. */
  readonly #unwritten = new Map<string, Map<string, number>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: RedisPort) {
    this.#redis = redis;
  }

  note(name: CollectionName, descriptor: Descriptor, shard: number, bytes: number): void {
    let fields = this.#unwritten.get(name.tenant);
    if (fields === undefined) this.#unwritten.set(name.tenant, (fields = new Map()));
    fields.set(`${collectionField(name)}/${descriptor.id}#${shard}`, bytes);
    this.#timer ??= setTimeout(() => void this.#flush(), FLUSH_MS).unref();
  }

  async sum(tenant: string): Promise<number> {
    const fields = this.#unwritten.get(tenant);
    this.#unwritten.delete(tenant);
    const args = [...(fields ?? [])].flatMap(([field, bytes]) => [field, String(bytes)]);
    try {
      return Number(await runScript(this.#redis, { script: USAGE, keys: [usageKey(tenant)], args }));
    } catch (error) {
      // What was noted since is newer.
      const newer = this.#unwritten.get(tenant) ?? [];
      if (fields) this.#unwritten.set(tenant, new Map([...fields, ...newer]));
      throw error;
    }
  }

  /** Writes what is noted; what Redis does not take stays noted until the next change. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    await Promise.allSettled([...this.#unwritten.keys()].map((tenant) => this.sum(tenant)));
  }
}
