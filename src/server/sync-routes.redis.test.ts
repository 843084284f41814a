import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { shardOf } from '../shared/sync/shard-of.js';
import { HttpClient } from '../worker/sync/http/http-client.js';
import { httpTransport } from '../worker/sync/http/http-transport.js';
import {
  entriesOf,
  openRequest,
  pushOf,
  stampAt,
  startServer,
  TestCaller,
  type TestServer,
  tokenOf,
} from './test-server.contract.js';

let test: TestServer;
let caller: TestCaller;
let n = 0;

beforeAll(async () => {
  test = await startServer();
});
afterAll(() => test.stop());
beforeEach(async () => {
  caller = new TestCaller(test.url, await tokenOf(), 'st', `col${n++}`);
});

const ALL = [0, 1, 2, 3];

describe('PUT', () => {
  it('H2 creates a collection once, and describes it after that', async () => {
    const { descriptor, time } = await caller.open();
    expect(descriptor).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      dimension: 4,
      metric: 'dot',
      conflict: 'last-writer-wins',
      shards: 4,
      tombstoneLifeMs: 30 * 24 * 3_600_000,
    });
    expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
    expect((await caller.open({ shards: 9 })).descriptor).toEqual(descriptor);
    expect(await (await caller.ask('GET')).json()).toEqual(descriptor);
  });

  it('G6 refuses another configuration with both sides', async () => {
    await caller.open();
    const config = { ...openRequest().config, dimension: 5, embeddingSpace: 'e' };
    const response = await caller.ask('PUT', '', openRequest({ config }));
    expect(response.status).toBe(409);
    expect(await response.json()).toEqual({
      error: {
        code: 'CONFIG_MISMATCH',
        message: expect.stringMatching(
          /dimension is 4 on the server and 5 here, embeddingSpace is null on the server and "e" here/,
        ),
      },
    });
  });

  it('H2 refuses another version of the protocol', async () => {
    const response = await caller.ask('PUT', '', openRequest({ protocol: 2 }));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'SYNC_REJECTED' } });
  });

  it('G6 tells whoever has synced with it that it was dropped, and makes it anew for others', async () => {
    const { descriptor } = await caller.open();
    expect((await caller.ask('DELETE')).status).toBe(204);
    expect((await caller.ask('DELETE')).status).toBe(404);
    expect((await caller.ask('GET')).status).toBe(404);
    expect((await caller.ask('PUT', '', openRequest({ known: descriptor.id }))).status).toBe(410);
    await expect(caller.push(pushOf(descriptor.id, 1))).rejects.toThrow(/404|410/);
    const again = await caller.open();
    expect(again.descriptor.id).not.toBe(descriptor.id);
    await expect(caller.push(pushOf(descriptor.id, 1))).rejects.toThrow('410');
  });

  it('H2 the collections of a store are listed', async () => {
    const token = await tokenOf({ collections: ['li/a*'] });
    const opened = await Promise.all(
      ['a1', 'a2', 'b1'].map(async (name) => new TestCaller(test.url, await tokenOf(), 'li', name).open()),
    );
    const response = await fetch(`${test.url}/v1/stores/li/collections`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const { collections } = (await response.json()) as { collections: { collection: string }[] };
    expect(collections.toSorted((a, b) => (a.collection < b.collection ? -1 : 1))).toEqual([
      { collection: 'a1', descriptor: opened[0]!.descriptor },
      { collection: 'a2', descriptor: opened[1]!.descriptor },
    ]);
  });
});

describe('push and pull', () => {
  it('H2 bring 500 operations to their shards and back, in their order', async () => {
    const { descriptor } = await caller.open();
    const push = pushOf(descriptor.id, 500);
    const answer = await caller.push(push);
    expect(answer.results).toEqual(push.operations.map(() => ({ status: 'ok' })));
    expect(Object.keys(answer.shards)).toEqual(['0', '1', '2', '3']);
    const pulled = await caller.pull(descriptor.id, ALL);
    for (const page of pulled.pages) {
      if (page.kind !== 'page') throw new Error(page.kind);
      expect(page.hi).toBe(answer.shards[page.shard]!.seq);
      const own = push.operations.filter(({ id }) => shardOf(id, 4) === page.shard);
      // More than one chunk, or their order would not be seen.
      expect(own.length).toBeGreaterThan(100);
      expect(page.entries.map(({ id }) => id)).toEqual(own.map(({ id }) => id));
    }
    const byId = new Map(push.operations.map((operation) => [operation.id, operation]));
    for (const { seq: _, ...entry } of entriesOf(pulled)) {
      const { base: __, ...operation } = byId.get(entry.id)!;
      expect(entry).toEqual(operation);
    }
    expect((await caller.push(push)).results).toEqual(push.operations.map(() => ({ status: 'dup' })));
  });

  it('H5 results are per operation: invalid and future ones do not stop the others', async () => {
    const { descriptor, time } = await caller.open();
    const [good] = pushOf(descriptor.id, 1).operations;
    const base = good!;
    const operations = [
      { ...base, id: 'x'.repeat(513) },
      { ...base, id: '' },
      { ...base, id: 'half \ud800' },
      { ...base, id: 'nan', vector: Float32Array.of(Number.NaN, 1, 1, 1) },
      { ...base, id: 'array', metadata: '[]' },
      { ...base, id: 'broken', metadata: '{' },
      { ...base, id: 'proto', metadata: '{"__proto__":{"a":1}}' },
      { ...base, id: 'large', metadata: JSON.stringify({ a: 'x'.repeat(65_536) }) },
      { ...base, id: 'deep', metadata: `${'{"a":'.repeat(17)}1${'}'.repeat(17)}` },
      { ...base, id: 'text', text: '' },
      { kind: 'delete' as const, id: 'd', stamp: base.stamp, base: '', metadata: '{}', vector: undefined },
      { ...base, id: 'future', stamp: stampAt(time + 70_000) },
      { ...base, id: 'good', stamp: stampAt(time + 50_000) },
    ];
    const { results } = await caller.push({ ...pushOf(descriptor.id, 0), operations });
    expect(results.map(({ status }) => status)).toEqual([...Array(11).fill('invalid'), 'future', 'ok']);
    expect(entriesOf(await caller.pull(descriptor.id, ALL)).map(({ id }) => id)).toEqual(['good']);
  });

  it('H5 an operation of another dimension is invalid', async () => {
    const { descriptor } = await caller.open();
    const [operation] = pushOf(descriptor.id, 1).operations;
    const operations = [{ ...operation!, vector: Float32Array.of(1, 2) }];
    const { results } = await caller.push({ ...pushOf(descriptor.id, 0), operations });
    expect(results).toEqual([{ status: 'invalid', message: expect.stringContaining('2 numbers') }]);
  });

  it('Y6 a shard of another epoch refuses all of its operations, others take theirs', async () => {
    const { descriptor } = await caller.open();
    const first = await caller.push(pushOf(descriptor.id, 300));
    const epochs = { ...Object.fromEntries(ALL.map((s) => [s, first.shards[s]!.epoch])), 1: 'f'.repeat(32) };
    const later = pushOf(descriptor.id, 300);
    const operations = later.operations.map((op, i) => ({
      ...op,
      base: op.stamp,
      stamp: stampAt(Date.now() + 1, i),
    }));
    const { results, shards } = await caller.push({ ...later, epochs, operations });
    for (const [i, { id }] of operations.entries())
      expect(results[i]).toEqual({ status: shardOf(id, 4) === 1 ? 'epoch' : 'ok' });
    expect(shards[1]!.epoch).toBe(first.shards[1]!.epoch);
  });

  it('H6 64 shards in one pull are answered within 8 MiB, and go on', async () => {
    const { descriptor } = await caller.open({ shards: 64 });
    const text = 'x'.repeat(20_000);
    for (let part = 0; part < 10; part++) {
      const push = pushOf(descriptor.id, 100);
      const operations = push.operations.map((operation) => ({
        ...operation,
        id: `${part}/${operation.id}`,
        text,
      }));
      await caller.push({ ...push, operations });
    }
    const shards = Array.from({ length: 64 }, (_, shard) => shard);
    const response = await caller.ask('POST', '/pull', {
      collection: descriptor.id,
      shards: shards.map((shard) => ({ shard, cursor: 0, epoch: '', hi: 0, floor: 0 })),
    });
    // An entry more than the bound for each shard.
    expect(Number(response.headers.get('Content-Length'))).toBeLessThan((8 << 20) + 64 * 21_000);
    const { pages } = await caller.pull(descriptor.id, shards);
    expect(pages.some((page) => page.kind === 'page' && page.more)).toBe(true);
  });

  it('H5 a shard that is none, or comes twice, is refused', async () => {
    const { descriptor } = await caller.open();
    await expect(caller.pull(descriptor.id, [4])).rejects.toThrow('400');
    await expect(caller.pull(descriptor.id, [1, 1])).rejects.toThrow('400');
    await expect(caller.pull(descriptor.id, [])).rejects.toThrow('400');
  });
});

describe("the client's transport", () => {
  it('H2 opens, pushes, pulls and hears of what others push', async () => {
    const client = new HttpClient({ urls: [test.url], getToken: () => tokenOf() });
    const transport = httpTransport(client, 'st', `col${n}`);
    const { signal } = new AbortController();
    const { protocol, config } = openRequest();
    const request = { protocol, config: { ...config, metric: 'dot', conflict: 'last-writer-wins' } } as const;
    const { descriptor } = await transport.open(request, signal);
    const abort = new AbortController();
    const heard = new Map<number, number>();
    let isOpen = () => {};
    const opened = new Promise<void>((resolve) => {
      isOpen = resolve;
    });
    const hints = transport.hints(
      ({ shard, seq }) => {
        heard.set(shard, seq);
        if (heard.size === shards.length) abort.abort();
      },
      isOpen,
      abort.signal,
    );
    await opened;
    const push = pushOf(descriptor.id, 20);
    const shards = [...new Set(push.operations.map(({ id }) => shardOf(id, descriptor.shards)))];
    const answer = await transport.push(push, signal);
    await expect(hints).rejects.toMatchObject({ code: 'ABORTED' });
    expect(Object.fromEntries(heard)).toEqual(
      Object.fromEntries(shards.map((shard) => [shard, answer.shards[shard]!.seq])),
    );
    const position = { cursor: 0, epoch: '', hi: 0, floor: 0 };
    const pulled = await transport.pull(
      { collection: descriptor.id, shards: shards.map((shard) => ({ shard, ...position })) },
      signal,
    );
    expect(entriesOf(pulled)).toHaveLength(20);
  });
});
