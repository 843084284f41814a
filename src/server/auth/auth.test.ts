import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createServer } from '../create-server.js';
import { everyRoute } from '../every-route.contract.js';
import { DESCRIPTOR, recordingLog } from '../recording-log.contract.js';
import type { AuthOptions, NearshoreServer } from '../server-options.js';
import { AUDIENCE, ISSUER, JWT_AUTH, SECRET, tokenOf } from '../test-server.contract.js';
import { asymmetricCases, GOOD_TOKENS, SYMMETRIC_CASES } from './token-cases.contract.js';

const STORE = 'http://sync.example/v1/stores/st/collections';
const BASE = `${STORE}/col`;
/** The list of a store's collections is the only route beside them. */
const ROUTES = [
  ...everyRoute(DESCRIPTOR.id).map(({ body, ...route }) => ({ ...route, body, url: BASE + route.path })),
  { method: 'GET', url: STORE, status: 200, writes: false, body: undefined },
];

/** RSA keys take seconds to make on a busy machine. */
const asymmetric = asymmetricCases();
const made = new Map<AuthOptions, Promise<NearshoreServer>>();
const { log, calls } = recordingLog();

async function serverWith(auth: AuthOptions) {
  if (!made.has(auth))
    made.set(auth, createServer({ redis: log, auth, logLevel: 'silent', requestsPerSecond: 1e6 }));
  const server = await made.get(auth)!;
  calls.length = 0;
  return { server, calls };
}

async function statuses(server: NearshoreServer, authorization: string | undefined): Promise<number[]> {
  const answers: number[] = [];
  for (const { method, url, body } of ROUTES) {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    const response = await server.fetch(
      new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }),
    );
    answers.push(response.status);
    await response.body?.cancel();
  }
  return answers;
}

const REFUSED = ROUTES.map(() => 401);
const ANSWERED = ROUTES.map(({ status }) => status);

describe('H3 a token is refused on every route, and nothing reaches the log:', () => {
  it.each(Object.entries(SYMMETRIC_CASES))('%s', async (_, token) => {
    const { server, calls } = await serverWith(JWT_AUTH);
    expect(await statuses(server, `Bearer ${token()}`)).toEqual(REFUSED);
    expect(calls).toEqual([]);
  });

  it('14 against public keys', async () => {
    const { jwks, bad, good } = await asymmetric;
    const { server, calls } = await serverWith({ jwt: { jwks, issuer: ISSUER, audience: AUDIENCE } });
    for (const [name, token] of Object.entries(bad))
      expect([name, await statuses(server, `Bearer ${token}`)]).toEqual([name, REFUSED]);
    expect(calls).toEqual([]);
    for (const token of Object.values(good))
      expect(await statuses(server, `Bearer ${token}`)).toEqual(ANSWERED);
  }, 120_000);

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'bearer a b',
    `Token ${SECRET}`,
    `Bearer ${SECRET}`,
  ])('a header that has none: %s', async (authorization) => {
    const { server, calls } = await serverWith(JWT_AUTH);
    expect(await statuses(server, authorization)).toEqual(REFUSED);
    expect(calls).toEqual([]);
  });
});

describe('H3 a token is taken on every route', () => {
  it.each(Object.entries(GOOD_TOKENS))('%s', async (_, token) => {
    const { server, calls } = await serverWith(JWT_AUTH);
    expect(await statuses(server, `Bearer ${await token()}`)).toEqual(ANSWERED);
    expect(calls).toContain('push');
  });
});

describe('H3 a static key', () => {
  const KEY = 'k'.repeat(31).concat('1');
  const auth = { keys: [{ key: KEY, tenant: 'acme', collections: ['st/*'], access: 'write' }] } as const;

  it('is taken as it is, alone', async () => {
    const { server, calls } = await serverWith(auth);
    for (const wrong of [
      KEY.slice(0, -1),
      `${KEY}1`,
      KEY.toUpperCase(),
      KEY.slice(1),
      'null',
      '[object Object]',
    ])
      expect(await statuses(server, `Bearer ${wrong}`)).toEqual(REFUSED);
    expect(calls).toEqual([]);
    expect(await statuses(server, `Bearer ${KEY}`)).toEqual(ANSWERED);
  });

  it('stands beside tokens', async () => {
    const { server } = await serverWith({ ...auth, ...JWT_AUTH });
    expect(await statuses(server, `Bearer ${KEY}`)).toEqual(ANSWERED);
    expect(await statuses(server, `Bearer ${await tokenOf()}`)).toEqual(ANSWERED);
    expect(await statuses(server, `Bearer ${SECRET}`)).toEqual(REFUSED);
  });
});

describe('H3 what a token covers', () => {
  const covered: [collections: string[], status: number][] = [
    [['st/col'], 200],
    [['st/*'], 200],
    [['st/c*'], 200],
    [['s*'], 200],
    [['a/b', 'st/col'], 200],
    [['st/co'], 404],
    [['st/coll'], 404],
    [['st/x*'], 404],
    [['t/*'], 404],
    [['ST/col'], 404],
    [['stx/*'], 404],
  ];
  it.each(covered)('%j: %i', async (collections, status) => {
    const { server } = await serverWith(JWT_AUTH);
    const headers = { Authorization: `Bearer ${await tokenOf({ collections })}` };
    expect((await server.fetch(new Request(BASE, { headers }))).status).toBe(status);
  });

  it('a token that reads is refused where something would be written (403), and nothing reaches the log', async () => {
    const { server, calls } = await serverWith(JWT_AUTH);
    for (const access of ['read', ['read']]) {
      calls.length = 0;
      const token = `Bearer ${await tokenOf({ access })}`;
      expect(await statuses(server, token)).toEqual(
        ROUTES.map(({ status, writes }) => (writes ? 403 : status)),
      );
      expect(calls).not.toContain('push');
      expect(calls).not.toContain('drop');
      expect(calls).not.toContain('create');
    }
  });

  it('names that are none are not there', async () => {
    const { server, calls } = await serverWith(JWT_AUTH);
    const headers = { Authorization: `Bearer ${await tokenOf()}` };
    for (const name of ['..%2f..', '%2e%2e', 'a%00b', '{x}', 'a%2Fb', '-a', 'x'.repeat(65), '%ff', '*'])
      for (const url of [BASE.replace('/st/', `/${name}/`), BASE.replace(/col$/, name)])
        expect([url, (await server.fetch(new Request(url, { headers }))).status]).toEqual([url, 404]);
    expect(calls).toEqual([]);
  });
});

describe('H1 a server does not start', () => {
  const jwt = JWT_AUTH.jwt;
  const wrong: Record<string, AuthOptions> = {
    'without authentication': {},
    'with a secret of 31 bytes': { jwt: { ...jwt, secret: 'x'.repeat(31) } },
    'with a secret and public keys': { jwt: { ...jwt, jwksUrl: 'https://login.example/keys' } },
    'without an issuer': { jwt: { ...jwt, issuer: '' } },
    'without an audience': { jwt: { ...jwt, audience: '' } },
    'with alg none': { jwt: { ...jwt, algorithms: ['none'] } },
    'with RS256 by a secret': { jwt: { ...jwt, algorithms: ['HS256', 'RS256'] } },
    'with HS256 by public keys': {
      jwt: { jwksUrl: 'https://a', issuer: 'i', audience: 'a', algorithms: ['HS256'] },
    },
    'with no algorithm': { jwt: { ...jwt, algorithms: [] } },
    'with a key of 31 characters': {
      keys: [{ key: 'x'.repeat(31), tenant: 'a', collections: ['*'], access: 'read' }],
    },
    'with a key of no tenant': {
      keys: [{ key: 'x'.repeat(32), tenant: '', collections: ['*'], access: 'read' }],
    },
    'with no key': { keys: [] },
  };
  it.each(Object.entries(wrong))('%s', async (_, auth) => {
    await expect(createServer({ redis: log, auth, logLevel: 'silent' })).rejects.toThrow();
  });

  it('and does with what was wrong put right', async () => {
    await expect(createServer({ redis: log, auth: JWT_AUTH, logLevel: 'silent' })).resolves.toBeDefined();
  });

  it('without authentication on another address than loopback', async () => {
    const server = await createServer({ redis: log, auth: 'none', logLevel: 'silent' });
    for (const host of ['0.0.0.0', '::', '192.168.0.1', 'sync.example', 'localhost.evil.example'])
      await expect(server.listen({ host, port: 0 })).rejects.toThrow('Without authentication');
  });
});

it('H3 keys that cannot be had from the issuer are 503, not the fault of the token', async () => {
  const issuer = createHttpServer((_, response) => response.writeHead(500).end());
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/keys`;
  const { server, calls } = await serverWith({ jwt: { jwksUrl, issuer: ISSUER, audience: AUDIENCE } });
  const { good } = await asymmetric;
  expect(await statuses(server, `Bearer ${good['ES256 without kid']}`)).toEqual(ROUTES.map(() => 503));
  expect(calls).toEqual([]);
  await new Promise((resolve) => issuer.close(resolve));
}, 120_000);
