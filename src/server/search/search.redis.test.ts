import { afterAll, beforeAll, describe } from 'vitest';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import type { ChangeLog } from '../change-log.js';
import { openRedis } from '../redis/node-redis.js';
import { RedisChangeLog } from '../redis/redis-change-log.js';
import { testExactSearch } from './exact-search.contract.js';
import { descriptorOf } from './memory-log.contract.js';
import { testRemoteWrites } from './remote-writes.contract.js';
import { SearchWorld } from './search-world.contract.js';

describe('on a single Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let log: ChangeLog;
  beforeAll(async () => {
    server = await startRedis();
    log = new RedisChangeLog(await openRedis({ urls: [server.url] }));
  });
  afterAll(async () => {
    await log?.close();
    await server?.stop();
  });

  testExactSearch(async () => log, 200);
  testRemoteWrites(async (wanted) => new SearchWorld(log, descriptorOf(wanted)));
});
