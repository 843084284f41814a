import { startSyncServer } from '../../../e2e/support/sync-server.js';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import { rotated } from '../../measure/rotate.js';
import { median } from '../../measure/statistics.js';
import { DIMENSION, type Figure, type Options } from '../figure.js';
import { makeRecords, type Upsert } from '../records.js';
import { type Measured, measured, rest } from '../timing.js';
import { directWays } from '../ways/direct.js';
import { serverWay } from '../ways/server.js';
import type { Way } from '../ways/way.js';

/** Enough for the compilers of both sides. */
const WARM_UP = 5_000;
const GOAL = 2;

/** Records in bulk into one Redis and back, by each way in turn. */
export async function measureBulk({ records, rounds, shards }: Options): Promise<Figure[]> {
  const redis = await startRedis();
  const server = await startSyncServer({ redis: redis.url });
  const { each, bulk } = await directWays(redis);
  const through = serverWay(server, redis, shards);
  const ways = [each, bulk, through];
  const all = makeRecords(records);
  const pushes = new Map(ways.map((way) => [way, [] as Measured[]]));
  const pulls = new Map(ways.map((way) => [way, [] as Measured[]]));
  try {
    for (const way of ways) await once(way, all.slice(0, WARM_UP));
    for (let round = 0; round < rounds; round++) {
      for (const way of rotated(ways, round)) {
        const { push, pull } = await once(way, all);
        pushes.get(way)!.push(push);
        pulls.get(way)!.push(pull);
      }
    }
  } finally {
    for (const way of ways) await way.close();
    await server.kill();
    await redis.stop();
  }
  const figure = (name: string, of: Map<Way, Measured[]>, direct: Way): Figure => {
    const perSecond = (way: Way) => records / (median(of.get(way)!.map(({ ms }) => ms)) / 1_000);
    const details = { direct: of.get(direct)!, server: of.get(through)! };
    return {
      name: `${name} (${records} × ${DIMENSION})`,
      unit: 'per second',
      direct: perSecond(direct),
      server: perSecond(through),
      goal: GOAL,
      details,
    };
  };
  return [
    figure('pushed, beside SET', pushes, each),
    figure('pushed, beside MSET of 500', pushes, bulk),
    figure('pulled, beside GET', pulls, each),
    figure('pulled, beside MGET of 500', pulls, bulk),
  ];
}

async function once(way: Way, records: readonly Upsert[]) {
  await way.begin();
  await rest();
  const push = await measured(way.processes, () => way.write(records));
  await rest();
  let count = 0;
  const pull = await measured(way.processes, async () => {
    count = await way.read();
  });
  if (count !== records.length) throw new Error(`${way.name}: ${count} of ${records.length} records came.`);
  return { push, pull };
}
