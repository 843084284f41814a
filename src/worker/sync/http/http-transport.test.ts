import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { packPullAnswer, packPushAnswer, unpackPushRequest } from '../../../shared/sync/messages.js';
import {
  type Hint,
  MAX_BODY_BYTES,
  type OpenAnswer,
  type PushRequest,
} from '../../../shared/sync/protocol.js';
import { RequestTooLarge } from '../transport.js';
import { HttpClient, type HttpClientOptions } from './http-client.js';
import { httpTransport } from './http-transport.js';
import { ServerList } from './server-list.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Resolves to its URL. */
async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ANSWER: OpenAnswer = {
  descriptor: {
    id: 'd',
    dimension: 2,
    metric: 'dot',
    conflict: 'last-writer-wins',
    shards: 16,
    tombstoneLifeMs: 1_000,
  },
  time: 1_700_000_000_000,
};
const OPEN = {
  protocol: 1,
  config: { dimension: 2, metric: 'dot', conflict: 'last-writer-wins' },
} as const;
const PUSH: PushRequest = {
  collection: 'd',
  epochs: { 3: 'e' },
  replicated: false,
  operations: [
    { kind: 'upsert', id: 'ä', stamp: 'a'.repeat(32), base: '', vector: Float32Array.of(1, 2), text: 't' },
    { kind: 'delete', id: 'b', stamp: 'b'.repeat(32), base: 'a'.repeat(32), vector: undefined },
  ],
};

const opened: Handler = (_, response) => response.end(JSON.stringify(ANSWER));
const refused =
  (status: number, body = '', headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    response.writeHead(status, headers).end(body);
const never: AbortSignal = new AbortController().signal;

function transport(urls: string[], options: Partial<HttpClientOptions> = {}) {
  return httpTransport(new HttpClient({ urls, ...options }), 'st', 'col');
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Uint8Array.from(Buffer.concat(parts));
}

describe('a call', () => {
  it('H2 open sends JSON to the path of its collection, with the token, below the path of the URL', async () => {
    const seen: unknown[] = [];
    const url = await serve(async (request, response) => {
      const { method, url, headers } = request;
      seen.push({ method, url, auth: headers.authorization, body: (await bodyOf(request)).toString() });
      opened(request, response);
    });
    const { open } = transport([`${url}/prefix`], { getToken: async () => 'T' });
    expect(await open(OPEN, never)).toEqual(ANSWER);
    const body = new TextEncoder().encode(JSON.stringify(OPEN)).toString();
    expect(seen).toEqual([
      { method: 'PUT', url: '/prefix/v1/stores/st/collections/col', auth: 'Bearer T', body },
    ]);
  });

  it('H2 push sends a frame and reads one', async () => {
    const answer = {
      time: 5,
      results: [
        { status: 'ok' },
        {
          status: 'stale',
          current: { kind: 'upsert', id: 'b', stamp: 'c'.repeat(32), vector: Float32Array.of(3, 4) },
        },
      ],
      shards: { 3: { epoch: 'e', seq: 9, replicated: false } },
    } as const;
    let sent: PushRequest | undefined;
    const url = await serve(async (request, response) => {
      sent = unpackPushRequest(await bodyOf(request));
      response.end(packPushAnswer(answer));
    });
    expect(await transport([url]).push(PUSH, never)).toEqual(answer);
    expect(sent).toEqual(PUSH);
  });

  /** Takes bodies up to so many bytes, as a proxy does; `bodies`: the bytes of those that came. */
  async function takingUpTo(limit: number, refusal: Handler) {
    const bodies: number[] = [];
    const url = await serve(async (request, response) => {
      const body = await bodyOf(request);
      bodies.push(body.length);
      if (body.length > limit) return refusal(request, response);
      const results = unpackPushRequest(body).operations.map(() => ({ status: 'ok' }) as const);
      response.end(packPushAnswer({ time: 5, results, shards: {} }));
    });
    return { push: transport([url]).push, bodies };
  }
  const ofText = (id: string, text: string) => ({ ...PUSH.operations[0]!, id, text });
  const pushed = (...operations: readonly PushRequest['operations'][number][]) => ({ ...PUSH, operations });

  it('Y11 a push of several operations that no request has room for is to be divided, and is not sent', async () => {
    const { push, bodies } = await takingUpTo(MAX_BODY_BYTES, refused(413));
    const controls = '\u0001'.repeat(1 << 20);
    const tooLarge = push(pushed(ofText('a', controls), ofText('b', controls)), never);
    await expect(tooLarge).rejects.toThrow(RequestTooLarge);
    expect(bodies).toEqual([]);
    const { results } = await push(pushed(ofText('a', controls)), never);
    expect(results).toEqual([{ status: 'ok' }]);
  });

  it('Y11 an operation that no request has room for is refused by itself', async () => {
    const { push, bodies } = await takingUpTo(MAX_BODY_BYTES, refused(413));
    const answer = await push(pushed(ofText('a', 'x'.repeat(MAX_BODY_BYTES))), never);
    expect(answer).toMatchObject({ time: 5, results: [{ status: 'invalid' }] });
    expect(answer.results[0]).toMatchObject({ message: expect.stringMatching(/^it takes 8388\d{3} bytes/) });
    expect(Math.max(...bodies)).toBeLessThan(1_000);
  });

  it.each([
    ['the server itself', refused(413, '{"error":{"code":"INVALID_ARGUMENT","message":"too large"}}')],
    ['a proxy in front of it', refused(413, '<html>')],
  ])(
    'Y11 what %s has no room for is divided, from then on without asking; one alone is refused',
    async (_, refusal) => {
      const { push, bodies } = await takingUpTo(1_500, refusal);
      const [a, b] = [ofText('a', 'x'.repeat(1_000)), ofText('b', 'x'.repeat(1_000))];
      for (let i = 0; i < 2; i++) await expect(push(pushed(a, b), never)).rejects.toThrow(RequestTooLarge);
      expect(bodies).toHaveLength(1);
      expect((await push(pushed(a), never)).results).toEqual([{ status: 'ok' }]);
      for (let i = 0; i < 2; i++) {
        const { results } = await push(pushed(ofText('c', 'x'.repeat(2_000))), never);
        expect(results).toMatchObject([{ status: 'invalid' }]);
      }
      // Both times it was offered: the bound may have been lifted.
      expect(bodies.filter((bytes) => bytes > 2_000)).toHaveLength(3);
    },
  );

  it('H2 pull reads a frame that comes byte by byte', async () => {
    const answer = { time: 5, pages: [{ kind: 'unavailable', shard: 1, message: 'gone fishing' }] } as const;
    const url = await serve(async (_, response) => {
      for (const byte of packPullAnswer(answer)) {
        response.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      response.end();
    });
    expect(await transport([url]).pull({ collection: 'd', shards: [] }, never)).toEqual(answer);
  });

  const errors: Record<string, [Handler, object]> = {
    'with the code that it names': [
      refused(409, '{"error":{"code":"CONFIG_MISMATCH","message":"other"}}'),
      { code: 'CONFIG_MISMATCH', message: 'other' },
    ],
    'as unavailable where it names a code that is none': [
      refused(400, '{"error":{"code":"RM_RF","message":"other"}}'),
      { code: 'SERVER_UNAVAILABLE' },
    ],
    'as unavailable where a page of something else comes': [
      refused(404, '<html>'),
      { code: 'SERVER_UNAVAILABLE' },
    ],
    'as unavailable where it answers 200 and no JSON': [
      (_, response) => response.end('<html>'),
      { code: 'SERVER_UNAVAILABLE' },
    ],
    'as unavailable where the connection breaks in the answer': [
      (_, response) => {
        response.writeHead(200, { 'Content-Length': '100' }).write('{');
        response.destroy();
      },
      { code: 'SERVER_UNAVAILABLE' },
    ],
    'as unavailable where it redirects': [
      refused(302, '', { Location: 'http://127.0.0.1:9/' }),
      { code: 'SERVER_UNAVAILABLE' },
    ],
    'as unauthorized at 403': [refused(403), { code: 'UNAUTHORIZED' }],
    'Y11 with the seconds of Retry-After': [
      refused(429, '', { 'Retry-After': '7' }),
      { code: 'SERVER_UNAVAILABLE', retryAfterMs: 7_000 },
    ],
    'Y11 with a Retry-After of at most ten minutes': [
      refused(503, '', { 'Retry-After': 'Fri, 31 Dec 2999 23:59:59 GMT' }),
      { code: 'SERVER_UNAVAILABLE', retryAfterMs: 600_000 },
    ],
  };
  it.each(Object.entries(errors))('H7 rejects %s', async (_, [handler, error]) => {
    const url = await serve(handler);
    await expect(transport([url]).open(OPEN, never)).rejects.toMatchObject(error);
  });

  it('Y11 rejects where no answer begins, and where none goes on', async () => {
    const silent = await serve(() => undefined);
    await expect(transport([silent], { answerMs: 50 }).open(OPEN, never)).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      message: expect.stringContaining('nothing came for 0.05 s'),
    });
    const stuck = await serve((_, response) => response.write('{'));
    await expect(transport([stuck], { silenceMs: 50 }).open(OPEN, never)).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      message: expect.stringContaining('nothing came for 0.05 s'),
    });
  });

  it('L2 is ended by its signal, before the answer and from the start', async () => {
    const abort = new AbortController();
    let call: Promise<unknown> | undefined;
    const ended = new Promise<void>((resolve) => {
      const handler: Handler = (_, response) => {
        response.on('close', resolve);
        abort.abort('enough');
      };
      call = serve(handler).then((url) => transport([url]).open(OPEN, abort.signal));
    });
    await expect(call).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
    await ended;
    const url = await serve(opened);
    await expect(transport([url]).open(OPEN, abort.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('Y11 the token', () => {
  const taking =
    (token: string): Handler =>
    (request, response) =>
      request.headers.authorization === `Bearer ${token}`
        ? opened(request, response)
        : refused(401)(request, response);

  it('is asked for once for all calls', async () => {
    const getToken = vi.fn(async () => 'good');
    const { open } = transport([await serve(taking('good'))], { getToken });
    await Promise.all([open(OPEN, never), open(OPEN, never)]);
    await open(OPEN, never);
    expect(getToken).toHaveBeenCalledTimes(1);
  });

  it('is asked for again after a 401, once for the calls that had it', async () => {
    const tokens = ['old', 'good', 'never'];
    const getToken = vi.fn(async () => tokens.shift());
    const { open } = transport([await serve(taking('good'))], { getToken });
    await Promise.all([open(OPEN, never), open(OPEN, never), open(OPEN, never)]);
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  it('that is refused twice is UNAUTHORIZED', async () => {
    let n = 0;
    const getToken = vi.fn(async () => `bad${n++}`);
    const { open } = transport([await serve(taking('good'))], { getToken });
    await expect(open(OPEN, never)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  it('that cannot be had is tried again with the next call', async () => {
    const getToken = vi.fn(async () => 'good').mockRejectedValueOnce(new Error('no network'));
    const asked = vi.fn(taking('good'));
    const url = await serve(asked);
    const { open } = transport([url, `${url}/b`], { getToken });
    await expect(open(OPEN, never)).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' });
    expect(asked).not.toHaveBeenCalled();
    expect(getToken).toHaveBeenCalledTimes(1);
    expect(await open(OPEN, never)).toEqual(ANSWER);
  });

  it('that would break its header is refused, and one that never comes is not waited for', async () => {
    const url = await serve(taking('good'));
    const broken = transport([url], { getToken: async () => 'a\r\nb: c' });
    await expect(broken.open(OPEN, never)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const hanging = transport([url], { getToken: () => new Promise(() => {}), answerMs: 50 });
    await expect(hanging.open(OPEN, never)).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' });
  });
});

describe('Y11 several servers', () => {
  it('begin at a random one, go on to the next where one fails, and let that one rest', () => {
    let now = 0;
    const list = new ServerList(
      ['http://a', 'http://b', 'http://c/x'],
      () => now,
      () => 0.5,
    );
    expect(list.inOrder()).toEqual(['http://b/', 'http://c/x/', 'http://a/']);
    list.failed('http://b/');
    expect(list.inOrder()).toEqual(['http://c/x/', 'http://a/', 'http://b/']);
    list.answered('http://c/x/');
    now = 40_000;
    expect(list.inOrder()).toEqual(['http://c/x/', 'http://a/', 'http://b/']);
  });

  it('are asked in turn in one call, where one is gone or answers 5xx', async () => {
    const gone = await serve(opened);
    await closing.pop()!();
    const asked = vi.fn(refused(503));
    const urls = [gone, await serve(asked), await serve(opened)];
    const { open } = transport(urls);
    for (let i = 0; i < 5; i++) expect(await open(OPEN, never)).toEqual(ANSWER);
    expect(asked.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it('are not asked in turn where one refuses', async () => {
    const asked = vi.fn(refused(429));
    const { open } = transport([await serve(asked), await serve(asked)]);
    await expect(open(OPEN, never)).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' });
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it.each(['ftp://a', 'localhost:8787', '', '/relative'])('have URLs that fetch can ask: not %j', (url) => {
    expect(() => new ServerList([url])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => new ServerList([])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('hints', () => {
  it('Y11 come as they are sent, however they are cut, until the stream ends', async () => {
    const url = await serve(async (_, response) => {
      const sent = [1, 2, 3].map((seq) => `data: {"shard":0,"seq":${seq}}\n\n`).join(': still here\n\n');
      for (const part of [sent.slice(0, 20), sent.slice(20, 40), sent.slice(40)]) {
        response.write(part);
        await new Promise(setImmediate);
      }
      response.end();
    });
    const hints: Hint[] = [];
    const onOpen = vi.fn();
    await expect(transport([url]).hints((hint) => hints.push(hint), onOpen, never)).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
    });
    expect(hints.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(onOpen).toHaveBeenCalledTimes(1);
  });

  it('Y11 by the thousand in one part are taken; what is none ends the stream', async () => {
    const url = await serve((_, response) => {
      response.end(`${'data: {"shard":1,"seq":2}\n\n'.repeat(5_000)}data: {"shard":-1}\n\n`);
    });
    const onHint = vi.fn();
    await expect(transport([url]).hints(onHint, () => {}, never)).rejects.toMatchObject({
      message: expect.stringContaining('shard is -1'),
    });
    expect(onHint).toHaveBeenCalledTimes(5_000);
  });

  it('Y11 an event without an end does not grow without an end', async () => {
    const url = await serve((_, response) => {
      const more = () => {
        if (!response.destroyed && response.write('x'.repeat(10_000))) setImmediate(more);
      };
      more();
    });
    await expect(
      transport([url]).hints(
        () => {},
        () => {},
        never,
      ),
    ).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
    });
  });

  it('L2 end with their signal', async () => {
    const url = await serve((_, response) => response.write(': open\n\n'));
    const abort = new AbortController();
    const hints = transport([url]).hints(
      () => {},
      () => abort.abort(),
      abort.signal,
    );
    await expect(hints).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
