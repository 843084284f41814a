import { vi } from 'vitest';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import { HttpClient } from '../../worker/sync/http/http-client.js';
import { httpTransport } from '../../worker/sync/http/http-transport.js';
import type { SyncTransport } from '../../worker/sync/transport.js';
import type { ChangeLog, CollectionName } from '../change-log.js';
import { createServer } from '../create-server.js';
import { openRedis } from '../redis/node-redis.js';
import { RedisChangeLog } from '../redis/redis-change-log.js';
import type { RedisPort } from '../redis/redis-port.js';

const TENANT = 'simulated';
const KEY = 'a-key-of-at-least-thirty-two-characters';

/** The shipped server, in this process, without a socket; and the real Redis behind it. */
export interface ShippedServer {
  readonly redis: RedisPort;
  readonly log: ChangeLog;
  /** The shipped way to a collection on a server of its own; `now`: the server's time. */
  reach(store: string, now: () => number): Promise<Reached>;
  stop(): Promise<void>;
}

export interface Reached {
  readonly name: CollectionName;
  readonly transport: SyncTransport;
  close(): Promise<void>;
}

export async function startShippedServer(): Promise<ShippedServer> {
  const server = await startRedis();
  const redis = await openRedis({ urls: [server.url] });
  const log = new RedisChangeLog(redis);
  const hosts = new Map<string, (request: Request) => Response | Promise<Response>>();
  vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
    const request = new Request(input, init);
    return hosts.get(new URL(request.url).host)!(request);
  });
  return {
    redis,
    log,
    async reach(store, now) {
      const host = `${store}.example`;
      const name = { tenant: TENANT, store, collection: 'notes' };
      const handler = await createServer({
        redis: withTime(log, now),
        auth: { keys: [{ key: KEY, tenant: TENANT, collections: ['*'], access: 'write' }] },
        requestsPerSecond: 1_000_000,
        logLevel: 'silent',
      });
      hosts.set(host, handler.fetch);
      const client = new HttpClient({ urls: [`https://${host}/`], getToken: async () => KEY });
      return {
        name,
        transport: httpTransport(client, name.store, name.collection),
        async close() {
          hosts.delete(host);
          await handler.close();
        },
      };
    },
    async stop() {
      vi.unstubAllGlobals();
      await log.close();
      await server.stop();
    },
  };
}

/** The same change log at another time. Scripts take the time of a tombstone from Redis all the same. */
function withTime(log: ChangeLog, now: () => number): ChangeLog {
  return new Proxy(log, {
    get(target, name) {
      if (name === 'time') return async () => now();
      const member = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
    has: (target, name) => name in target,
  });
}
