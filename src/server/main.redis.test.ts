import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { blocksOf } from '../../scripts/doc-blocks.js';
import { toFunctionBody } from '../../scripts/doc-code.js';
import { startRedis } from '../../scripts/redis/servers.mjs';
import { packPushRequest, unpackPushAnswer } from '../shared/sync/messages.js';
import type { NearshoreServer } from './server-options.js';
import { importServer, runServer, type ServerProcess } from './server-process.contract.js';
import { AUDIENCE, ISSUER, pushOf, SECRET, TestCaller, tokenOf } from './test-server.contract.js';

let redis: Awaited<ReturnType<typeof startRedis>>;
const running: ServerProcess[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  for (const { child, exit } of running) {
    child.kill('SIGKILL');
    await exit;
  }
  await redis.stop();
});

async function run(args: readonly string[], environment: Record<string, string> = {}) {
  const server = await runServer(args, environment);
  running.push(server);
  return server;
}

const JWT = ['--jwt-issuer', ISSUER, '--jwt-audience', AUDIENCE];

describe('H1 nearshore-server', () => {
  it('--help explains every flag and variable, and does not start anything', async () => {
    const { exit, stdout, url } = await run(['--help']);
    expect(await exit).toBe(0);
    expect(url).toBeUndefined();
    for (const flag of ['--redis', '--cluster', '--dev', '--jwks-url', '--keys-file', '--origins', '--port'])
      expect(stdout()).toContain(flag);
    expect(stdout()).toContain('NEARSHORE_JWT_SECRET=');
  });

  it('--dev starts without authentication, prints one line with its URL, and ends on SIGTERM', async () => {
    const server = await run(['--dev', '--port', '0', '--redis', redis.url]);
    expect(server.stdout()).toMatch(/^nearshore-server listens on http:\/\/127\.0\.0\.1:\d+\n$/);
    const caller = new TestCaller(server.url!, undefined);
    const { descriptor } = await caller.open();
    expect((await caller.push(pushOf(descriptor.id, 3))).results).toEqual(Array(3).fill({ status: 'ok' }));
    server.child.kill('SIGTERM');
    expect(await server.exit).toBe(0);
    expect(server.stdout().split('\n')).toHaveLength(2);
  });

  const refused: [
    why: string,
    args: string[],
    environment: Record<string, string>,
    code: number,
    said: string,
  ][] = [
    ['without authentication', [], {}, 2, 'No authentication is configured'],
    [
      'with --dev and authentication',
      ['--dev'],
      { NEARSHORE_JWT_SECRET: SECRET },
      2,
      '--dev means no authentication',
    ],
    [
      'with --dev for other machines',
      ['--dev', '--host', '0.0.0.0', '--port', '0'],
      {},
      1,
      'does not listen on 0.0.0.0',
    ],
    ['with an unknown flag', ['--devv'], {}, 2, '--devv'],
    ['with a secret as a flag', ['--jwt-secret', SECRET], {}, 2, 'jwt-secret'],
    ['with a secret and no issuer', ['--port', '0'], { NEARSHORE_JWT_SECRET: SECRET }, 1, 'need an issuer'],
    ['with a short secret', JWT, { NEARSHORE_JWT_SECRET: 'short' }, 1, 'has 5 bytes'],
    ['with a port that is none', ['--dev', '--port', 'x'], {}, 2, '--port is "x"'],
    ['with a file of keys that is not there', ['--keys-file', '/none'], {}, 2, 'ENOENT'],
    [
      'with an origin that is none',
      [...JWT, '--origins', '*'],
      { NEARSHORE_JWT_SECRET: SECRET },
      1,
      'is none',
    ],
  ];
  it.each(refused)('does not start %s', async (_, args, environment, code, said) => {
    const { exit, stdout, stderr } = await run(['--redis', redis.url, ...args], environment);
    expect(await exit).toBe(code);
    expect(stderr()).toContain(said);
    expect(stdout() + stderr()).not.toContain(SECRET);
  });

  it('does not start where Redis does not answer', async () => {
    const { exit, stderr } = await run(['--dev', '--port', '0', '--redis', 'redis://127.0.0.1:1']);
    expect(await exit).toBe(1);
    expect(stderr()).toContain('Redis does not answer');
  });

  it('finishes on SIGTERM what is under way, ends streams, takes no more, and exits 0', async () => {
    const environment = { NEARSHORE_JWT_SECRET: SECRET, NEARSHORE_LOG_LEVEL: 'debug' };
    const server = await run(['--port', '0', '--redis', redis.url, ...JWT], environment);
    const token = await tokenOf();
    const caller = new TestCaller(server.url!, token, 'st', 'term');
    const { descriptor } = await caller.open();
    const hints = await caller.ask('GET', '/hints');
    const reader = hints.body!.getReader();
    await reader.read();

    const body = packPushRequest(pushOf(descriptor.id, 50));
    const { port } = new URL(server.url!);
    const socket = connect(Number(port), '127.0.0.1');
    const parts: Buffer[] = [];
    const answered = new Promise<void>((resolve) =>
      socket.on('data', (part) => parts.push(part)).on('close', () => resolve()),
    );
    socket.write(
      `POST /v1/stores/st/collections/term/push HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    // "100 Continue": the request is under way.
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write(body.subarray(0, 100));
    server.child.kill('SIGTERM');
    // The stream ends, so the signal has come.
    while (!(await reader.read()).done);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    socket.write(body.subarray(100));
    await answered;
    const answer = Buffer.concat(parts.slice(1));
    const head = answer.subarray(0, answer.indexOf('\r\n\r\n')).toString();
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    const { results } = unpackPushAnswer(Uint8Array.from(answer.subarray(head.length + 4)));
    expect(results).toEqual(Array(50).fill({ status: 'ok' }));
    expect(await server.exit).toBe(0);

    const lines = server.stderr().trim().split('\n');
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number) });
    expect(server.stderr()).not.toMatch(/id \d|acme|term|eyJ/);
  });
});

it('W2 the program in src/server/README.md serves', async () => {
  const [block] = blocksOf('src/server/README.md').filter(({ by }) => by === 'test');
  const code = `${block!.source}\n${block!.after}`
    .replace('redis://127.0.0.1:6379', redis.url)
    .replace('port: 8787', 'port: 0');
  const key = 'k'.repeat(32);
  vi.stubEnv('KEY', key);
  const log = vi.spyOn(console, 'log').mockReturnValue();
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  const modules: Record<string, unknown> = { 'nearshore-server': await importServer() };
  const program = new AsyncFunction('require', 'exports', toFunctionBody(code));
  const server: NearshoreServer = await program((name: string) => modules[name], {});
  try {
    const url: string = log.mock.lastCall![0];
    const answer = await fetch(`${url}/v1/stores/notebook/collections`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(await answer.json()).toEqual({ collections: [] });
  } finally {
    await server.close();
    log.mockRestore();
    vi.unstubAllEnvs();
  }
});
