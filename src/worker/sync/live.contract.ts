import { afterEach, describe, expect, test } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import type { PullRequest } from '../../shared/sync/protocol.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import type { SyncStatus } from '../../shared/sync/sync-status.js';
import { unavailable } from './fake-server.contract.js';
import { settleTasks } from './manual-clock.contract.js';
import { type MakeCollection, until, World, type WorldOptions } from './replicator-world.contract.js';

/** What a replicator does by itself, what it tells, and how it ends; on any mirror. */
export function describeLive(name: string, make: MakeCollection): void {
  describe(`live, ${name}`, () => {
    let world: World;
    const setUp = async (options?: WorldOptions) => {
      world = await World.make(make, { live: true, ...options });
      return world;
    };
    afterEach(() => world.replicator.stop());

    /** Started, and at rest, with its hints open. */
    const atRest = async () => {
      world.replicator.start();
      await until(() => world.server.requests('hints').length === 1);
      await quiet();
    };
    /** Nothing is under way, and only time would change that. */
    const quiet = async () => {
      await until(() => world.status.state !== 'syncing');
      await settleTasks();
      await until(() => world.status.state !== 'syncing');
    };
    const pulls = () => world.server.requests<PullRequest>('pull');

    test('Y11 what is written is pushed by itself', async () => {
      const { server, collection } = await setUp();
      await atRest();
      await collection.write('a', 1);
      await until(() => server.numbers().a === 1);
    });

    test('Y11 a hint leads to a pull of its shard alone', async () => {
      const { server, collection } = await setUp({ shards: 8 });
      await atRest();
      const before = pulls().length;
      server.put('a', 1, world.stamp());
      const shard = shardOf('a', 8);
      server.hint({ shard, seq: 1 });
      await quiet();
      expect(await collection.numbers()).toEqual({ a: 1 });
      const asked = pulls().slice(before);
      expect(asked.map(({ shards }) => shards.map((from) => from.shard))).toEqual([[shard]]);
      // What is known already leads to nothing.
      server.hint({ shard, seq: 1 });
      await quiet();
      expect(pulls()).toHaveLength(before + 1);
    });

    test('Y11 a hint that was lost costs at most a minute', async () => {
      const { server, collection, clock } = await setUp();
      await atRest();
      server.put('a', 1, world.stamp());
      clock.pass(29_999);
      await quiet();
      expect(await collection.numbers()).toEqual({});
      clock.pass(30_001);
      await until(() => world.status.pulled === 1);
      await quiet();
      expect(await collection.numbers()).toEqual({ a: 1 });
    });

    test('Y11 hints that end are asked for again, and what was missed meanwhile is pulled', async () => {
      const { server, collection, clock } = await setUp();
      await atRest();
      server.endHints();
      await settleTasks();
      server.put('a', 1, world.stamp());
      expect(server.requests('hints')).toHaveLength(1);
      clock.pass(1_000);
      await until(() => server.requests('hints').length === 2);
      await until(() => world.status.pulled === 1);
      expect(await collection.numbers()).toEqual({ a: 1 });
    });

    test('Y11 offline it waits for the network, and writes go on', async () => {
      const { server, collection, clock, network } = await setUp();
      await atRest();
      network.online = false;
      await collection.write('a', 1);
      await until(() => world.status.state === 'offline' && world.status.pending === 1);
      const calls = server.calls.length;
      clock.pass(3_600_000);
      await settleTasks();
      expect(server.calls).toHaveLength(calls);
      network.online = true;
      await until(() => server.numbers().a === 1);
      await quiet();
      expect(world.status).toMatchObject({ state: 'idle', pending: 0 });
    });

    test('Y11 after failures it waits longer and longer, and not shorter than the server asks', async () => {
      const { server, collection, clock } = await setUp();
      await atRest();
      let retryAfterMs: number | undefined;
      let tries = 0;
      server.onPush = async () => {
        tries++;
        throw unavailable(retryAfterMs);
      };
      await collection.write('a', 1);
      await until(() => tries === 1);
      // Half of 1, 2 and 4 s, since chance gives 0.5.
      for (const [wait, nth] of [
        [500, 2],
        [1_000, 3],
        [2_000, 4],
      ] as const) {
        await quiet();
        expect(world.status).toMatchObject({ state: 'offline', error: { code: 'SERVER_UNAVAILABLE' } });
        clock.pass(wait - 1);
        await quiet();
        expect(tries).toBe(nth - 1);
        retryAfterMs = nth === 4 ? 90_000 : undefined;
        clock.pass(1);
        await until(() => tries === nth);
      }
      await quiet();
      clock.pass(90_000);
      await quiet();
      expect(tries).toBe(4);
      server.onPush = undefined;
      clock.pass(60_000);
      await until(() => server.numbers().a === 1);
      await quiet();
      expect(world.status.error).toBeUndefined();
    });

    test('Y11 the network coming back, and now(), do not wait for the next try', async () => {
      const { server, collection, network } = await setUp();
      await atRest();
      let broken = true;
      server.onPush = (request) =>
        broken ? Promise.reject(unavailable()) : Promise.resolve(server.applyPush(request));
      await collection.write('a', 1);
      await until(() => world.status.error !== undefined);
      broken = false;
      network.online = true;
      await until(() => server.numbers().a === 1);
      broken = true;
      await collection.write('b', 2);
      await until(() => world.status.error !== undefined);
      broken = false;
      await world.replicator.now();
      await world.expectEqual({ a: 1, b: 2 });
    });

    test('Y11 a token that is refused ends the tries until now() is called', async () => {
      const { server, clock } = await setUp();
      await atRest();
      const refused = new VectorStoreError('UNAUTHORIZED', 'The token has expired.');
      server.onPull = () => Promise.reject(refused);
      await expect(world.replicator.now()).rejects.toBe(refused);
      expect(world.status).toMatchObject({ state: 'error', error: { code: 'UNAUTHORIZED' } });
      const calls = server.calls.length;
      clock.pass(3_600_000);
      await settleTasks();
      expect(server.calls).toHaveLength(calls);
      server.onPull = undefined;
      await world.replicator.now();
      expect(world.status).toMatchObject({ state: 'idle' });
      expect(world.status.error).toBeUndefined();
    });

    test('Y12 the status follows: pending, the oldest write, the last sync, the checkpoint', async () => {
      const { server, collection, clock } = await setUp({ shards: 2 });
      const told: SyncStatus[] = [];
      world.replicator.onStatus((status) => told.push(status));
      await atRest();
      expect(world.status).toMatchObject({
        state: 'idle',
        pending: 0,
        lastSyncedAt: clock.now(),
        checkpoint: { shards: 2, current: 2, healing: 0 },
      });
      expect(collection.mirror.row!.lastSyncedAt).toBe(clock.now());
      let answer = () => {};
      server.onPush = (request) =>
        new Promise((resolve) => {
          answer = () => resolve(server.applyPush(request));
        });
      clock.pass(1_000);
      const writtenAt = clock.now();
      await collection.write('a', 1);
      await until(() => server.requests('push').length === 1);
      clock.pass(1_000);
      await collection.write('b', 2);
      await until(() => world.status.pending === 2);
      expect(world.status).toMatchObject({ state: 'syncing', oldestPendingAt: writtenAt });
      server.onPush = undefined;
      answer();
      await until(() => server.numbers().b === 2);
      await quiet();
      expect(world.status).toMatchObject({ state: 'idle', pending: 0, pushed: 2 });
      expect(world.status.oldestPendingAt).toBeUndefined();
      expect(told.at(-1)).toEqual(world.status);
      expect(new Set(told.map(({ state }) => state))).toEqual(new Set(['idle', 'syncing']));
    });

    test('Y12 now() covers what was pending when it was called, while a round is under way, too', async () => {
      const { server, collection } = await setUp({ live: false });
      await world.synced();
      let answer = () => {};
      server.onPull = (request) =>
        new Promise((resolve) => {
          answer = () => resolve(server.readPull(request));
        });
      const first = world.replicator.now();
      await until(() => pulls().length === 2);
      server.onPull = undefined;
      await collection.write('a', 1);
      const second = world.replicator.now();
      answer();
      await Promise.all([first, second]);
      await world.expectEqual({ a: 1 });
    });

    test('Y12 replicated() resolves when nothing of the write is pending any more', async () => {
      const { server, collection } = await setUp();
      await atRest();
      server.onPush = () => Promise.reject(unavailable());
      const stamp = await collection.write('a', 1);
      let done = false;
      const waiting = world.replicator.replicated(['a'], stamp).then(() => {
        done = true;
      });
      await until(() => world.status.error !== undefined);
      expect(done).toBe(false);
      server.onPush = undefined;
      await world.replicator.now();
      await waiting;
      await world.replicator.replicated(['a'], stamp);
      await world.replicator.replicated([], stamp);
    });

    test('Y12 replicated() rejects where the write loses, also if that was before', async () => {
      const { server, collection } = await setUp();
      await atRest();
      server.onPush = (request) => {
        server.put('a', 9, world.stamp(5));
        return Promise.resolve(server.applyPush(request));
      };
      const stamp = await collection.write('a', 1);
      const waiting = world.replicator.replicated(['a', 'b'], stamp);
      await expect(waiting).rejects.toMatchObject({ code: 'SYNC_REJECTED' });
      await expect(world.replicator.replicated(['a'], stamp)).rejects.toMatchObject({
        code: 'SYNC_REJECTED',
      });
    });

    test('Y12 replicated() rejects once the write was set aside', async () => {
      const { server, collection } = await setUp({ live: false });
      server.judge = () => ({ status: 'invalid', message: 'too large' });
      const stamp = await collection.write('a', 1);
      world.replicator.start();
      const waiting = expect(world.replicator.replicated(['a'], stamp)).rejects.toMatchObject({
        code: 'SYNC_REJECTED',
      });
      for (let i = 0; i < 4; i++) await expect(world.replicator.now()).rejects.toThrow('too large');
      await world.replicator.now();
      await waiting;
    });

    test('Y12 stop() settles everything', async () => {
      const { server, collection } = await setUp({ conflict: 'compare-and-set' });
      await atRest();
      // A merge that never ends.
      world.merge = () => new Promise(() => {});
      server.put('a', 1, world.stamp(-1_000));
      const stamp = await collection.write('a', 2);
      await until(() => world.merges.length === 1);
      const waiting = [world.replicator.now(), world.replicator.replicated(['a'], stamp)].map((call) =>
        expect(call).rejects.toMatchObject({ code: 'CLOSED' }),
      );
      await world.replicator.stop();
      await Promise.all(waiting);
      expect(world.status.state).toBe('stopped');
      await expect(world.replicator.now()).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(world.replicator.replicated(['a'], stamp)).rejects.toMatchObject({ code: 'CLOSED' });
      const calls = server.calls.length;
      world.clock.pass(3_600_000);
      await collection.write('b', 1);
      await settleTasks();
      expect(server.calls).toHaveLength(calls);
    });

    test('Y12 stop() ends a call to the server that is under way', async () => {
      const { server } = await setUp();
      server.onOpen = () => new Promise(() => {});
      world.replicator.start();
      await until(() => server.requests('open').length === 1);
      await world.replicator.stop();
      expect(world.status.state).toBe('stopped');
    });

    test('L2 aborted waits reject at once', async () => {
      const { server, collection } = await setUp({ live: false });
      server.onOpen = () => new Promise(() => {});
      world.replicator.start();
      const stamp = await collection.write('a', 1);
      const aborting = new AbortController();
      const waiting = [
        world.replicator.now(aborting.signal),
        world.replicator.replicated(['a'], stamp, aborting.signal),
      ].map((call) => expect(call).rejects.toMatchObject({ code: 'ABORTED' }));
      await settleTasks();
      aborting.abort();
      await Promise.all(waiting);
    });
  });
}
