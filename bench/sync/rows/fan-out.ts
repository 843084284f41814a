import { setMaxListeners } from 'node:events';
import { startSyncServer } from '../../../e2e/support/sync-server.js';
import { type RedisServer, startRedis } from '../../../scripts/redis/servers.mjs';
import { packRecord } from '../../../src/server/redis/record.js';
import { rotated } from '../../measure/rotate.js';
import { median } from '../../measure/statistics.js';
import { Device } from '../device.js';
import type { Figure, Options } from '../figure.js';
import { makeRecords, stampOf, type Upsert } from '../records.js';
import { redisClient } from '../redis-client.js';

const CLIENTS = 200;
const CHANNEL = 'fan-out';
/** Hints may be lost. */
const LIMIT_MS = 60_000;

/** Of one change, milliseconds from the call that made it. */
interface FanOut {
  /** The middle one of the clients has been told. */
  readonly median: number;
  readonly last: number;
  /** The last one has fetched it. */
  readonly fetched: number;
}

interface Audience {
  spread(record: Upsert): Promise<FanOut>;
  close(): Promise<void>;
}

/** One change to 200 clients, each with a connection of its own, all of them in this process. */
export async function measureFanOut({ records, shards }: Options): Promise<Figure[]> {
  const changes = records < 50_000 ? 5 : 30;
  const redis = await startRedis();
  const server = await startSyncServer({ redis: redis.url });
  const [record] = makeRecords(1) as [Upsert];
  let stamps = 1;
  const audiences: Partial<Record<'direct' | 'server', Audience>> = {};
  try {
    audiences.direct = await subscribers(redis);
    audiences.server = await devices(server.url, record, shards);
    const found = { direct: [] as FanOut[], server: [] as FanOut[] };
    for (let change = -2; change < changes; change++) {
      for (const name of rotated(['direct', 'server'] as const, change + 2)) {
        const one = await audiences[name]!.spread({ ...record, stamp: stampOf(stamps++) });
        if (change >= 0) found[name].push(one);
      }
    }
    const figure = (name: string, what: keyof FanOut): Figure => ({
      name: `one change to ${CLIENTS} clients: ${name}`,
      unit: 'ms',
      direct: median(found.direct.map((one) => one[what])),
      server: median(found.server.map((one) => one[what])),
    });
    const figures = [
      figure('the median client is told', 'median'),
      figure('the last is told', 'last'),
      figure('all have fetched it', 'fetched'),
    ];
    return figures.map((one, i) => (i === 0 ? { ...one, details: found } : one));
  } finally {
    await audiences.direct?.close();
    await audiences.server?.close();
    await server.kill();
    await redis.stop();
  }
}

/** SPUBLISH and GET by the Redis client. */
async function subscribers(redis: RedisServer): Promise<Audience> {
  const open = () => redisClient(redis.url);
  const writer = await open();
  const pairs = await Promise.all(
    Array.from({ length: CLIENTS }, async () => ({ subscriber: await open(), reader: await open() })),
  );
  const round = new Round();
  for (const { subscriber, reader } of pairs) {
    await subscriber.sSubscribe(CHANNEL, (id) => round.told(() => reader.sendCommand(['GET', id])));
  }
  return {
    spread: (record) =>
      round.run(async () => {
        await writer.sendCommand(['SET', record.id, packRecord(record)]);
        await writer.sPublish(CHANNEL, record.id);
      }),
    async close() {
      for (const { subscriber, reader } of pairs) {
        subscriber.destroy();
        reader.destroy();
      }
      writer.destroy();
    },
  };
}

/** Streams of hints, and pulls. */
async function devices(url: string, record: Upsert, shards: number): Promise<Audience> {
  const ended = new AbortController();
  setMaxListeners(CLIENTS, ended.signal);
  const writer = new Device(url, 'fan-out');
  await writer.open(shards);
  await writer.push([record]);
  await writer.pull(writer.shards);
  const round = new Round();
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const device = new Device(url, 'fan-out');
      await device.open(shards);
      device.catchUpWith(writer);
      const fetch = async (shard: number) => {
        if ((await device.pull([shard])) !== 1) throw new Error('A hint came, and no change with it.');
      };
      await device.hints(({ shard }) => round.told(() => fetch(shard)), ended.signal);
    }),
  );
  return {
    spread: (record) => round.run(() => writer.push([record])),
    async close() {
      ended.abort();
    },
  };
}

/** Waits until every client was told, and has fetched. */
class Round {
  #told: number[] = [];
  #fetches: Promise<unknown>[] = [];
  #all: (() => void) | undefined;

  told(fetch: () => Promise<unknown>): void {
    this.#told.push(performance.now());
    this.#fetches.push(fetch());
    if (this.#told.length === CLIENTS) this.#all?.();
  }

  async run(change: () => Promise<unknown>): Promise<FanOut> {
    this.#told = [];
    this.#fetches = [];
    let timer: NodeJS.Timeout | undefined;
    const all = new Promise<void>((resolve, reject) => {
      this.#all = resolve;
      const late = () =>
        reject(new Error(`${this.#told.length} of ${CLIENTS} clients were told of a change.`));
      timer = setTimeout(late, LIMIT_MS);
    });
    const started = performance.now();
    await Promise.all([change(), all]);
    clearTimeout(timer);
    await Promise.all(this.#fetches);
    const fetched = performance.now() - started;
    return {
      median: median(this.#told) - started,
      last: Math.max(...this.#told) - started,
      fetched,
    };
  }
}
