import {
  createClient,
  createCluster,
  createSentinel,
  ErrorReply,
  RESP_TYPES,
  type RedisClientOptions,
} from 'redis';
import { ShardUnavailable } from '../change-log.js';
import { type Argument, type RedisConnection, RedisError, type RedisPort, type Reply } from './redis-port.js';

/** Where Redis is: one server, a Cluster, or a master watched by sentinels. */
export interface RedisOptions {
  /**
   * `redis://user:password@host:port`, `rediss://` for TLS. Of a Cluster, or of the sentinels: some of them; user,
   * password and TLS are those of the first.
   */
  readonly urls: readonly string[];
  /** Redis is a Cluster, of which `urls` name some nodes. */
  readonly cluster?: boolean;
  /** The name of the master that the sentinels watch; `urls` are then those of the sentinels. */
  readonly sentinelMaster?: string;
  /** What the sentinels themselves ask for; `urls` name the user of the Redis servers. */
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** Beside the system's, or of the client; PEM. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Connections are made again by themselves; this is for logs alone. */
  readonly onError?: (error: Error) => void;
}

type Options = RedisOptions & Required<Pick<RedisOptions, 'onError'>>;

/** For one command, from the call to the answer. */
const DEADLINE_MS = 5_000;
/** A hung server is noticed by silence: it is pinged after 500 ms, and its connection is given up after 1.5 s. */
const PING_INTERVAL_MS = 500;
const SOCKET_TIMEOUT_MS = 1_500;
const CONNECT_TIMEOUT_MS = 1_000;
/** How long a lost server is waited for before the others are asked who took its place. */
const TOPOLOGY_REFRESH_MS = 200;
const MAX_RECONNECT_DELAY_MS = 1_000;

const COMMAND = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer }, timeout: DEADLINE_MS };

/** What the three kinds of client have in common. */
interface NodeRedis {
  send(key: string | undefined, command: readonly Argument[]): Promise<Reply>;
  connection(key: string): Promise<RedisConnection>;
  sSubscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  sUnsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  connect(): Promise<unknown>;
  destroy(): unknown;
}

/** Connects; rejects with `ShardUnavailable` where Redis is not reached within 5 s. */
export async function openRedis(options: RedisOptions): Promise<RedisPort> {
  const make = options.sentinelMaster ? sentinel : options.cluster ? cluster : single;
  let lastError: Error | undefined;
  const onError = (error: Error) => {
    lastError = error;
    options.onError?.(error);
  };
  const client = make({ ...options, onError }, clientOptions(options));
  try {
    await settled(client.connect());
  } catch (error) {
    void client.destroy();
    // It is tried again and again; why it failed is told by the event alone.
    throw lastError === undefined ? error : unavailable(lastError);
  }
  return {
    send: (key, command) => settled(client.send(key, command)),
    async connection(key) {
      const { server, send } = await settled(client.connection(key));
      return { server, send: (command) => settled(send(command)) };
    },
    another: () => openRedis(options),
    subscribe: (channel, listener) => settled(client.sSubscribe(channel, listener)).then(() => undefined),
    unsubscribe: (channel, listener) => settled(client.sUnsubscribe(channel, listener)).then(() => undefined),
    async close() {
      await client.destroy();
    },
  };
}

function clientOptions({ urls, tls }: RedisOptions) {
  const { protocol, username, password } = new URL(urls[0]!);
  const credentials = {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
  const timeouts = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    reconnectStrategy: (retries: number) => Math.min(50 * 2 ** retries, MAX_RECONNECT_DELAY_MS),
  };
  return {
    ...credentials,
    pingInterval: PING_INTERVAL_MS,
    socket: protocol === 'rediss:' ? { ...timeouts, ...tls, tls: true } : timeouts,
  } satisfies RedisClientOptions;
}

type ClientOptions = ReturnType<typeof clientOptions>;

function single({ urls, onError }: Options, options: ClientOptions): NodeRedis {
  const client = createClient({ ...options, RESP: 2, url: urls[0]! }).on('error', onError);
  const subscriber = client.duplicate().on('error', onError);
  const send = (command: readonly Argument[]) => client.sendCommand<Reply>(command, COMMAND);
  return {
    send: (_key, command) => send(command),
    connection: async () => ({ server: '', send }),
    sSubscribe: (channel, listener) => subscriber.sSubscribe(channel, listener),
    sUnsubscribe: (channel, listener) => subscriber.sUnsubscribe(channel, listener),
    connect: () => Promise.all([client.connect(), subscriber.connect()]),
    destroy() {
      client.destroy();
      subscriber.destroy();
    },
  };
}

function cluster({ urls, onError }: Options, options: ClientOptions): NodeRedis {
  const client = createCluster({
    RESP: 2,
    rootNodes: urls.map((url) => ({ url })),
    defaults: options,
    topologyRefreshOnReconnectionAttemptStrategy: TOPOLOGY_REFRESH_MS,
  }).on('error', onError);
  return {
    send: (key, command) => client.sendCommand<Reply>(key, false, [...command], COMMAND),
    async connection(key) {
      const node = await client.getNodeClientForKey(key, false);
      const { host, port } = node.options.socket as { host: string; port: number };
      return { server: `${host}:${port}`, send: (command) => node.sendCommand<Reply>(command, COMMAND) };
    },
    sSubscribe: (channel, listener) => client.sSubscribe(channel, listener),
    sUnsubscribe: (channel, listener) => client.sUnsubscribe(channel, listener),
    connect: () => client.connect(),
    destroy: () => client.destroy(),
  };
}

function sentinel(
  { urls, sentinelMaster, sentinelUsername, sentinelPassword, onError }: Options,
  options: ClientOptions,
): NodeRedis {
  const client = createSentinel({
    RESP: 2,
    name: sentinelMaster!,
    sentinelRootNodes: urls.map((url) => {
      const { hostname, port } = new URL(url);
      return { host: hostname, port: Number(port || 26_379) };
    }),
    nodeClientOptions: options,
    sentinelClientOptions: {
      socket: options.socket,
      ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    },
    // Without it, commands that are sent at once wait for one another's lease, and under load some of them for ever.
    reserveClient: true,
  }).on('error', onError);
  const send = (command: readonly Argument[]) => client.sendCommand<Reply>(false, [...command], COMMAND);
  return {
    send: (_key, command) => send(command),
    connection: async () => ({ server: '', send }),
    sSubscribe: (channel, listener) => client.sSubscribe(channel, listener),
    sUnsubscribe: (channel, listener) => client.sUnsubscribe(channel, listener),
    connect: () => client.connect(),
    destroy: () => client.destroy(),
  };
}

/** The answer, within the deadline; what the client rejects with becomes one of the port's two errors. */
async function settled<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    if (error instanceof ErrorReply) throw new RedisError(error.message, { cause: error });
    throw unavailable(error);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(cause: unknown): ShardUnavailable {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ShardUnavailable(
    `Redis does not answer: ${reason}. What was sent may or may not have been applied. Repeat it, which is harmless.`,
    { cause },
  );
}
