import { RESP_TYPES } from 'redis';
import type { RedisServer } from '../../../scripts/redis/servers.mjs';
import { packRecord } from '../../../src/server/redis/record.js';
import { DIMENSION } from '../figure.js';
import type { Upsert } from '../records.js';
import { redisClient } from '../redis-client.js';
import { inFlight, pieces } from '../timing.js';
import { AT_ONCE, TOGETHER, type Way } from './way.js';

const BUFFERS = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

interface Commands {
  write(records: readonly Upsert[]): Promise<unknown>;
  read(ids: readonly string[]): Promise<readonly (Buffer | null)[]>;
}

/** The Redis client alone, with the bytes that the change log keeps of a record. */
export async function directWays(redis: RedisServer): Promise<{ each: Way; bulk: Way }> {
  const client = await redisClient(redis.url);
  const commands = (name: string, { write, read }: Commands): Way => {
    const written: string[] = [];
    return {
      name,
      processes: { redis: redis.pid },
      async begin() {
        await client.flushAll();
        written.length = 0;
      },
      async write(records) {
        await inFlight(AT_ONCE, pieces(records, TOGETHER), async (batch) => {
          await write(batch);
        });
        written.push(...records.map(({ id }) => id));
      },
      async read() {
        let count = 0;
        await inFlight(AT_ONCE, pieces(written, TOGETHER), async (ids) => {
          for (const record of await read(ids)) {
            if (record !== null && record.length > 4 * DIMENSION) count++;
          }
        });
        return count;
      },
      async close() {
        if (client.isOpen) client.destroy();
      },
    };
  };
  return {
    each: commands('SET and GET', {
      write: (records) =>
        Promise.all(records.map((record) => client.sendCommand(['SET', record.id, packRecord(record)]))),
      read: (ids) => Promise.all(ids.map((id) => client.sendCommand<Buffer | null>(['GET', id], BUFFERS))),
    }),
    bulk: commands('MSET and MGET', {
      write: (records) =>
        client.sendCommand(['MSET', ...records.flatMap((record) => [record.id, packRecord(record)])]),
      read: (ids) => client.sendCommand<(Buffer | null)[]>(['MGET', ...ids], BUFFERS),
    }),
  };
}
