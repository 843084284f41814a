import { describe, expect, it } from 'vitest';
import { packPushRequest, unpackPushAnswer } from '../shared/sync/messages.js';
import { MAX_BODY_BYTES } from '../shared/sync/protocol.js';
import { type ChangeLog, CollectionDropped, ShardUnavailable } from './change-log.js';
import { createServer } from './create-server.js';
import { DESCRIPTOR, recordingLog } from './recording-log.contract.js';
import type { ServerOptions } from './server-options.js';
import { JWT_AUTH, openRequest, pushOf, tokenOf } from './test-server.contract.js';
import { VERSION } from './version.js';

const BASE = 'http://127.0.0.1/v1/stores/st/collections/col';
const ORIGIN = 'https://app.example';
const push = packPushRequest(pushOf(DESCRIPTOR.id, 3));

async function start(options: Partial<ServerOptions> = {}, changes: Partial<ChangeLog> = {}) {
  const { log, calls } = recordingLog();
  const server = await createServer({
    redis: Object.assign(log, changes),
    auth: JWT_AUTH,
    origins: [ORIGIN],
    requestsPerSecond: 1e6,
    logLevel: 'silent',
    ...options,
  });
  const authorization = `Bearer ${await tokenOf()}`;
  calls.length = 0;
  const ask = async (method: string, url: string, init: RequestInit & { duplex?: 'half' } = {}) =>
    server.fetch(
      new Request(url, { method, ...init, headers: { Authorization: authorization, ...init.headers } }),
    );
  return { server, calls, ask };
}

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
}

describe('H4 origins', () => {
  it('an allowed one is named in every answer, refusals too', async () => {
    const { ask } = await start();
    for (const [url, headers, status] of [
      [BASE, {}, 200],
      [BASE, { Authorization: 'Bearer x' }, 401],
      ['http://127.0.0.1/v1/none', {}, 404],
    ] as const) {
      const response = await ask('GET', url, { headers: { Origin: ORIGIN, ...headers } });
      expect(response.status).toBe(status);
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
      expect(response.headers.get('Vary')).toBe('Origin');
      expect(response.headers.get('Access-Control-Expose-Headers')).toBe('Retry-After');
      expect(response.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    }
  });

  it.each([
    'https://app.example.evil.example',
    'https://evil.example',
    'http://app.example',
    'https://app.example:8443',
    'https://APP.example',
    'https://app.example/',
    'null',
    '*',
    'http://localhost:3000',
  ])('another one is refused, with a token and as a preflight: %s', async (origin) => {
    const { ask, calls } = await start();
    for (const method of ['GET', 'OPTIONS', 'DELETE']) {
      const response = await ask(method, BASE, { headers: { Origin: origin } });
      expect(response.status).toBe(403);
      expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
    }
    expect(calls).toEqual([]);
  });

  it('a preflight is answered without a token', async () => {
    const { ask, calls } = await start();
    const headers = { Origin: ORIGIN, Authorization: '', 'Access-Control-Request-Method': 'PUT' };
    const response = await ask('OPTIONS', `${BASE}/push`, { headers });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, PUT, POST, DELETE',
      'access-control-allow-headers': 'Authorization, Content-Type',
      vary: 'Origin',
    });
    expect(calls).toEqual([]);
  });

  it.each(['*', 'https://app.example/', 'app.example', 'https://*.example', ''])(
    'cannot be configured as %j',
    async (origin) => {
      await expect(start({ origins: [origin] })).rejects.toThrow('is none');
    },
  );
});

describe('H1 without authentication', () => {
  it('pages of this machine may call, others may not, whatever method', async () => {
    const { ask, calls } = await start({ auth: 'none' });
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1', 'https://[::1]:8080'])
      expect((await ask('GET', BASE, { headers: { Origin: origin } })).status).toBe(200);
    calls.length = 0;
    for (const origin of [
      'https://evil.example',
      'http://localhost.evil.example',
      'null',
      'http://127.0.0.1.nip.io',
    ])
      expect((await ask('POST', `${BASE}/push`, { headers: { Origin: origin }, body: push })).status).toBe(
        403,
      );
    expect(calls).toEqual([]);
  });

  it('a name that a page has made point to this machine is refused', async () => {
    const { ask, calls } = await start({ auth: 'none' });
    expect((await ask('GET', BASE.replace('127.0.0.1', 'localhost:8787'))).status).toBe(200);
    calls.length = 0;
    for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1'])
      expect((await ask('GET', BASE.replace('127.0.0.1', host))).status).toBe(403);
    expect(calls).toEqual([]);
  });
});

describe('H5 a body', () => {
  const ofSize = (bytes: number) =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = Math.min(bytes, 65_536);
        bytes -= part;
        if (part === 0) controller.close();
        else controller.enqueue(new Uint8Array(part));
      },
    });

  it('that claims more than 8 MiB is refused before it is read', async () => {
    const { ask } = await start();
    const body = new ReadableStream(
      {
        pull() {
          throw new Error('it was read');
        },
      },
      { highWaterMark: 0 },
    );
    for (const length of [String(MAX_BODY_BYTES + 1), '9'.repeat(20), '1e99', '-', 'NaN'])
      expect(
        (await ask('POST', `${BASE}/push`, { body, duplex: 'half', headers: { 'Content-Length': length } }))
          .status,
      ).toBe(413);
  });

  it('that is more than 8 MiB, without a claim, is refused; 8 MiB are read', async () => {
    const { ask, calls } = await start();
    const more = await ask('POST', `${BASE}/push`, { body: ofSize(MAX_BODY_BYTES + 1), duplex: 'half' });
    expect(more.status).toBe(413);
    const endless = await ask('POST', `${BASE}/push`, {
      body: ofSize(Number.MAX_SAFE_INTEGER),
      duplex: 'half',
    });
    expect(endless.status).toBe(413);
    const most = await ask('POST', `${BASE}/push`, { body: ofSize(MAX_BODY_BYTES), duplex: 'half' });
    expect(most.status).toBe(400);
    expect(calls).not.toContain('push');
  });

  it.each(['gzip', 'br', 'deflate', 'identity, gzip', 'x'])(
    'that is compressed (%s) is 415',
    async (encoding) => {
      const { ask, calls } = await start();
      const response = await ask('POST', `${BASE}/push`, {
        body: push,
        headers: { 'Content-Encoding': encoding },
      });
      expect(response.status).toBe(415);
      expect(calls).toEqual([]);
    },
  );

  const json: Record<string, string | Uint8Array<ArrayBuffer>> = {
    'no JSON': '{',
    nothing: '',
    'an array': '[]',
    null: 'null',
    'deep JSON': '['.repeat(100_000),
    'a million values': `[${'0,'.repeat(1_000_000)}0]`,
    'no UTF-8': Uint8Array.of(0x22, 0xff, 0x22),
    'a dimension of 4,097': JSON.stringify(
      openRequest({ config: { ...openRequest().config, dimension: 4_097 } }),
    ),
    'a dimension of 1.5': JSON.stringify(
      openRequest({ config: { ...openRequest().config, dimension: 1.5 } }),
    ),
    'an unknown metric': JSON.stringify(openRequest({ config: { ...openRequest().config, metric: 'cos' } })),
    '1,025 shards': JSON.stringify(openRequest({ shards: 1_025 })),
    'no shards': JSON.stringify(openRequest({ shards: 0 })),
    'a life of 0 ms': JSON.stringify(openRequest({ tombstoneLifeMs: 0 })),
    'a prototype': '{"__proto__":{"protocol":1},"config":{}}',
  };
  it.each(Object.entries(json))('of JSON is refused: %s', async (_, body) => {
    const { ask, calls } = await start();
    const response = await ask('PUT', BASE, { body });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: { code: 'INVALID_ARGUMENT', message: expect.any(String) },
    });
    expect(calls).toEqual([]);
  });

  it('finds no room where bodies under way take too much, and finds it afterwards', async () => {
    const [reached, held] = [gate(), gate()];
    const pushing: ChangeLog['push'] = async () => {
      reached.open();
      await held.opened;
      throw new ShardUnavailable('no answer');
    };
    // A body takes twice its size: as it came, and joined.
    const { server, ask } = await start({ memoryBytes: 3 * push.length }, { push: pushing });
    const first = ask('POST', `${BASE}/push`, { body: push });
    await reached.opened;
    const second = await ask('POST', `${BASE}/push`, { body: push });
    expect([second.status, second.headers.get('Retry-After')]).toEqual([503, '1']);
    held.open();
    expect((await first).status).toBe(200);
    await (await first).arrayBuffer();
    const third = await ask('POST', `${BASE}/push`, { body: push });
    expect(third.status).toBe(200);
    await third.body?.cancel();
    const metrics = await (await server.fetch(new Request('http://127.0.0.1/metrics'))).text();
    expect(metrics).toContain('nearshore_held_bytes 0\n');
  });
});

describe('H5 bounds of a tenant', () => {
  it('requests per second: 429 with Retry-After, others unaffected', async () => {
    const { ask } = await start({ requestsPerSecond: 3 });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => ask('GET', BASE)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(answers[4]!.headers.get('Retry-After')).toBe('1');
    const other = { Authorization: `Bearer ${await tokenOf({ tenant: 'other' })}` };
    expect((await ask('GET', BASE, { headers: other })).status).toBe(200);
  });

  it('stored bytes: upserts are refused one by one, deletes are not', async () => {
    const { ask, calls } = await start({ storedBytes: 1_000 }, { usage: async () => 1_000 });
    const [first] = pushOf(DESCRIPTOR.id, 1).operations;
    const { kind: _, vector: __, metadata: ___, text: ____, ...rest } = first!;
    const operations = [first!, { ...rest, id: 'gone', kind: 'delete' as const, vector: undefined }];
    const body = packPushRequest({ ...pushOf(DESCRIPTOR.id, 0), operations });
    const response = await ask('POST', `${BASE}/push`, { body });
    const { results } = unpackPushAnswer(new Uint8Array(await response.arrayBuffer()));
    expect(results).toEqual([
      { status: 'quota', message: expect.stringContaining('1000 bytes') },
      { status: 'ok' },
    ]);
    expect(calls.filter((call) => call === 'push')).toHaveLength(1);
  });

  it('stored bytes are counted on by what is pushed', async () => {
    let asked = 0;
    const { ask } = await start(
      { storedBytes: 2 },
      {
        usage: async () => {
          asked++;
          return 0;
        },
      },
    );
    const statuses: string[] = [];
    for (let i = 0; i < 3; i++) {
      const body = packPushRequest(pushOf(DESCRIPTOR.id, 1));
      const response = await ask('POST', `${BASE}/push`, { body });
      statuses.push(unpackPushAnswer(new Uint8Array(await response.arrayBuffer())).results[0]!.status);
    }
    expect(statuses).toEqual(['ok', 'ok', 'quota']);
    expect(asked).toBe(1);
  });
});

describe('H7 what goes wrong is an error with a code', () => {
  const failing = (error: Error): Partial<ChangeLog> => ({ describe: () => Promise.reject(error) });

  it.each([
    [new ShardUnavailable('no answer within 5 s: secret'), 503, 'SERVER_UNAVAILABLE', '1'],
    [new CollectionDropped('secret'), 410, 'SYNC_REJECTED', null],
    [new TypeError('secret'), 500, 'SERVER_UNAVAILABLE', null],
  ])('%s', async (error, status, code, retryAfter) => {
    const { ask } = await start({}, failing(error));
    const response = await ask('GET', BASE);
    expect(response.status).toBe(status);
    expect(response.headers.get('Retry-After')).toBe(retryAfter);
    const body = (await response.json()) as { error: { code: string; message: string } };
    expect(body.error.code).toBe(code);
    expect(body.error.message).not.toContain('secret');
  });

  it('a push through which one shard did not come is answered, with what is unknown', async () => {
    const { ask } = await start(
      {},
      {
        push: (_, __, shard, { operations }) =>
          shard === 1
            ? Promise.reject(new ShardUnavailable('no answer'))
            : Promise.resolve({
                results: operations.map(() => ({ status: 'ok' })),
                epoch: 'e',
                seq: 1,
                replicated: false,
                bytesAdded: 0,
              }),
      },
    );
    const response = await ask('POST', `${BASE}/push`, { body: packPushRequest(pushOf(DESCRIPTOR.id, 100)) });
    const { results, shards } = unpackPushAnswer(new Uint8Array(await response.arrayBuffer()));
    expect(Object.keys(shards)).toEqual(['0', '2', '3']);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['ok', 'unavailable']));
  });
});

describe('H2 beside the collections', () => {
  it('/healthz, /readyz, /metrics and /openapi.json need no token', async () => {
    const { server } = await start();
    const get = (path: string) => server.fetch(new Request(`http://127.0.0.1${path}`));
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    expect(await (await get('/metrics')).text()).toContain('nearshore_request_seconds_count{');
    expect(await (await get('/openapi.json')).json()).toMatchObject({
      openapi: '3.1.0',
      info: { version: VERSION },
    });
  });

  it('/readyz tells that Redis does not answer, and that the server is shutting down', async () => {
    const down = await start({}, { ready: () => Promise.reject(new ShardUnavailable('no answer')) });
    expect((await down.ask('GET', 'http://127.0.0.1/readyz')).status).toBe(503);
    const { server, ask } = await start();
    await server.close();
    expect((await ask('GET', 'http://127.0.0.1/readyz')).status).toBe(503);
  });

  it('metrics name no tenant, store, collection or id, whatever was asked', async () => {
    const { server, ask } = await start();
    await ask('POST', `${BASE}/push`, { body: push });
    await ask('GET', 'http://127.0.0.1/v1/stores/st/secret');
    const text = await (await server.fetch(new Request('http://127.0.0.1/metrics'))).text();
    expect(text).toContain('nearshore_operations_total{status="ok"} 3');
    expect(text).toContain('route="collection/push"');
    expect(text).not.toMatch(/acme|"st"|col"|id 0|secret/);
  });
});
