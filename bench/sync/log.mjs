// Pushed and pulled records a second through the change log, against the same bytes written and read with the Redis
// client directly. Vite loads the server's sources as they are.
//
//   node bench/sync/log.mjs [--records 20000] [--dimension 384] [--rounds 3]
import { parseArgs } from 'node:util';
import { createClient, RESP_TYPES } from 'redis';
import { createServer } from 'vite';
import { ensureRedis } from '../../scripts/ensure-redis.mjs';
import { startRedis } from '../../scripts/redis/servers.mjs';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '20000' },
    dimension: { type: 'string', default: '384' },
    rounds: { type: 'string', default: '3' },
  },
});
const [records, dimension, rounds] = [values.records, values.dimension, values.rounds].map(Number);
const BATCH = 100;
const SHARDS = 16;
const IN_FLIGHT = 8;
const NAME = { tenant: 'bench', store: 'bench', collection: 'bench' };

await ensureRedis();
const vite = await createServer({
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, watch: null, hmr: false, ws: false },
  optimizeDeps: { noDiscovery: true },
});
const { openRedis } = await vite.ssrLoadModule('/src/server/redis/node-redis.ts');
const { RedisChangeLog } = await vite.ssrLoadModule('/src/server/redis/redis-change-log.ts');
const { packRecord } = await vite.ssrLoadModule('/src/server/redis/record.ts');
const { shardOf } = await vite.ssrLoadModule('/src/shared/sync/shard-of.ts');

const operations = Array.from({ length: records }, (_, i) => ({
  kind: 'upsert',
  id: `record-${i}`,
  stamp: `${(i + 1).toString(16).padStart(12, '0')}0000${'0'.repeat(15)}1`,
  base: '',
  metadata: JSON.stringify({ lang: 'en', year: 1900 + (i % 100), title: `Title number ${i}` }),
  vector: Float32Array.from({ length: dimension }, () => Math.random() - 0.5),
}));
/** @type {Map<number, typeof operations>} */
const byShard = new Map(Array.from({ length: SHARDS }, (_, shard) => [shard, []]));
for (const operation of operations) byShard.get(shardOf(operation.id, SHARDS)).push(operation);
const batches = [...byShard].flatMap(([shard, all]) =>
  Array.from({ length: Math.ceil(all.length / BATCH) }, (_, i) => ({
    shard,
    operations: all.slice(i * BATCH, (i + 1) * BATCH),
  })),
);

const results = { push: [], pull: [], set: [], get: [] };
for (let round = 0; round < rounds; round++) {
  // Alternating, so that what else the machine does meets both alike.
  await measureLog();
  await measureClient();
}
await vite.close();
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
const rate = (times) => Math.round(records / (median(times) / 1_000));
console.log(
  `${records} records of ${dimension} dimensions, ${rounds} rounds, medians\n` +
    `pushed   ${rate(results.push)}/s; SET of the same bytes ${rate(results.set)}/s, ` +
    `ratio ${(median(results.push) / median(results.set)).toFixed(2)}\n` +
    `pulled   ${rate(results.pull)}/s; MGET of the same bytes ${rate(results.get)}/s, ` +
    `ratio ${(median(results.pull) / median(results.get)).toFixed(2)}`,
);

async function measureLog() {
  const server = await startRedis();
  const log = new RedisChangeLog(await openRedis({ urls: [server.url] }));
  const descriptor = await log.create(NAME, {
    dimension,
    metric: 'cosine',
    shards: SHARDS,
    conflict: 'last-writer-wins',
    tombstoneLifeMs: 3_600_000,
  });
  const push = { policy: descriptor.conflict, epoch: undefined, replicated: false };
  results.push.push(
    await timed(() =>
      inFlight(batches, ({ shard, operations }) =>
        log.push(NAME, descriptor, shard, { ...push, operations }),
      ),
    ),
  );
  let pulled = 0;
  results.pull.push(
    await timed(() =>
      inFlight([...byShard.keys()], async (shard) => {
        let position = { cursor: 0, epoch: '', hi: 0, floor: 0 };
        for (let more = true; more; ) {
          const from = { ...position, keys: false, device: undefined, maxBytes: 1 << 20 };
          const page = await log.pull(NAME, descriptor, shard, from);
          pulled += page.entries.length;
          ({ more, ...position } = page);
        }
      }),
    ),
  );
  if (pulled !== records) throw new Error(`${pulled} of ${records} records were pulled.`);
  await log.close();
  await server.stop();
}

async function measureClient() {
  const server = await startRedis();
  const client = await createClient({ url: server.url, RESP: 2 }).connect();
  const mapping = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
  results.set.push(
    await timed(() =>
      inFlight(batches, ({ operations }) =>
        Promise.all(operations.map((one) => client.sendCommand(['SET', one.id, packRecord(one)]))),
      ),
    ),
  );
  let read = 0;
  results.get.push(
    await timed(() =>
      inFlight(batches, async ({ operations }) => {
        const found = await client.sendCommand(['MGET', ...operations.map(({ id }) => id)], mapping);
        read += found.filter((record) => record?.length > 4 * dimension).length;
      }),
    ),
  );
  if (read !== records) throw new Error(`${read} of ${records} records were read.`);
  client.destroy();
  await server.stop();
}

async function inFlight(items, work) {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}

async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
