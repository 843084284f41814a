import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect } from 'vitest';
import { startRedis } from '../../scripts/redis/servers.mjs';
import { type Damage, damage, damaged } from '../shared/sync/damaged-frame.contract.js';
import { packPushRequest } from '../shared/sync/messages.js';
import { type Descriptor, MAX_BODY_BYTES, type PushAnswer } from '../shared/sync/protocol.js';
import { runServer, type ServerProcess } from './server-process.contract.js';
import {
  AUDIENCE,
  DIMENSION,
  entriesOf,
  ISSUER,
  openRequest,
  pushOf,
  SECRET,
  TestCaller,
  tokenOf,
} from './test-server.contract.js';

export const MAX_RSS_BYTES = 300e6;
const AT_ONCE = 16;
const MOST_TRIES = 5;
const SEED = 5_002;
/** A frame that has one of these is none, wherever it is. */
const SURE: readonly Damage['kind'][] = ['cut', 'insert'];

/** A server as a process of its own, on a real Redis, with one collection. */
interface Hosted {
  readonly caller: TestCaller;
  readonly descriptor: Descriptor;
  readonly redisUrl: string;
}

export async function withHostedCollection(
  use: (hosted: Hosted) => Promise<void>,
  dimension = DIMENSION,
): Promise<void> {
  const redis = await startRedis();
  const server = await runServer(
    [
      ...['--port', '0', '--redis', redis.url, '--jwt-issuer', ISSUER, '--jwt-audience', AUDIENCE],
      ...['--requests-per-second', '1000000'],
    ],
    { NEARSHORE_JWT_SECRET: SECRET },
  );
  try {
    const caller = new TestCaller(server.url!, await tokenOf());
    const { descriptor } = await caller.open({ config: { ...openRequest().config, dimension } });
    await use({ caller, descriptor, redisUrl: redis.url });
    await expectAlive(caller, descriptor, server);
  } finally {
    server.child.kill('SIGKILL');
    await server.exit;
    await redis.stop();
  }
}

/** It takes what is right, still, in the memory that it may have. */
async function expectAlive(
  caller: TestCaller,
  { id: collection, dimension }: Descriptor,
  server: ServerProcess,
): Promise<void> {
  const vector = new Float32Array(dimension).fill(1);
  const operations = pushOf(collection, 1).operations.map((operation) => ({
    ...operation,
    ...{ id: 'control', vector },
  }));
  const { results, shards } = await caller.push({ ...pushOf(collection, 0), operations });
  expect(results).toEqual([{ status: 'ok' }]);
  const [[shard, { epoch, seq }]] = Object.entries(shards) as [[string, PushAnswer['shards'][number]]];
  const pulled = await caller.pull(collection, [Number(shard)], { cursor: seq - 1, epoch, hi: seq });
  expect(entriesOf(pulled).map(({ id }) => id)).toEqual(['control']);
  const rss = await rssOf(caller);
  console.log(`hostile requests: RSS ${Math.round(rss / 1e6)} MB afterwards`);
  expect(rss).toBeLessThan(MAX_RSS_BYTES);
  expect(server.child.exitCode).toBeNull();
}

export async function rssOf({ base }: TestCaller): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)![1]);
}

/** Statuses of what was asked, each with how often. */
export async function tally(asks: Iterable<() => Promise<Response>>): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  const iterator = asks[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = iterator.next(); !next.done; next = iterator.next()) {
        const response = await answerTo(next.value);
        statuses[response.status] = (statuses[response.status] ?? 0) + 1;
        await response.arrayBuffer();
      }
    }),
  );
  return statuses;
}

/**
 * Asks again where the connection was closed: one that was idle just then, or one that had more to send than is taken, of
 * which the answer is then lost.
 */
async function answerTo(ask: () => Promise<Response>): Promise<Response> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
    }
  }
}

/** Pushes damaged frames: those that cannot be frames are refused, all of them; the others are answered. */
export async function pushDamaged(caller: TestCaller, collection: string, runs: number): Promise<void> {
  const frame = packPushRequest(pushOf(collection, 4));
  const all = fc.sample(fc.array(damage, { minLength: 1, maxLength: 3 }), { numRuns: runs, seed: SEED });
  const [sure, others] = [all.filter(isSure), all.filter((faults) => !isSure(faults))];
  const asks = function* (of: readonly Damage[][]) {
    for (const faults of of) yield () => caller.ask('POST', '/push', faults.reduce(damaged, frame));
  };
  expect(await tally(asks(sure))).toEqual({ 400: sure.length });
  expect(sure.length).toBeGreaterThan(runs / 10);
  const { 200: taken = 0, 400: refused = 0, 410: other = 0, ...rest } = await tally(asks(others));
  expect(rest).toEqual({});
  expect(refused).toBeGreaterThan(runs / 10);
  console.log(
    `${runs} damaged frames: ${sure.length + refused} refused as malformed, ${other} of another collection, ` +
      `${taken} still frames (a number or a text was changed)`,
  );
}

function isSure(faults: readonly Damage[]): boolean {
  return faults.length === 1 && SURE.includes(faults[0]!.kind);
}

/** Bodies that would take much more memory or time than they are long; none is accepted. */
export async function pushBombs(caller: TestCaller, copies: number): Promise<void> {
  const bombs: Record<
    string,
    [status: number, path: string, body: Uint8Array<ArrayBuffer>, headers?: HeadersInit]
  > = {
    'brackets as JSON': [400, '/pull', filled('[')],
    'empty objects as JSON': [400, '/pull', repeated('[', '{},')],
    'empty strings as JSON': [400, '/pull', repeated('[', '"",')],
    'numbers as JSON': [400, '/pull', repeated('[', '1.5,')],
    'members as JSON': [400, '/pull', repeated('{', '"a":1,')],
    'one string without an end': [400, '/pull', filled('"')],
    'a head of brackets': [400, '/push', headOf(filled('['))],
    'a head of objects': [400, '/push', headOf(repeated('[', '{},'))],
    'a head that claims 4 GiB': [400, '/push', filled('\xff')],
    'a body of 8 MiB and a byte': [413, '/push', new Uint8Array(MAX_BODY_BYTES + 1)],
    'a gigabyte of zeros, compressed': [
      415,
      '/push',
      Uint8Array.from(gzipSync(new Uint8Array(64 << 20))),
      { 'Content-Encoding': 'gzip' },
    ],
  };
  for (const [name, [status, path, body, headers]] of Object.entries(bombs)) {
    const asks = Array.from({ length: copies }, () => () => caller.ask('POST', path, body, headers));
    const { 503: overloaded = 0, ...answered } = await tally(asks);
    expect([name, answered]).toEqual([name, { [status]: copies - overloaded }]);
    expect(await rssOf(caller)).toBeLessThan(MAX_RSS_BYTES);
  }
}

/** Connections that send a part of a request and then nothing; others are answered meanwhile. */
export async function holdOpen(caller: TestCaller, connections: number): Promise<() => void> {
  const { hostname, port, pathname } = new URL(caller.path);
  const head = `POST ${pathname}/push HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${caller.token}\r\n`;
  const beginnings = [
    'POST /',
    head,
    `${head}Content-Length: ${MAX_BODY_BYTES}\r\n\r\nx`,
    `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello`,
  ];
  const sockets = await Promise.all(
    Array.from({ length: connections }, async (_, i) => {
      const socket = connect(Number(port), hostname).on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(beginnings[i % beginnings.length]!);
      return socket;
    }),
  );
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

function filled(character: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(MAX_BODY_BYTES).fill(character.charCodeAt(0));
}

function repeated(start: string, part: string): Uint8Array<ArrayBuffer> {
  const text = start + part.repeat(Math.floor((MAX_BODY_BYTES - 100) / part.length));
  return Uint8Array.from(Buffer.from(text));
}

function headOf(json: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const frame = json.slice();
  new DataView(frame.buffer).setUint32(0, frame.length - 4, true);
  return frame;
}
