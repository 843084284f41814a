import { describe, test } from 'vitest';
import { getRedis8 } from '../../../scripts/redis/get-redis8.mjs';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import { changeLogContract } from '../change-log.contract.js';
import { openLog } from './open-log.contract.js';

const redis8 = await getRedis8();

if ('missing' in redis8) {
  test.skip(`G7 Redis 8 is left out. ${redis8.missing}`);
} else {
  describe('Redis 8', () => {
    changeLogContract({
      name: 'Redis 8',
      replicas: false,
      start: async () => {
        const server = await startRedis({ program: redis8.program });
        return openLog({ urls: [server.url] }, server);
      },
    });
  });
}
