import { SignJWT } from 'jose';
import { startRedis } from '../../scripts/redis/servers.mjs';
import { packPushRequest, unpackPullAnswer, unpackPushAnswer } from '../shared/sync/messages.js';
import type { OpenAnswer, PullAnswer, PushAnswer, PushRequest, ShardPage } from '../shared/sync/protocol.js';
import { createServer } from './create-server.js';
import type { NearshoreServer, ServerOptions } from './server-options.js';

// A server on a real Redis, and what tests ask it.

export const SECRET = 'a secret that has thirty-two bytes or more';
export const ISSUER = 'https://login.example';
export const AUDIENCE = 'nearshore';

export const JWT_AUTH = { jwt: { secret: SECRET, issuer: ISSUER, audience: AUDIENCE } };

export interface TestServer {
  readonly server: NearshoreServer;
  readonly url: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
}

export async function startServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const redis = await startRedis();
  const server = await createServer({
    redis: { urls: [redis.url] },
    auth: JWT_AUTH,
    requestsPerSecond: 1_000_000,
    logLevel: 'silent',
    ...options,
  });
  return {
    server,
    url: await server.listen({ port: 0 }),
    redisUrl: redis.url,
    async stop() {
      await server.close();
      await redis.stop();
    },
  };
}

export interface TokenClaims {
  readonly tenant?: unknown;
  readonly collections?: unknown;
  readonly access?: unknown;
}

/** A token of tenant `acme` for everything, unless `claims` say otherwise. */
export function tokenOf(claims: TokenClaims = {}): Promise<string> {
  return new SignJWT({ tenant: 'acme', collections: ['*'], access: 'write', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));
}

/** Requests of one token about one collection. */
export class TestCaller {
  readonly path: string;

  constructor(
    readonly base: string,
    readonly token: string | undefined,
    store = 'st',
    collection = 'col',
  ) {
    this.path = `${base}/v1/stores/${store}/collections/${collection}`;
  }

  ask(method: string, path = '', body?: BodyInit | object, headers: HeadersInit = {}): Promise<Response> {
    const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    return fetch(this.path + path, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { Authorization: `Bearer ${this.token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isRaw ? (body as BodyInit) : JSON.stringify(body) }),
    });
  }

  async open(more: object = {}): Promise<OpenAnswer> {
    const response = await this.ask('PUT', '', openRequest(more));
    if (response.status !== 200) throw new Error(`open: ${response.status} ${await response.text()}`);
    return (await response.json()) as OpenAnswer;
  }

  async push(request: PushRequest): Promise<PushAnswer> {
    const response = await this.ask('POST', '/push', packPushRequest(request));
    if (response.status !== 200) throw new Error(`push: ${response.status} ${await response.text()}`);
    return unpackPushAnswer(new Uint8Array(await response.arrayBuffer()));
  }

  async pull(collection: string, shards: readonly number[], from: object = {}): Promise<PullAnswer> {
    const positions = shards.map((shard) => ({ shard, cursor: 0, epoch: '', hi: 0, floor: 0, ...from }));
    const response = await this.ask('POST', '/pull', { collection, shards: positions });
    if (response.status !== 200) throw new Error(`pull: ${response.status} ${await response.text()}`);
    return unpackPullAnswer(new Uint8Array(await response.arrayBuffer()));
  }
}

export const DIMENSION = 4;

export function openRequest(more: object = {}) {
  return {
    protocol: 1,
    config: { dimension: DIMENSION, metric: 'dot', conflict: 'last-writer-wins' },
    shards: 4,
    ...more,
  };
}

/** A stamp made at `milliseconds` by the device whose id ends with `device`. */
export function stampAt(milliseconds: number, counter = 0, device = 1): string {
  return (
    milliseconds.toString(16).padStart(12, '0') +
    counter.toString(16).padStart(4, '0') +
    device.toString(16).padStart(16, '0')
  );
}

/** A push of records `id 0` to `id n-1`, each with its number in its vector. */
export function pushOf(collection: string, n: number, more: Partial<PushRequest> = {}): PushRequest {
  const now = Date.now();
  return {
    collection,
    epochs: {},
    replicated: false,
    operations: Array.from({ length: n }, (_, i) => ({
      kind: 'upsert',
      id: `id ${i}`,
      stamp: stampAt(now, i),
      base: '',
      vector: Float32Array.of(i, 1, 2, 3),
      metadata: JSON.stringify({ i }),
      text: `text ${i}`,
    })),
    ...more,
  };
}

export function entriesOf(answer: PullAnswer) {
  return answer.pages.flatMap((page) => pageOf(page).entries);
}

function pageOf(page: ShardPage): ShardPage & { kind: 'page' } {
  if (page.kind !== 'page') throw new Error(`a ${page.kind}, not a page`);
  return page;
}
