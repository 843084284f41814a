import { afterEach, describe, expect, test } from 'vitest';
import type { PullRequest, PushRequest } from '../../shared/sync/protocol.js';
import { unavailable } from './fake-server.contract.js';
import { type MakeCollection, World, type WorldOptions } from './replicator-world.contract.js';

const HOUR_MS = 3_600_000;

/** Forks, resets, and what else comes of a server that has lost something, on any mirror. */
export function describeHealing(name: string, make: MakeCollection): void {
  describe(`healing, ${name}`, () => {
    let world: World;
    const setUp = async (options?: WorldOptions) => {
      world = await World.make(make, { shards: 1, ...options });
      return world;
    };
    afterEach(() => world.replicator.stop());

    test('Y6 a failover that lost nothing is a refused push, a pull, and the push again', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      await world.synced();
      server.fail(0);
      await collection.write('a', 2);
      server.onPull = (request) => {
        server.onPull = undefined;
        // Its first pull of the round is answered by the primary before.
        return Promise.resolve({ ...server.readPull(request), pages: [{ ...unchanged(request) }] });
      };
      await world.replicator.now();
      await world.expectEqual({ a: 2 });
      expect(collection.mirror.row!.shards[0]).toMatchObject({
        epoch: server.shards[0]!.epoch,
        phase: 'pull',
      });
    });

    test('Y6 an acknowledgement of another epoch is not taken', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      await world.synced();
      await collection.write('b', 2);
      const before = server.image(0);
      server.onPush = async (request) => {
        server.onPush = undefined;
        const answer = server.applyPush(request);
        server.fail(0, before);
        // The answer of a primary that another has replaced, as a client without an epoch would get it.
        const { epoch } = server.shards[0]!;
        return { ...answer, shards: { 0: { epoch, seq: 7, replicated: true } } };
      };
      await world.replicator.now();
      await world.expectEqual({ a: 1, b: 2 });
      expect(server.requests<PushRequest>('push').at(-1)!.operations).toMatchObject([{ id: 'b' }]);
    });

    test('Y6 a loss is noticed of what was acknowledged, and never pulled', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      await world.synced();
      const before = server.image(0);
      await collection.write('b', 2);
      server.onPull = (request) => {
        if (server.requests('push').length < 2) return undefined;
        expect(request.shards[0]!.hi).toBeGreaterThan(request.shards[0]!.cursor);
        server.onPull = undefined;
        server.fail(0, before);
        return undefined;
      };
      await world.replicator.now();
      await world.expectEqual({ a: 1, b: 2 });
    });

    test('Y7 what the server has lost is offered to it, records and deletes', async () => {
      const { server, collection } = await setUp();
      await collection.write('kept', 1);
      await collection.write('edited', 1);
      await collection.write('deleted', 1);
      await world.synced();
      const before = server.image(0);
      await collection.write('new', 2);
      await collection.write('edited', 2);
      await collection.remove('deleted');
      await world.replicator.now();
      server.fail(0, before);
      await collection.write('pending', 3);
      await world.replicator.now();
      await world.expectEqual({ edited: 2, kept: 1, new: 2, pending: 3 });
      expect(world.lost).toEqual([]);
      expect(collection.mirror.row!.shards[0]).toMatchObject({ phase: 'pull' });
    });

    test('Y7 a pending edit of a lost record is offered, not taken for gone', async () => {
      const { server, collection } = await setUp();
      await world.synced();
      const before = server.image(0);
      await collection.write('a', 1);
      await world.replicator.now();
      server.fail(0, before);
      await collection.write('a', 2);
      await world.replicator.now();
      await world.expectEqual({ a: 2 });
      expect(world.lost).toEqual([]);
    });

    test('Y7 while the keys cannot be read, a pending edit of a lost record waits', async () => {
      const { server, collection } = await setUp();
      await world.synced();
      const before = server.image(0);
      await collection.write('a', 1);
      await world.replicator.now();
      server.fail(0, before);
      await collection.write('a', 2);
      server.onPull = (request) => {
        if (!request.shards[0]!.keys) return undefined;
        const pages = [{ kind: 'unavailable' as const, shard: 0, message: 'no master' }];
        return Promise.resolve({ time: server.time(), pages });
      };
      await expect(world.replicator.now()).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' });
      expect(world.lost).toEqual([]);
      server.onPull = undefined;
      await world.replicator.now();
      await world.expectEqual({ a: 2 });
    });

    test('Y9 in an offer, too, a pending edit from a clock that was ahead gets another stamp', async () => {
      const { server, collection, clock } = await setUp();
      await world.synced();
      const before = server.image(0);
      await collection.write('a', 1);
      await world.replicator.now();
      server.fail(0, before);
      clock.skewMs = 5 * HOUR_MS;
      await collection.write('a', 2);
      server.judge = ({ stamp }) =>
        Number.parseInt(stamp.slice(0, 12), 16) > server.time() + 60_000 ? { status: 'future' } : undefined;
      await world.replicator.now();
      await world.expectEqual({ a: 2 });
    });

    test('Y7 everything is lost, and everything comes back', async () => {
      const { server, collection } = await setUp({ shards: 4 });
      const all = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`r${i + 10}`, i]));
      for (const [id, number] of Object.entries(all)) await collection.write(id, number);
      await world.synced();
      for (let shard = 0; shard < 4; shard++) server.wipe(shard);
      await world.replicator.now();
      await world.expectEqual(all);
    });

    test('Y7 after the offer the whole shard is pulled again: what lies below the cursor may be new', async () => {
      const { server, collection } = await setUp();
      server.put('back', 1, world.stamp(-HOUR_MS));
      const before = server.image(0);
      server.delete('back', world.stamp(-HOUR_MS + 1));
      server.put('more', 1, world.stamp());
      server.collectGarbage(0);
      await world.synced();
      await world.expectEqual({ more: 1 });
      // The delete was never seen here, nor by anyone who could bring it again.
      server.fail(0, before);
      await world.replicator.now();
      await world.expectEqual({ back: 1, more: 1 });
      expect(collection.mirror.row!.shards[0]!.cursor).toBe(server.shards[0]!.seq);
    });

    test('Y7 in a fork an edit of the same record by another device is a conflict under compare-and-set', async () => {
      const { server, collection } = await setUp({ conflict: 'compare-and-set' });
      await collection.write('a', 1);
      await world.synced();
      const before = server.image(0);
      server.put('z', 0, world.stamp());
      await world.replicator.now();
      server.fail(0, before);
      world.clock.pass(1_000);
      server.put('a', 5, world.stamp());
      world.clock.pass(1_000);
      await collection.write('a', 2);
      world.merge = async ({ local }) => ({ ...local, metadata: '{"number":7}' });
      await world.replicator.now();
      await world.expectEqual({ a: 7, z: 0 });
      expect(world.merges).toHaveLength(1);
    });

    test('Y7 of two devices that heal at the same time the one with the younger version wins', async () => {
      const { server, collection, clock } = await setUp({ conflict: 'compare-and-set' });
      const older = world.stamp();
      server.put('a', 1, older);
      await world.synced();
      clock.pass(1_000);
      await collection.write('a', 2);
      await world.replicator.now();
      server.wipe(0);
      server.onPush = (request) => {
        server.onPush = undefined;
        // The other device has read that it is missing, too.
        server.put('a', 1, older);
        return Promise.resolve(server.applyPush(request));
      };
      await world.replicator.now();
      await world.expectEqual({ a: 2 });
    });

    for (const calls of [1, 2, 3, 4, 5, 6]) {
      test(`Y7 it may be stopped after ${calls} calls, and is whole after the next start`, async () => {
        const { server, collection } = await setUp();
        server.pageSize = 3;
        for (let i = 0; i < 5; i++) await collection.write(`a${i}`, i);
        await world.synced();
        const before = server.image(0);
        for (let i = 0; i < 5; i++) await collection.write(`b${i}`, i);
        await world.replicator.now();
        server.fail(0, before);
        let left = calls;
        const count = () => {
          if (left-- === 0) throw unavailable();
          return undefined;
        };
        server.onPull = count;
        server.onPush = count;
        await expect(world.replicator.now()).rejects.toThrow();
        server.onPull = undefined;
        server.onPush = undefined;
        await world.restart();
        await world.replicator.now();
        await world.expectEqual({ a0: 0, a1: 1, a2: 2, a3: 3, a4: 4, b0: 0, b1: 1, b2: 2, b3: 3, b4: 4 });
      });
    }

    test('Y7 a second failover while the offer is under way begins it again', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      await world.synced();
      const before = server.image(0);
      await collection.write('b', 2);
      await world.replicator.now();
      server.fail(0, before);
      server.onPush = async (request) => {
        const answer = server.applyPush(request);
        server.onPush = undefined;
        server.fail(0, before);
        return answer;
      };
      await world.replicator.now();
      await world.expectEqual({ a: 1, b: 2 });
    });

    test('Y7 a failover while the shard is pulled again does not sweep away what was offered', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      await world.synced();
      const before = server.image(0);
      await collection.write('b', 2);
      await world.replicator.now();
      server.fail(0, before);
      let healed = false;
      server.onPull = () => {
        if (healed || collection.mirror.row!.shards[0]!.phase !== 'repull') return undefined;
        healed = true;
        server.fail(0, before);
        return undefined;
      };
      await world.replicator.now();
      expect(healed).toBe(true);
      await world.expectEqual({ a: 1, b: 2 });
    });

    test('Y7 a device that has missed collected deletes offers only what is too young to be one of them', async () => {
      const { server, collection, clock } = await setUp();
      await collection.write('deleted', 1);
      await world.synced();
      const stampOfOld = world.stamp();
      clock.pass(3 * HOUR_MS);
      server.delete('deleted', stampOfOld);
      server.collectGarbage(0);
      const before = server.image(0);
      // Acknowledged, but not pulled: so the loss is noticed, and the cursor is below the floor.
      await collection.write('young', 2);
      let pulls = 0;
      server.onPull = () => {
        if (++pulls === 1) throw unavailable();
        return undefined;
      };
      await expect(world.replicator.now()).rejects.toThrow();
      const { mirror } = collection;
      const { operations } = await mirror.pending({ count: 1, bytes: 1_000 }, new Set());
      const { results, shards } = server.applyPush({
        collection: server.descriptor.id,
        epochs: {},
        replicated: false,
        operations,
      });
      await mirror.settle(operations, results, shards);
      server.fail(0, before);
      await world.replicator.now();
      await world.expectEqual({ young: 2 });
    });

    test('Y8 a device that was away for longer than tombstones live drops what was deleted meanwhile', async () => {
      const { server, collection } = await setUp();
      for (const id of ['a', 'b', 'c']) await collection.write(id, 1);
      await world.synced();
      world.clock.pass(10);
      server.delete('b', world.stamp());
      server.delete('c', world.stamp());
      server.put('d', 2, world.stamp());
      server.collectGarbage(0);
      world.clock.pass(10);
      await collection.write('new', 3);
      await collection.write('c', 4);
      await world.replicator.now();
      await world.expectEqual({ a: 1, d: 2, new: 3 });
      expect(world.lost).toMatchObject([{ local: { id: 'c', metadata: '{"number":4}' }, remote: undefined }]);
    });

    test('Y8 cursor 0 does not pass for new where something of the shard was acknowledged', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      // Pushed, but the pull after it fails, so that its cursor is still 0.
      let pulls = 0;
      server.onPull = () => {
        if (++pulls > 1) throw unavailable();
        server.onPull = undefined;
        return undefined;
      };
      world.replicator.start();
      await world.replicator.now();
      const { mirror } = collection;
      const from = mirror.row!.shards[0]!;
      await mirror.setPhase(0, from, { ...from, cursor: 0, floor: 0 });
      server.delete('a', world.stamp(10));
      server.collectGarbage(0);
      await world.restart();
      await world.replicator.now();
      await world.expectEqual({});
    });

    test('Y8 a long first pull is not below the floor', async () => {
      const { server } = await setUp();
      server.pageSize = 2;
      for (let i = 0; i < 7; i++) server.put(`r${i}`, i, world.stamp());
      server.delete('r6', world.stamp(1));
      server.collectGarbage(0);
      await world.synced();
      await world.expectEqual({ r0: 0, r1: 1, r2: 2, r3: 3, r4: 4, r5: 5 });
      const cursors = server.requests<PullRequest>('pull').map(({ shards: [shard] }) => shard!.cursor);
      expect(cursors).toEqual([0, 2, 4]);
    });

    test('Y8 deletes that are collected during a first pull begin it again', async () => {
      const { server } = await setUp();
      server.pageSize = 2;
      for (let i = 0; i < 5; i++) server.put(`r${i}`, i, world.stamp());
      let pulls = 0;
      server.onPull = () => {
        if (++pulls !== 2) return undefined;
        server.delete('r0', world.stamp(1));
        server.collectGarbage(0);
        return undefined;
      };
      await world.synced();
      await world.expectEqual({ r1: 1, r2: 2, r3: 3, r4: 4 });
    });

    test('Y8 the server has lost the collection as a whole: it is made anew from here', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      await world.synced();
      server.wipe(0);
      server.descriptor = { ...server.descriptor, id: 'e'.repeat(32) };
      await world.restart();
      await world.replicator.now();
      await world.expectEqual({ a: 1 });
      expect(collection.mirror.row!.descriptor.id).toBe('e'.repeat(32));
    });

    /** An answer that tells nothing new. */
    function unchanged({ shards: [from] }: PullRequest) {
      const { shard, epoch, cursor, hi, floor } = from!;
      return { kind: 'page' as const, shard, epoch, cursor, hi, floor, more: false, entries: [] };
    }
  });
}
