import { startRedis } from '../../../scripts/redis/servers.mjs';
import { changeLogContract } from '../change-log.contract.js';
import { openRedis } from './node-redis.js';
import { RedisChangeLog } from './redis-change-log.js';

changeLogContract({
  name: 'a single Redis',
  async start() {
    const server = await startRedis();
    const log = new RedisChangeLog(await openRedis({ urls: [server.url] }));
    return {
      log,
      async stop() {
        await log.close();
        await server.stop();
      },
    };
  },
});
