import { type SyncServer, startSyncServer } from '../../../e2e/support/sync-server.js';
import { startCluster } from '../../../scripts/redis/cluster.mjs';
import { type RedisServer, startRedis, until } from '../../../scripts/redis/servers.mjs';
import { packRecord } from '../../../src/server/redis/record.js';
import { rotated } from '../../measure/rotate.js';
import { median } from '../../measure/statistics.js';
import { Device } from '../device.js';
import type { Figure, Options } from '../figure.js';
import { makeRecords, type Upsert } from '../records.js';
import { redisClusterClient } from '../redis-client.js';
import { inFlight, type Measured, measured, pieces, rest } from '../timing.js';

const COLLECTIONS = 16;
const TOGETHER = 500;

/** A Cluster with as many masters and no replicas, and a server on it. */
interface Masters {
  readonly count: number;
  readonly nodes: readonly RedisServer[];
  readonly server: SyncServer;
  readonly direct: Measured[];
  readonly through: Measured[];
  stop(): Promise<void>;
}

/** The same pushes to 16 collections on one master and on three, in turn. */
export async function measureCluster({ records, rounds, shards }: Options): Promise<Figure[]> {
  const all = makeRecords(Math.round(records / 2));
  const clusters: Masters[] = [];
  try {
    clusters.push(await start(await oneMaster()), await start(await startCluster({ replicas: 0 })));
    for (let round = -1; round < rounds; round++) {
      for (const masters of rotated(clusters, round + 1)) {
        // The first round is for the compilers.
        const some = round < 0 ? all.slice(0, 5_000) : all;
        const [direct, through] = [await setAll(masters, some), await pushAll(masters, some, shards, round)];
        if (round < 0) continue;
        masters.direct.push(direct);
        masters.through.push(through);
      }
    }
  } finally {
    for (const masters of clusters) await masters.stop();
  }
  return clusters.map(({ count, direct, through }) => {
    const perSecond = (rows: readonly Measured[]) => all.length / (median(rows.map(({ ms }) => ms)) / 1_000);
    const busiest = median(through.map(({ processorMs }) => busiestOf(processorMs, count)));
    return {
      name: `pushed to ${COLLECTIONS} collections, ${count === 1 ? '1 Cluster master' : `${count} masters`}`,
      unit: 'per second',
      direct: perSecond(direct),
      server: perSecond(through),
      note: `the busiest master took ${((busiest * 1_000) / all.length).toFixed(1)} µs of processor a record`,
      details: { direct, server: through },
    };
  });
}

async function start(cluster: {
  urls: readonly string[];
  nodes: readonly RedisServer[];
  stop(): Promise<void>;
}) {
  try {
    const server = await startSyncServer({
      redis: cluster.urls.join(','),
      flags: ['--dev', '--cluster'],
    });
    const stop = async () => {
      await server.kill();
      await cluster.stop();
    };
    return { count: cluster.nodes.length, nodes: cluster.nodes, server, direct: [], through: [], stop };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function oneMaster() {
  const node = await startRedis({ cluster: true });
  await node.cli('cluster', 'addslotsrange', '0', '16383');
  await until('the only master has all slots', async () =>
    (await node.cli('cluster', 'info')).includes('cluster_state:ok'),
  );
  return { urls: [node.url], nodes: [node], stop: () => node.stop() };
}

async function emptied(masters: Masters): Promise<void> {
  for (const node of masters.nodes) await node.cli('flushall');
  await rest();
}

async function setAll(masters: Masters, records: readonly Upsert[]): Promise<Measured> {
  await emptied(masters);
  const client = await redisClusterClient(masters.nodes.map(({ url }) => url));
  try {
    return await measured(pidsOf(masters), () =>
      inFlight(COLLECTIONS, pieces(records, TOGETHER), async (batch) => {
        await Promise.all(
          batch.map((one) => client.sendCommand(one.id, false, ['SET', one.id, packRecord(one)])),
        );
      }),
    );
  } finally {
    client.destroy();
  }
}

async function pushAll(
  masters: Masters,
  records: readonly Upsert[],
  shards: number,
  round: number,
): Promise<Measured> {
  await emptied(masters);
  const devices = Array.from(
    { length: COLLECTIONS },
    (_, i) => new Device(masters.server.url, `many-${round + 1}-${i}`),
  );
  await Promise.all(devices.map((device) => device.open(shards)));
  const batches = [...pieces(records, TOGETHER)].map((batch, i) => ({
    batch,
    device: devices[i % COLLECTIONS]!,
  }));
  return measured({ ...pidsOf(masters), server: masters.server.pid }, () =>
    inFlight(COLLECTIONS, batches, ({ batch, device }) => device.push(batch)),
  );
}

const nameOf = (master: number) => `redis ${master + 1}`;

function pidsOf({ nodes }: Masters): Record<string, number> {
  return Object.fromEntries(nodes.map(({ pid }, i) => [nameOf(i), pid]));
}

function busiestOf(processorMs: Measured['processorMs'], masters: number): number {
  return Math.max(...Array.from({ length: masters }, (_, i) => processorMs[nameOf(i)] ?? Number.NaN));
}
