import { openRedis, type RedisOptions } from './node-redis.js';
import { RedisChangeLog } from './redis-change-log.js';

/** A change log on servers that end with it. */
export async function openLog(options: RedisOptions, servers: { stop(): Promise<void> }) {
  try {
    const log = new RedisChangeLog(await openRedis(options));
    return {
      log,
      async stop() {
        await log.close();
        await servers.stop();
      },
    };
  } catch (error) {
    await servers.stop();
    throw error;
  }
}
