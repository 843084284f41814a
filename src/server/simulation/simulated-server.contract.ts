import { randomBytes } from 'node:crypto';
import type { Descriptor, PushAnswer, PushRequest, Stamp } from '../../shared/sync/protocol.js';
import type { SyncTransport } from '../../worker/sync/transport.js';
import type { ChangeLog, CollectionName } from '../change-log.js';
import { shardKeys } from '../redis/keys.js';
import { isTombstone } from '../redis/record.js';
import type { RedisPort, Reply } from '../redis/redis-port.js';
import type { Event, Replica } from './history.contract.js';

/** A key of Redis, as DUMP gives it. */
interface Dumped {
  readonly key: string;
  readonly value: Buffer;
}

interface Image {
  readonly keys: readonly Dumped[];
  readonly versions: Versions;
}

const NOTHING: Image = { keys: [], versions: new Map() };

type Versions = ReadonlyMap<string, { readonly kind: 'upsert' | 'delete'; readonly stamp: Stamp }>;

/** What was answered, over a whole run. */
export interface Answered {
  forks: number;
  resets: number;
  gone: number;
  stale: number;
  conflicts: number;
  refusedEpochs: number;
  future: number;
}

/**
 * The shipped server on a real Redis, and what may befall that Redis: primaries that fail with or without what they had
 * acknowledged, and time that passes for tombstones.
 */
export class SimulatedServer implements SyncTransport {
  readonly answered: Answered = {
    ...{ forks: 0, resets: 0, gone: 0, stale: 0, conflicts: 0, refusedEpochs: 0, future: 0 },
  };
  descriptor: Descriptor | undefined;
  readonly #images = new Map<number, Image>();
  readonly #hasCollected = new Set<number>();

  constructor(
    private readonly redis: RedisPort,
    private readonly log: ChangeLog,
    readonly name: CollectionName,
    /** The shipped client of the shipped handler. */
    private readonly handler: SyncTransport,
    private readonly note: (event: Event) => void,
  ) {}

  async open(...[request, signal]: Parameters<SyncTransport['open']>) {
    const answer = await this.handler.open(request, signal);
    this.descriptor = answer.descriptor;
    return answer;
  }

  async push(...[request, signal]: Parameters<SyncTransport['push']>): Promise<PushAnswer> {
    const answer = await this.handler.push(request, signal);
    this.#notePush(request, answer);
    return answer;
  }

  #notePush({ operations }: PushRequest, { results }: PushAnswer): void {
    for (const [i, { status }] of results.entries()) {
      const { id, kind, stamp, base } = operations[i]!;
      if (status === 'ok') this.note({ type: 'applied', id, kind, stamp, base });
      if (status === 'gone') this.answered.gone++;
      if (status === 'stale') this.answered.stale++;
      if (status === 'conflict') this.answered.conflicts++;
      if (status === 'epoch') this.answered.refusedEpochs++;
      if (status === 'future') this.answered.future++;
    }
  }

  async pull(...[request, signal]: Parameters<SyncTransport['pull']>) {
    const answer = await this.handler.pull(request, signal);
    for (const { kind } of answer.pages) {
      if (kind === 'fork') this.answered.forks++;
      if (kind === 'reset') this.answered.resets++;
    }
    return answer;
  }

  hints(): Promise<never> {
    throw new Error('The simulated network makes the hints.');
  }

  /** Another primary takes the shard over, with all that there was. */
  async failOver(shard: number): Promise<void> {
    const { meta } = this.#keys(shard);
    await this.redis.send(meta, ['HSET', meta, 'rid', randomBytes(20).toString('hex')]);
  }

  /** Remembers what the shard has, for `forget`. */
  async takeImage(shard: number): Promise<void> {
    const keys: Dumped[] = [];
    for (const key of await this.#keysOf(shard)) {
      const value = await this.redis.send(key, ['DUMP', key]);
      if (value !== null) keys.push({ key, value: value as Buffer });
    }
    this.#images.set(shard, { keys, versions: await this.#versions(shard) });
  }

  /**
   * Another primary takes the shard over, with what the image has, or with nothing. Nothing happens where there is no
   * image; or where deletes were collected, which nobody could tell from records that were lost with everything else.
   */
  async forget(shard: number, everything: boolean): Promise<void> {
    const image = everything ? NOTHING : this.#images.get(shard);
    if (image === undefined || (everything && this.#hasCollected.has(shard))) return;
    const before = await this.#versions(shard);
    const keys = await this.#keysOf(shard);
    if (keys.length > 0) await this.redis.send(keys[0], ['DEL', ...keys]);
    for (const { key, value } of image.keys) await this.redis.send(key, ['RESTORE', key, '0', value]);
    for (const [id, { kind, stamp }] of before) {
      if (image.versions.get(id)?.stamp !== stamp) this.note({ type: 'forgotten', id, kind, stamp });
    }
    if (image !== NOTHING) await this.failOver(shard);
  }

  /** Tombstones grow older than they live, and are collected. */
  async outliveTombstones(uncertain: (id: string) => Promise<readonly string[]>): Promise<void> {
    const { shards, tombstoneLifeMs } = this.descriptor!;
    // Nobody restores what is older than the tombstone life.
    this.#images.clear();
    this.note({ type: 'outlived' });
    for (let shard = 0; shard < shards; shard++) {
      const { tombstones } = this.#keys(shard);
      const ids = (await this.redis.send(tombstones, ['ZRANGE', tombstones, '0', '-1'])) as Buffer[];
      if (ids.length === 0) continue;
      const versions = await this.#versions(shard);
      for (const bytes of ids) {
        await this.redis.send(tombstones, ['ZINCRBY', tombstones, String(-2 * tombstoneLifeMs), bytes]);
        const id = bytes.toString();
        const { stamp } = versions.get(id)!;
        this.note({ type: 'collected', id, kind: 'delete', stamp, uncertain: await uncertain(id) });
      }
      await this.log.collectGarbage(this.name, this.descriptor!, shard);
      this.#hasCollected.add(shard);
    }
  }

  /** Live records. */
  async replica(): Promise<Replica> {
    const live = new Map<string, { id: string; kind: 'upsert'; stamp: Stamp }>();
    for (let shard = 0; shard < this.descriptor!.shards; shard++) {
      for (const [id, { kind, stamp }] of await this.#versions(shard)) {
        if (kind === 'upsert') live.set(id, { id, kind, stamp });
      }
    }
    return live;
  }

  async clear(): Promise<void> {
    if (this.descriptor === undefined) return;
    await this.log.drop(this.name);
  }

  /** Read from Redis itself, past every script. */
  async #versions(shard: number): Promise<Versions> {
    const { order, recordPrefix } = this.#keys(shard);
    const ids = (await this.redis.send(order, ['ZRANGE', order, '0', '-1'])) as Buffer[];
    if (ids.length === 0) return new Map();
    const keys = ids.map((id) => recordPrefix + id.toString());
    const records = (await this.redis.send(order, ['MGET', ...keys])) as Buffer[];
    return new Map(
      ids.map((id, i) => {
        const kind = isTombstone(records[i]!) ? 'delete' : 'upsert';
        return [id.toString(), { kind, stamp: records[i]!.subarray(1, 17).toString('hex') }];
      }),
    );
  }

  async #keysOf(shard: number): Promise<string[]> {
    const { meta, order, tombstones, recordPrefix } = this.#keys(shard);
    const ids = (await this.redis.send(order, ['ZRANGE', order, '0', '-1'])) as Reply[];
    return [meta, order, tombstones, ...ids.map((id) => recordPrefix + String(id))];
  }

  #keys(shard: number) {
    return shardKeys(this.name, this.descriptor!, shard);
  }
}
