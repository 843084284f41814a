import { createApp } from './app.js';
import { authenticator } from './auth/authenticate.js';
import type { ChangeLog } from './change-log.js';
import { Descriptors } from './descriptors.js';
import { Garbage } from './garbage.js';
import { HintStreams } from './hint-streams.js';
import { MemoryBudget } from './http/memory-budget.js';
import { exactOrigins, isLoopbackHost, isLoopbackOrigin } from './http/origins.js';
import { type Listening, listen } from './listen.js';
import { createLogger, loggedError } from './logger.js';
import { Metrics } from './metrics.js';
import { openApiOf } from './openapi.js';
import { RateLimit } from './rate-limit.js';
import { openRedis } from './redis/node-redis.js';
import { RedisChangeLog } from './redis/redis-change-log.js';
import { RedisVectorSets } from './redis/redis-vector-sets.js';
import { collectionRoutes } from './routes/collection-routes.js';
import { searchRoutes } from './routes/search-routes.js';
import { syncRoutes } from './routes/sync-routes.js';
import { RemoteSearch } from './search/remote-search.js';
import type { RouteGroup, ServerContext } from './server-context.js';
import type { NearshoreServer, ServerOptions } from './server-options.js';
import { StoredBytes } from './stored-bytes.js';
import { VERSION } from './version.js';

const GROUPS: readonly RouteGroup[] = [collectionRoutes, syncRoutes, searchRoutes];

const DEFAULT_PORT = 8_787;
const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_REQUESTS_PER_SECOND = 1_000;
const DEFAULT_GRACE_MS = 10_000;

/** Connects to Redis and joins the parts. Rejects where Redis is not reached, or the options would let anybody in. */
export async function createServer(options: ServerOptions): Promise<NearshoreServer> {
  const isOpen = options.auth === 'none';
  const authenticate = authenticator(options.auth === 'none' ? undefined : options.auth);
  const isAllowedOrigin = isOpen ? isLoopbackOrigin : exactOrigins(options.origins ?? []);
  const logger = createLogger(options.logLevel ?? 'info');
  const onError = (error: unknown) => logger.warn({ error: loggedError(error) }, 'Redis');

  const port = isChangeLog(options.redis) ? undefined : await openRedis({ onError, ...options.redis });
  const log = isChangeLog(options.redis) ? options.redis : new RedisChangeLog(port!);
  const search = new RemoteSearch(log, {
    cacheBytes: options.searchCacheBytes,
    vectorSets: port && new RedisVectorSets(port),
    vectorSetsFrom: options.vectorSetsFrom,
    onIndexError: onError,
  });
  const memory = new MemoryBudget(options.memoryBytes);
  const metrics = new Metrics({ held: () => memory.used, searched: () => search.cachedBytes });
  const context: ServerContext = {
    log,
    descriptors: new Descriptors(log),
    storedBytes: new StoredBytes(log, options.storedBytes),
    garbage: new Garbage(log, onError),
    streams: new HintStreams({ onCount: (by) => metrics.streams(by) }),
    search,
    metrics,
    logger,
  };
  const routes = GROUPS.flatMap((group) => group(context));
  let isDraining = false;
  const app = createApp({
    context,
    authenticate,
    isAllowedOrigin,
    loopbackOnly: isOpen,
    rateLimit: new RateLimit(options.requestsPerSecond ?? DEFAULT_REQUESTS_PER_SECOND),
    memory,
    routes,
    openApi: openApiOf(routes, VERSION),
    isDraining: () => isDraining,
  });

  let listening: Promise<Listening> | undefined;
  let closed: Promise<void> | undefined;
  return {
    fetch: (request) => app.fetch(request),
    async listen({ host = DEFAULT_HOST, port = DEFAULT_PORT } = {}) {
      if (isOpen && !isLoopbackHost(host.includes(':') ? `[${host}]` : host)) throw openToOthersError(host);
      listening = listen((request) => app.fetch(request), { host, port });
      const { port: given } = await listening;
      return `http://${host.includes(':') ? `[${host}]` : host}:${given}`;
    },
    close() {
      isDraining = true;
      closed ??= close();
      return closed;
    },
  };

  async function close(): Promise<void> {
    context.streams.close();
    await (await listening)?.close(options.graceMs ?? DEFAULT_GRACE_MS);
    await context.garbage.idle();
    await search.close();
    if (log !== options.redis) await log.close();
  }
}

function isChangeLog(redis: ServerOptions['redis']): redis is ChangeLog {
  return 'push' in redis;
}

function openToOthersError(host: string): Error {
  return new Error(
    `Without authentication the server does not listen on ${host}: anybody who reaches it could read and delete everything. Configure authentication, or listen on 127.0.0.1.`,
  );
}
