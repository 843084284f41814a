import { randomBytes } from 'node:crypto';
import type {
  ConflictPolicy,
  Descriptor,
  Operation,
  PushResult,
  ShardPage,
  WithVector,
} from '../../shared/sync/protocol.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import type { Metric } from '../../shared/types.js';
import { type ChangeLog, type CollectionName, ShardUnavailable } from '../change-log.js';

// A change log in memory, by the rules G3 and G4, for tests of what reads it. That it agrees with the one on Redis is
// shown by running the same tests on both.

export const NAME: CollectionName = { tenant: 'acme', store: 'guide', collection: 'notes' };

export function descriptorOf(wanted: {
  dimension: number;
  metric?: Metric;
  shards?: number;
  conflict?: ConflictPolicy;
}): Descriptor {
  return {
    id: randomBytes(16).toString('hex'),
    metric: 'cosine',
    shards: 4,
    conflict: 'last-writer-wins',
    tombstoneLifeMs: 1e9,
    ...wanted,
  };
}

type Stored = WithVector<Operation> & { readonly seq: number };

class Shard {
  readonly entries = new Map<string, Stored>();
  seq = 0;
  epoch = randomBytes(16).toString('hex');
}

export class MemoryLog implements ChangeLog {
  now = 1_700_000_000_000;
  /** Shards that do not answer. */
  readonly down = new Set<number>();
  /** Called before each call that reads or writes records. */
  before: (call: 'push' | 'pull' | 'get', shard: number) => void | Promise<void> = () => {};
  pulls = 0;
  /** Of these, those of ids and stamps alone. */
  keyPulls = 0;
  readonly #shards = new Map<string, Shard>();

  async time() {
    return this.now;
  }
  async ready() {}
  async describe() {
    return undefined;
  }
  async create(_: CollectionName, wanted: Omit<Descriptor, 'id'>): Promise<Descriptor> {
    return { ...wanted, id: randomBytes(16).toString('hex') };
  }
  async drop() {
    return false;
  }
  async list() {
    return [];
  }
  async collectGarbage() {
    return 0;
  }
  async usage() {
    return 0;
  }
  async subscribe() {}
  async close() {}

  /** Its history is another one, without what had come after `seq`. */
  fork(descriptor: Descriptor, shard: number, seq: number): void {
    const own = this.#shard(descriptor, shard);
    for (const [id, entry] of own.entries) if (entry.seq > seq) own.entries.delete(id);
    own.seq += 2 ** 32;
    own.epoch = randomBytes(16).toString('hex');
  }

  push: ChangeLog['push'] = async (_, descriptor, shard, { policy, operations }) => {
    await this.#called('push', shard);
    const own = this.#shard(descriptor, shard);
    const results = operations.map((operation): PushResult => {
      const entry = own.entries.get(operation.id);
      if (shardOf(operation.id, descriptor.shards) !== shard) throw new Error('another shard');
      if (entry === undefined && operation.base !== '') return { status: 'gone' };
      if (entry?.stamp === operation.stamp) return { status: 'dup' };
      if (entry !== undefined && entry.stamp !== operation.base) {
        if (policy === 'compare-and-set') return { status: 'conflict', current: entry };
        if (operation.stamp < entry.stamp) return { status: 'stale', current: entry };
      }
      own.entries.delete(operation.id);
      own.entries.set(operation.id, { ...operation, vector: operation.vector?.slice(), seq: ++own.seq });
      return { status: 'ok' };
    });
    return { results, epoch: own.epoch, seq: own.seq, replicated: true, bytesAdded: 0 };
  };

  pull: ChangeLog['pull'] = async (_, descriptor, shard, from): Promise<ShardPage> => {
    await this.#called('pull', shard);
    this.pulls++;
    if (from.keys) this.keyPulls++;
    const own = this.#shard(descriptor, shard);
    const { epoch, seq: hi } = own;
    if (from.epoch !== '' && from.epoch !== epoch) return { kind: 'fork', shard, epoch, bound: 0, floor: 0 };
    const entries: Stored[] = [];
    let bytes = 0;
    // Entries are in the order of seq.
    for (const entry of own.entries.values()) {
      if (entry.seq <= from.cursor) continue;
      if (entries.length > 0 && bytes >= from.maxBytes) {
        return { kind: 'page', shard, epoch, cursor: entries.at(-1)!.seq, hi, floor: 0, more: true, entries };
      }
      entries.push(entry);
      bytes += (entry.vector?.byteLength ?? 0) + (entry.metadata?.length ?? 0) + 64;
    }
    return { kind: 'page', shard, epoch, cursor: hi, hi, floor: 0, more: false, entries };
  };

  get: ChangeLog['get'] = async (_, descriptor, shard, ids) => {
    await this.#called('get', shard);
    const { entries } = this.#shard(descriptor, shard);
    return ids.map((id) => {
      const entry = entries.get(id);
      return entry?.kind === 'upsert' ? entry : undefined;
    });
  };

  async #called(call: 'push' | 'pull' | 'get', shard: number): Promise<void> {
    await this.before(call, shard);
    if (this.down.has(shard)) throw new ShardUnavailable('no answer within 5 s');
  }

  #shard({ id }: Descriptor, shard: number): Shard {
    const key = `${id}/${shard}`;
    let own = this.#shards.get(key);
    if (own === undefined) {
      own = new Shard();
      this.#shards.set(key, own);
    }
    return own;
  }
}
