import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { unpackFrame } from '../shared/sync/frame.js';
import { packPushRequest } from '../shared/sync/messages.js';
import { type ChangeLog, CollectionDropped, ShardUnavailable } from './change-log.js';
import { createServer } from './create-server.js';
import { everyRoute } from './every-route.contract.js';
import { DESCRIPTOR, recordingLog } from './recording-log.contract.js';
import type { NearshoreServer } from './server-options.js';
import { JWT_AUTH, openRequest, pushOf, stampAt, tokenOf } from './test-server.contract.js';

interface Described {
  readonly summary: string;
  readonly requestBody?: { readonly content: Contents };
  readonly responses: Record<string, { readonly description: string; readonly content?: Contents }>;
}
type Contents = Record<string, { readonly schema?: JsonSchema; readonly 'x-frame-head'?: JsonSchema }>;
type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

const COLLECTION = '/v1/stores/{store}/collections/{collection}';
const entry = { kind: 'upsert', id: 'a', stamp: stampAt(1), metadata: '{}', text: 't' } as const;
const vector = Float32Array.of(1, 2, 3, 4);
const current = { ...entry, vector };
let paths: Record<string, Record<string, Described>>;
let server: NearshoreServer;
let log: ChangeLog;

beforeAll(async () => {
  log = recordingLog().log;
  server = await createServer({ redis: log, auth: JWT_AUTH, logLevel: 'silent', requestsPerSecond: 1e6 });
  const response = await server.fetch(new Request('http://a/openapi.json'));
  ({ paths } = (await response.json()) as { paths: typeof paths });
});

/** Asks, and compares the answer with what is described for its route and status; resolves to its status. */
async function compared(
  method: string,
  path: string,
  body?: BodyInit,
  headers: HeadersInit = {},
): Promise<number> {
  const url = `http://a${path.replace('{store}', 'st').replace('{collection}', 'col')}`;
  const authorization = { Authorization: `Bearer ${await tokenOf()}` };
  const response = await server.fetch(
    new Request(url, {
      method,
      headers: { ...authorization, ...headers },
      ...(body === undefined ? {} : { body }),
    }),
  );
  const described = paths[path]?.[method.toLowerCase()]?.responses[response.status];
  expect([method, path, response.status, described !== undefined]).toEqual([
    method,
    path,
    response.status,
    true,
  ]);
  const type = response.headers.get('Content-Type')?.split(';')[0] ?? '';
  if (described!.content === undefined) {
    expect(response.body).toBeNull();
    return response.status;
  }
  const content = described!.content[type];
  expect([path, response.status, type, Object.keys(described!.content)]).toEqual([
    path,
    response.status,
    type,
    [type],
  ]);
  if (type === 'text/event-stream') await response.body!.cancel();
  else if (content!['x-frame-head'] !== undefined) {
    const frame = unpackFrame(new Uint8Array(await response.arrayBuffer()), 10_000);
    expect(z.fromJSONSchema(content!['x-frame-head']).safeParse(frame.head).error).toBeUndefined();
  } else if (content!.schema !== undefined) {
    expect(z.fromJSONSchema(content!.schema).safeParse(await response.json()).error).toBeUndefined();
  }
  return response.status;
}

const pull = JSON.stringify({
  collection: DESCRIPTOR.id,
  shards: [0, 1, 2, 3].map((shard) => ({ shard, cursor: 0, epoch: '', hi: 0, floor: 0 })),
});
const push = packPushRequest(pushOf(DESCRIPTOR.id, 9));

describe('H2 answers are as /openapi.json describes them', () => {
  it('those of every route that it has', async () => {
    const asked = [
      ...everyRoute(DESCRIPTOR.id).map(({ path, ...rest }) => ({ ...rest, path: COLLECTION + path })),
      ...['/v1/stores/{store}/collections', '/healthz', '/readyz', '/metrics', '/openapi.json'].map(
        (path) => ({
          ...{ method: 'GET', path, status: 200, body: undefined },
        }),
      ),
    ];
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(asked.map(({ method, path }) => `${method} ${path}`).sort());
    for (const { method, path, body, status } of asked)
      expect([path, await compared(method, path, body)]).toEqual([path, status]);
  });

  it('every status of an operation, every kind of page', async () => {
    const results = [
      ...(['ok', 'dup', 'gone', 'epoch', 'future'] as const).map((status) => ({ status })),
      ...(['stale', 'conflict'] as const).map((status) => ({ status, current })),
      ...(['invalid', 'quota'] as const).map((status) => ({ status, message: 'm' })),
    ];
    const [{ push: pushed, pull: pulled }] = [log];
    log.push = async () => ({ results, epoch: 'e', seq: 1, replicated: true, bytesAdded: 0 });
    log.pull = async (_, __, shard) => {
      if (shard === 0) throw new ShardUnavailable('no answer');
      if (shard === 1) return { kind: 'fork', shard, epoch: 'e', bound: 1, floor: 0 };
      if (shard === 2) return { kind: 'reset', shard, epoch: 'e', floor: 1 };
      const entries = [
        { ...current, seq: 1 },
        { ...entry, seq: 2, bare: true, vector: undefined },
      ];
      return { kind: 'page', shard, epoch: 'e', cursor: 2, hi: 2, floor: 0, more: false, entries };
    };
    expect(await compared('POST', `${COLLECTION}/push`, push)).toBe(200);
    expect(await compared('POST', `${COLLECTION}/pull`, pull)).toBe(200);
    Object.assign(log, { push: pushed, pull: pulled });
  });

  it('refusals', async () => {
    const other = JSON.stringify(openRequest({ config: { ...openRequest().config, dimension: 5 } }));
    expect(await compared('PUT', COLLECTION, other)).toBe(409);
    expect(await compared('PUT', COLLECTION, '{}')).toBe(400);
    expect(await compared('POST', `${COLLECTION}/push`, packPushRequest(pushOf('other', 1)))).toBe(410);
    expect(await compared('POST', `${COLLECTION}/push`, new Uint8Array(9 << 20))).toBe(413);
    expect(await compared('POST', `${COLLECTION}/pull`, pull, { 'Content-Encoding': 'gzip' })).toBe(415);
    expect(await compared('GET', COLLECTION, undefined, { Authorization: '' })).toBe(401);
    expect(await compared('GET', COLLECTION, undefined, { Origin: 'https://evil.example' })).toBe(403);
    const describe = log.describe;
    log.describe = async () => undefined;
    expect(await compared('GET', COLLECTION)).toBe(404);
    log.describe = () => Promise.reject(new ShardUnavailable('no answer'));
    expect(await compared('GET', COLLECTION)).toBe(503);
    log.describe = () => Promise.reject(new TypeError('a bug'));
    expect(await compared('GET', COLLECTION)).toBe(500);
    log.describe = describe;
    log.pull = () => Promise.reject(new CollectionDropped('dropped'));
    expect(await compared('POST', `${COLLECTION}/pull`, pull)).toBe(410);
  });

  it('and what it says of requests is what is taken', () => {
    const { content } = paths[`${COLLECTION}/pull`]!.post!.requestBody!;
    const schema = z.fromJSONSchema(content['application/json']!.schema!);
    expect(schema.safeParse(JSON.parse(pull)).success).toBe(true);
    expect(schema.safeParse({ ...JSON.parse(pull), shards: [] }).success).toBe(false);
    const head =
      paths[`${COLLECTION}/push`]!.post!.requestBody!.content['application/octet-stream']!['x-frame-head']!;
    expect(z.fromJSONSchema(head).safeParse(unpackFrame(push, 1_000).head).success).toBe(true);
  });
});
