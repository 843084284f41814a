import { randomBytes } from 'node:crypto';
import type { Descriptor } from '../../shared/sync/protocol.js';
import type { CollectionName } from '../change-log.js';
import { collectionsKey, dropMarkKey } from './keys.js';
import type { RedisPort, Reply } from './redis-port.js';
import { runScript } from './run-script.js';
import { CREATE, DROP } from './scripts/collections.js';

/** Descriptors of collections (SPEC, G6), in one hash for each store. */
export class Collections {
  readonly #redis: RedisPort;

  constructor(redis: RedisPort) {
    this.#redis = redis;
  }

  async describe(name: CollectionName): Promise<Descriptor | undefined> {
    const key = collectionsKey(name.tenant, name.store);
    const stored = await this.#redis.send(key, ['HGET', key, name.collection]);
    return stored === null ? undefined : JSON.parse(String(stored));
  }

  async create(
    name: CollectionName,
    wanted: Omit<Descriptor, 'id'>,
    known: string | undefined,
  ): Promise<Descriptor | 'dropped'> {
    const descriptor: Descriptor = { ...wanted, id: randomBytes(16).toString('hex') };
    const stored = await runScript(this.#redis, {
      script: CREATE,
      keys: [collectionsKey(name.tenant, name.store), dropMarkKey(name)],
      args: [name.collection, JSON.stringify(descriptor), known === undefined ? '' : '1'],
    });
    return stored === null ? 'dropped' : JSON.parse(String(stored));
  }

  async list(
    tenant: string,
    store: string,
  ): Promise<{ readonly collection: string; readonly descriptor: Descriptor }[]> {
    const key = collectionsKey(tenant, store);
    const flat = (await this.#redis.send(key, ['HGETALL', key])) as Reply[];
    return Array.from({ length: flat.length / 2 }, (_, i) => ({
      collection: String(flat[2 * i]),
      descriptor: JSON.parse(String(flat[2 * i + 1])) as Descriptor,
    }));
  }

  /** What was dropped, and whether that was by this call: or it had been before, and its records may still be there. */
  async drop(
    name: CollectionName,
  ): Promise<{ readonly descriptor: Descriptor; readonly dropped: boolean } | undefined> {
    const [key, mark] = [collectionsKey(name.tenant, name.store), dropMarkKey(name)];
    const stored = await this.#redis.send(key, ['HGET', key, name.collection]);
    if (stored === null) {
      const before = await this.#redis.send(mark, ['GET', mark]);
      return before === null ? undefined : { descriptor: JSON.parse(String(before)), dropped: false };
    }
    const descriptor: Descriptor = JSON.parse(String(stored));
    const dropped = await runScript(this.#redis, {
      script: DROP,
      keys: [key, mark],
      args: [name.collection, stored as Buffer, String(Math.max(1, descriptor.tombstoneLifeMs))],
    });
    return { descriptor, dropped: dropped === 1 };
  }
}
