import type { AuthOptions } from './auth/authenticate.js';
import type { ChangeLog } from './change-log.js';
import type { LogLevel } from './logger.js';
import type { RedisOptions } from './redis/node-redis.js';

export type { AuthOptions } from './auth/authenticate.js';
export type { JwtOptions } from './auth/jwt.js';
export type { StaticKey } from './auth/static-keys.js';
export type { LogLevel } from './logger.js';
export type { RedisOptions } from './redis/node-redis.js';

/** Options of `createServer`. */
export interface ServerOptions {
  /** Where Redis is, or a change log that is closed by whoever has made it. */
  readonly redis: RedisOptions | ChangeLog;
  /** Who may do what. `'none'`: everybody everything, from this machine alone. */
  readonly auth: AuthOptions | 'none';
  /** Pages of exactly these origins may call. Without authentication: pages from this machine may. */
  readonly origins?: readonly string[];
  /** Of each tenant, in this instance. Default: 1,000. */
  readonly requestsPerSecond?: number;
  /** Bytes that a tenant may store in Redis. Default: no bound. */
  readonly storedBytes?: number;
  /** Bytes that bodies and answers under way may take in memory. Default: 128 MiB. */
  readonly memoryBytes?: number;
  /** Bytes of shards that are held in memory for searches. Default: 256 MiB. */
  readonly searchCacheBytes?: number;
  /**
   * Vector components (records × dimension) of a collection from which on its cosine queries use vector sets, where Redis
   * has them. Default: 4,000,000.
   */
  readonly vectorSetsFrom?: number;
  /** Milliseconds that `close` waits for what is under way. Default: 10,000. */
  readonly graceMs?: number;
  /** JSON lines on the standard error stream. Default: `'info'`. */
  readonly logLevel?: LogLevel;
}

/** A server: a handler of requests, which may also listen by itself. */
export interface NearshoreServer {
  /** Answers one request. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Resolves to its URL when it takes requests. Default: port 8787 of 127.0.0.1. */
  listen(address?: { readonly host?: string; readonly port?: number }): Promise<string>;
  /** Takes no more requests, ends the streams of hints, lets what is under way end, and leaves Redis. */
  close(): Promise<void>;
}
