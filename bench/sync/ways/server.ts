import type { SyncServer } from '../../../e2e/support/sync-server.js';
import type { RedisServer } from '../../../scripts/redis/servers.mjs';
import { Device } from '../device.js';
import { inFlight, pieces } from '../timing.js';
import { AT_ONCE, TOGETHER, type Way } from './way.js';

/** Shards in one pull, as in the replicator. */
const PULLED_TOGETHER = 4;

/** Frames over HTTP, by the shipped transport. */
export function serverWay(server: SyncServer, redis: RedisServer, shards: number): Way {
  let collections = 0;
  let device: Device;
  return {
    name: 'the server',
    processes: { server: server.pid, redis: redis.pid },
    async begin() {
      await redis.cli('flushall');
      // Another name: the server remembers for a while what was there.
      device = new Device(server.url, `bulk-${collections++}`);
      await device.open(shards);
    },
    write: (records) => inFlight(AT_ONCE, pieces(records, TOGETHER), (batch) => device.push(batch)),
    async read() {
      let count = 0;
      await inFlight(AT_ONCE, pieces(device.shards, PULLED_TOGETHER), async (group) => {
        const came = await device.pull(group);
        count += came;
      });
      return count;
    },
    async close() {},
  };
}
