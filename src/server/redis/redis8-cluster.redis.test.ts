import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisCluster, startCluster } from '../../../scripts/redis/cluster.mjs';
import { getRedis8 } from '../../../scripts/redis/get-redis8.mjs';
import { changeLogContract } from '../change-log.contract.js';
import { IndexedWorld } from '../search/indexed-world.contract.js';
import { openRedis } from './node-redis.js';
import { RedisChangeLog } from './redis-change-log.js';
import type { RedisPort } from './redis-port.js';
import {
  asRestrictedUser,
  CLUSTER_COMMANDS,
  restrictedUser,
  VECTOR_SET_COMMANDS,
} from './restricted-user.contract.js';

const redis8 = await getRedis8();

if ('missing' in redis8) {
  test.skip(`G7 O3 a Cluster of Redis 8 is left out. ${redis8.missing}`);
} else {
  describe('a Cluster of Redis 8, as a restricted user', () => {
    let cluster: RedisCluster;
    let open: () => Promise<RedisPort>;
    beforeAll(async () => {
      cluster = await startCluster({
        program: redis8.program,
        config: [restrictedUser(CLUSTER_COMMANDS, VECTOR_SET_COMMANDS)],
      });
      open = () => openRedis({ urls: cluster.urls.map(asRestrictedUser), cluster: true });
    });
    afterAll(() => cluster?.stop());

    changeLogContract({
      name: 'a Cluster of Redis 8',
      replicas: true,
      async start() {
        const log = new RedisChangeLog(await open());
        return { log, stop: () => log.close() };
      },
    });

    test('O3 vector sets answer from the masters that their shards are on', async () => {
      const port = await open();
      const world = new IndexedWorld(port, new RedisChangeLog(port));
      try {
        await world.fill(400);
        expect(await world.elements()).toBe(400);
        let found = 0;
        for (let i = 0; i < 20; i++) {
          const vector = Float32Array.from(world.vector());
          const { ids, receipt } = await world.query({ vector, topK: 10 });
          expect(receipt).toMatchObject({ engine: 'vector-set', complete: true });
          const best = new Set(world.best(vector, 10).map(({ id }) => id));
          found += ids.filter((id) => best.has(id)).length;
        }
        console.info(`recall@10 of vector sets on a Cluster, 400 records: ${found / 200}`);
        expect(found / 200).toBeGreaterThan(0.95);
      } finally {
        await port.close();
      }
    });

    test('G7 that user can do nothing else', async () => {
      const port = await open();
      try {
        await expect(port.send('other', ['GET', 'other'])).rejects.toThrow('NOPERM');
        await expect(port.send('{ns:a}', ['FLUSHALL'])).rejects.toThrow('NOPERM');
      } finally {
        await port.close();
      }
    });
  });
}
