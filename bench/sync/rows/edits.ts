import { startSyncServer } from '../../../e2e/support/sync-server.js';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import { packRecord } from '../../../src/server/redis/record.js';
import { rotated } from '../../measure/rotate.js';
import { median } from '../../measure/statistics.js';
import { Device } from '../device.js';
import type { Figure, Options } from '../figure.js';
import { makeRecords, stampOf, type Upsert } from '../records.js';
import { redisClient } from '../redis-client.js';
import { inFlight, timed } from '../timing.js';

const RECORDS = 1_000;
/** Edits that are under way at once. */
const AT_ONCE = [1, 16] as const;

/** Edits of records that are there, each in a request of its own, beside a SET of the same bytes. */
export async function measureEdits({ records, rounds, shards }: Options): Promise<Figure[]> {
  const edits = Math.min(2_000, Math.max(200, Math.round(records / 50)));
  const redis = await startRedis();
  const server = await startSyncServer({ redis: redis.url });
  const client = await redisClient(redis.url);
  const device = new Device(server.url, 'edits');
  await device.open(shards);
  const all = makeRecords(RECORDS);
  let stamps = RECORDS;
  // A stamp of its own, so that it replaces what is there.
  const edited = (count: number) =>
    Array.from({ length: count }, (_, i): Upsert => {
      const record = all[i % RECORDS]!;
      return { ...record, stamp: stampOf(stamps++), metadata: JSON.stringify({ edit: stamps }) };
    });
  const ways = {
    direct: async (edit: Upsert) => {
      await client.sendCommand(['SET', edit.id, packRecord(edit)]);
    },
    server: (edit: Upsert) => device.push([edit]),
  };
  const names = ['direct', 'server'] as const;
  try {
    await device.push(all.slice(0, 500));
    await device.push(all.slice(500));
    for (const name of names) await inFlight(16, edited(500), ways[name]);
    const figures: Figure[] = [];
    for (const atOnce of AT_ONCE) {
      const times = { direct: [] as number[], server: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        for (const name of rotated(names, round)) {
          const batch = edited(edits);
          times[name].push(await timed(() => inFlight(atOnce, batch, ways[name])));
        }
      }
      figures.push({
        name: `edits of one record, ${atOnce === 1 ? 'one after another' : `${atOnce} at once`}`,
        unit: 'per second',
        direct: (1_000 * edits) / median(times.direct),
        server: (1_000 * edits) / median(times.server),
        details: { edits, ...times },
      });
    }
    return figures;
  } finally {
    client.destroy();
    await server.kill();
    await redis.stop();
  }
}
