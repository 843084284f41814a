import { randomBytes } from 'node:crypto';
import type {
  Descriptor,
  Hint,
  Operation,
  PushResult,
  ShardPage,
  WithVector,
} from '../../shared/sync/protocol.js';
import type { ChangeLog, CollectionName, LogPull, LogPush, LogPushed } from '../change-log.js';
import { RedisClock } from './clock.js';
import { Collections } from './collections.js';
import { ConfirmedWrites } from './confirmed-writes.js';
import { type ShardKeys, shardKeys } from './keys.js';
import { deviceBytes, HEAD_BYTES, isTombstone, packRecord, stampBytes, unpackRecord } from './record.js';
import type { RedisPort, Reply } from './redis-port.js';
import { runScript, type ScriptCall } from './run-script.js';
import { GET, OPEN, PULL } from './scripts/pull.js';
import { PUSH } from './scripts/push.js';
import { COLLECT, EXPIRED, WIPE } from './scripts/remove.js';
import { Usage } from './usage.js';

/** Entries of a page, which one script reads while its Redis does nothing else; heads alone are read faster. */
const PAGE_ENTRIES = 1_000;
const PAGE_HEADS = 5_000;
/** Records that a script removes, or reads by their ids, at once. */
const REMOVED_AT_ONCE = 200;
const GOT_AT_ONCE = 500;

type NamedShard = readonly [name: CollectionName, descriptor: Descriptor, shard: number];

/** The change log on Redis (SPEC, G1 to G7). `redis` is closed with it. */
export class RedisChangeLog implements ChangeLog {
  readonly #redis: RedisPort;
  readonly #collections: Collections;
  readonly #confirmed: ConfirmedWrites;
  readonly #usage: Usage;
  readonly #clock: RedisClock;

  constructor(redis: RedisPort) {
    this.#redis = redis;
    this.#collections = new Collections(redis);
    this.#confirmed = new ConfirmedWrites(redis);
    this.#usage = new Usage(redis);
    this.#clock = new RedisClock(redis);
  }

  time(): Promise<number> {
    return this.#clock.now();
  }

  async ready(): Promise<void> {
    await this.#redis.send(undefined, ['PING']);
  }

  describe(name: CollectionName): Promise<Descriptor | undefined> {
    return this.#collections.describe(name);
  }

  create(
    name: CollectionName,
    wanted: Omit<Descriptor, 'id'>,
    known?: string,
  ): Promise<Descriptor | 'dropped'> {
    return this.#collections.create(name, wanted, known);
  }

  list(tenant: string, store: string) {
    return this.#collections.list(tenant, store);
  }

  async drop(name: CollectionName): Promise<boolean> {
    const found = await this.#collections.drop(name);
    if (found === undefined) return false;
    for (let shard = 0; shard < found.descriptor.shards; shard++) {
      await this.#wipe([name, found.descriptor, shard]);
    }
    return found.dropped;
  }

  async push(
    name: CollectionName,
    descriptor: Descriptor,
    shard: number,
    { policy, epoch, operations, replicated }: LogPush,
  ): Promise<LogPushed> {
    const { meta, order, tombstones, channel, recordPrefix } = shardKeys(name, descriptor, shard);
    const call: ScriptCall = {
      script: PUSH,
      keys: [meta, order, tombstones, ...operations.map(({ id }) => recordPrefix + id)],
      args: [
        ...[randomEpoch(), epoch ?? '', policy, channel],
        ...operations.flatMap((operation) => [
          operation.id,
          // The client hands each Buffer to the socket by itself, and joins strings.
          operation.base === '' ? '' : stampBytes(operation.base),
          packRecord(operation),
        ]),
      ],
    };
    const answer = replicated
      ? await this.#confirmed.run(call)
      : { reply: await runScript(this.#redis, call), replicated: false };
    const [epochAfter, seq, before, after, statuses] = answer.reply as Reply[];
    if (Number(after) !== Number(before)) this.#usage.note(name, descriptor, shard, Number(after));
    return {
      results: (statuses as Reply[]).map((status, i) => resultOf(operations[i]!.id, status)),
      epoch: String(epochAfter),
      seq: Number(seq),
      replicated: answer.replicated,
      bytesAdded: Number(after) - Number(before),
    };
  }

  async pull(name: CollectionName, descriptor: Descriptor, shard: number, from: LogPull): Promise<ShardPage> {
    const { meta, order, recordPrefix } = shardKeys(name, descriptor, shard);
    const call: ScriptCall = {
      script: PULL,
      keys: [meta, order],
      args: [
        ...[from.epoch, String(from.cursor), String(from.hi), String(from.floor)],
        ...[from.keys ? '1' : '', from.device === undefined ? '' : deviceBytes(from.device)],
        ...[String(from.maxBytes), String(from.keys ? PAGE_HEADS : PAGE_ENTRIES), recordPrefix],
      ],
    };
    while (true) {
      const reply = (await runScript(this.#redis, call)) as Reply[];
      if (String(reply[0]) !== 'open') return pageOf(shard, reply);
      await runScript(this.#redis, {
        script: OPEN,
        keys: [meta],
        args: [randomEpoch(), String(reply[1])],
      });
    }
  }

  async get(
    name: CollectionName,
    descriptor: Descriptor,
    shard: number,
    ids: readonly string[],
  ): Promise<(WithVector<Operation> | undefined)[]> {
    const { meta, recordPrefix } = shardKeys(name, descriptor, shard);
    const found: Reply[] = [];
    for (let i = 0; i < ids.length; i += GOT_AT_ONCE) {
      const keys = [meta, ...ids.slice(i, i + GOT_AT_ONCE).map((id) => recordPrefix + id)];
      found.push(...((await runScript(this.#redis, { script: GET, keys, args: [] })) as Reply[]));
    }
    return found.map((record, i) =>
      record === null || isTombstone(record as Buffer)
        ? undefined
        : { ...unpackRecord(ids[i]!, record as Buffer), base: '' },
    );
  }

  async collectGarbage(name: CollectionName, descriptor: Descriptor, shard: number): Promise<number> {
    const keys = shardKeys(name, descriptor, shard);
    const life = String(descriptor.tombstoneLifeMs);
    let removed = 0;
    while (true) {
      const ids = (await runScript(this.#redis, {
        script: EXPIRED,
        keys: [keys.tombstones],
        args: [life, String(REMOVED_AT_ONCE)],
      })) as Buffer[];
      if (ids.length === 0) return removed;
      const [count, before, after] = (await runScript(this.#redis, {
        script: COLLECT,
        keys: keysOf(keys, ids),
        args: [life, ...ids],
      })) as Reply[];
      removed += Number(count);
      if (Number(after) !== Number(before)) this.#usage.note(name, descriptor, shard, Number(after));
    }
  }

  usage(tenant: string): Promise<number> {
    return this.#usage.sum(tenant);
  }

  async subscribe(
    name: CollectionName,
    descriptor: Descriptor,
    onHint: (hint: Hint) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const listening = Array.from({ length: descriptor.shards }, (_, shard) => ({
      channel: shardKeys(name, descriptor, shard).channel,
      listener: (seq: string) => {
        if (!signal.aborted) onHint({ shard, seq: Number(seq) });
      },
    }));
    const leave = () =>
      Promise.allSettled(listening.map((each) => this.#redis.unsubscribe(each.channel, each.listener)));
    const joined = Promise.allSettled(
      listening.map((each) => this.#redis.subscribe(each.channel, each.listener)),
    );
    signal.addEventListener('abort', () => void joined.then(leave), { once: true });
    const failed = (await joined).find((each) => each.status === 'rejected');
    if (failed !== undefined) {
      await leave();
      throw failed.reason;
    }
  }

  async close(): Promise<void> {
    await this.#usage.close();
    await this.#confirmed.close();
    await this.#redis.close();
  }

  async #wipe([name, descriptor, shard]: NamedShard): Promise<void> {
    const keys = shardKeys(name, descriptor, shard);
    const life = String(Math.max(1, descriptor.tombstoneLifeMs));
    let ids: Buffer[] = [];
    do {
      ids = (await runScript(this.#redis, {
        script: WIPE,
        keys: keysOf(keys, ids),
        args: [life, String(REMOVED_AT_ONCE), ...ids],
      })) as Buffer[];
    } while (ids.length > 0);
    this.#usage.note(name, descriptor, shard, 0);
  }
}

const randomEpoch = () => randomBytes(16).toString('hex');

const keysOf = ({ meta, order, tombstones, recordPrefix }: ShardKeys, ids: readonly Buffer[]) => [
  ...[meta, order, tombstones],
  ...ids.map((id) => recordPrefix + id.toString()),
];

function resultOf(id: string, status: Reply): PushResult {
  if (!Array.isArray(status)) return { status: String(status) as 'ok' | 'dup' | 'gone' | 'epoch' };
  const [word, record] = status;
  return {
    status: String(word) as 'stale' | 'conflict',
    current: unpackRecord(id, record as Buffer),
  };
}

function pageOf(shard: number, reply: readonly Reply[]): ShardPage {
  const [kind, epochBytes, ...rest] = reply;
  const epoch = String(epochBytes);
  if (String(kind) === 'fork') {
    return { kind: 'fork', shard, epoch, bound: Number(rest[0]), floor: Number(rest[1]) };
  }
  if (String(kind) === 'reset') return { kind: 'reset', shard, epoch, floor: Number(rest[0]) };

  const [cursor, hi, floor, more, flat] = rest;
  const found = flat as Buffer[];
  return {
    kind: 'page',
    shard,
    epoch,
    cursor: Number(cursor),
    hi: Number(hi),
    floor: Number(floor),
    more: String(more) === '1',
    entries: Array.from({ length: found.length / 3 }, (_, i) => {
      const [id, seq, record] = found.slice(3 * i, 3 * i + 3) as [Buffer, Buffer, Buffer];
      const bare = record.length === HEAD_BYTES && !isTombstone(record);
      return {
        ...unpackRecord(id.toString(), record),
        seq: Number(seq),
        ...(bare ? { bare } : {}),
      };
    }),
  };
}
