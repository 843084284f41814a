import { expect, test } from 'vitest';
import { unpackPullAnswer } from '../shared/sync/messages.js';
import type { Descriptor, Position } from '../shared/sync/protocol.js';
import { shardOf } from '../shared/sync/shard-of.js';
import { MAX_RSS_BYTES, rssOf, withHostedCollection } from './hostile.contract.js';
import { openRedis } from './redis/node-redis.js';
import { RedisChangeLog } from './redis/redis-change-log.js';
import { pushOf, stampAt, type TestCaller } from './test-server.contract.js';

const ROUNDS = process.env.NEARSHORE_FAULTS === 'full' ? 3 : 1;
const BACKLOG = 100_000;
const DIMENSION = 128;
const BATCH = 100;
/** Answers that others have asked for, and do not read. */
const UNREAD = 8;
/** Bytes that the slow client reads between two calls of the other one. */
const STEP_BYTES = 1 << 20;
const RSS_EVERY = 10;
/** For the median call of the other client; reported, a test fails at ten times as much. */
const CALL_BOUND_MS = 100;

/** Records `b0` to `b99999`, past the server. */
async function fillBacklog(redisUrl: string, descriptor: Descriptor): Promise<void> {
  const log = new RedisChangeLog(await openRedis({ urls: [redisUrl] }));
  const shards: string[][] = Array.from({ length: descriptor.shards }, () => []);
  for (let i = 0; i < BACKLOG; i++) shards[shardOf(`b${i}`, descriptor.shards)]!.push(`b${i}`);
  const name = { tenant: 'acme', store: 'st', collection: 'col' };
  const stamp = stampAt(Date.now());
  const vector = new Float32Array(DIMENSION).fill(1);
  await Promise.all(
    shards.map(async (ids, shard) => {
      for (let i = 0; i < ids.length; i += BATCH) {
        const operations = ids
          .slice(i, i + BATCH)
          .map((id) => ({ kind: 'upsert' as const, id, stamp, base: '' as const, vector }));
        const { conflict: policy } = descriptor;
        const push = { policy, epoch: undefined, replicated: false, operations };
        await log.push(name, descriptor, shard, push);
      }
    }),
  );
  await log.close();
}

const START: Position = { cursor: 0, epoch: '', hi: 0, floor: 0 };
type From = Position & { readonly shard: number };

/** As far as it fits into one answer. */
async function askForAll(
  caller: TestCaller,
  { id, shards }: Descriptor,
  from: readonly From[] = Array.from({ length: shards }, (_, shard) => ({ shard, ...START })),
): Promise<Response> {
  const response = await caller.ask('POST', '/pull', { collection: id, shards: from });
  expect(response.status).toBe(200);
  return response;
}

/** Pulls everything, and yields whenever it has read a little more of an answer; returns the ids that have come. */
async function* pullSlowly(
  caller: TestCaller,
  descriptor: Descriptor,
): AsyncGenerator<undefined, Set<string>> {
  const ids = new Set<string>();
  let from: readonly From[] | undefined;
  while (from === undefined || from.length > 0) {
    const response = await askForAll(caller, descriptor, from);
    const parts: Uint8Array[] = [];
    let unseen = 0;
    for await (const part of response.body!) {
      parts.push(part);
      unseen += part.length;
      if (unseen < STEP_BYTES) continue;
      unseen = 0;
      yield;
    }
    const { pages } = unpackPullAnswer(Uint8Array.from(Buffer.concat(parts)));
    from = pages.flatMap((page): From[] => {
      if (page.kind !== 'page') throw new Error(`a ${page.kind}, not a page`);
      for (const entry of page.entries) ids.add(entry.id);
      const { shard, cursor, epoch, hi, floor } = page;
      return page.more ? [{ shard, cursor, epoch, hi, floor }] : [];
    });
  }
  return ids;
}

/** Pushes as other clients do; milliseconds that it took. */
async function pushSome(caller: TestCaller, collection: string, n: number): Promise<number> {
  const push = pushOf(collection, 20);
  const vector = new Float32Array(DIMENSION).fill(1);
  const operations = push.operations.map((operation) => ({
    ...operation,
    ...{ id: `${n} ${operation.id}`, vector },
  }));
  const began = performance.now();
  const { results } = await caller.push({ ...push, operations });
  expect(results).toEqual(Array(20).fill({ status: 'ok' }));
  return performance.now() - began;
}

const p50 = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;

test(`H5 H6 a client that is 100,000 records behind and reads slowly, and ${UNREAD} that do not read, ${ROUNDS} times: the server's memory is bounded, others go on`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await withHostedCollection(async ({ caller, descriptor, redisUrl }) => {
      await fillBacklog(redisUrl, descriptor);
      const alone: number[] = [];
      for (let n = 0; n < 20; n++) alone.push(await pushSome(caller, descriptor.id, n));
      const before = await rssOf(caller);

      const hints = await caller.ask('GET', '/hints');
      const unread: Response[] = [];
      for (let i = 0; i < UNREAD; i++) unread.push(await askForAll(caller, descriptor));
      const beside: number[] = [];
      let most = before;
      const slow = pullSlowly(caller, descriptor);
      let step = await slow.next();
      for (; !step.done; step = await slow.next()) {
        beside.push(await pushSome(caller, descriptor.id, 20 + beside.length));
        if (beside.length % RSS_EVERY === 0) most = Math.max(most, await rssOf(caller));
      }
      const found = step.value;
      for (const { body } of [hints, ...unread]) await body!.cancel();

      console.log(
        `slow client: ${beside.length} pushes of others meanwhile, p50 ${p50(beside).toFixed(1)} ms (alone ` +
          `${p50(alone).toFixed(1)} ms, bound ${CALL_BOUND_MS} ms); RSS ${Math.round(before / 1e6)} MB before, ` +
          `${Math.round(most / 1e6)} MB at most`,
      );
      expect(Array.from({ length: BACKLOG }, (_, i) => `b${i}`).filter((id) => !found.has(id))).toEqual([]);
      expect(beside.length).toBeGreaterThan(RSS_EVERY);
      expect(most).toBeLessThan(MAX_RSS_BYTES);
      expect(p50(beside)).toBeLessThan(10 * CALL_BOUND_MS);
    }, DIMENSION);
  }
});
