import { afterEach, describe, expect, test } from 'vitest';
import { MAX_OPERATIONS, type PullRequest, type PushRequest } from '../../shared/sync/protocol.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import { unavailable } from './fake-server.contract.js';
import { settleTasks } from './manual-clock.contract.js';
import { type MakeCollection, World, type WorldOptions } from './replicator-world.contract.js';
import { RequestTooLarge } from './transport.js';

/** Rounds of a replicator, on any mirror. */
export function describeReplicator(name: string, make: MakeCollection): void {
  describe(`replicator, ${name}`, () => {
    let world: World;
    const setUp = async (options?: WorldOptions) => {
      world = await World.make(make, options);
      return world;
    };
    afterEach(() => world.replicator.stop());

    test('Y1 what is written here comes to the server, and what is there comes here', async () => {
      const { server, collection } = await setUp();
      server.put('theirs', 1, world.stamp());
      await collection.write('ours', 2);
      await world.synced();
      await world.expectEqual({ ours: 2, theirs: 1 });
      await collection.remove('theirs');
      await collection.write('ours', 3);
      server.put('more', 4, world.stamp());
      await world.replicator.now();
      await world.expectEqual({ more: 4, ours: 3 });
    });

    test('Y1 deletes of others come, and stay', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      await world.synced();
      world.clock.pass(10);
      server.delete('a', world.stamp());
      await world.replicator.now();
      await world.expectEqual({});
      await world.restart();
      await world.replicator.now();
      await world.expectEqual({});
    });

    test('Y2 an edit that comes while its predecessor is being pushed stays pending, and is pushed next', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      server.onPush = async (request) => {
        server.onPush = undefined;
        await collection.write('a', 2);
        return server.applyPush(request);
      };
      await world.synced();
      await world.expectEqual({ a: 2 });
      const pushed = server.requests<PushRequest>('push').map(({ operations }) => operations.length);
      expect(pushed).toEqual([1, 1]);
    });

    test('Y2 a push without an answer is repeated with the same stamp, and has one effect', async () => {
      const { server, collection } = await setUp();
      await collection.write('a', 1);
      server.onPush = async (request) => {
        server.onPush = undefined;
        server.applyPush(request);
        throw unavailable();
      };
      world.replicator.start();
      await expect(world.replicator.now()).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' });
      expect(world.status).toMatchObject({ state: 'offline', pending: 1 });
      const before = server.shards.map(({ seq }) => seq);
      await world.replicator.now();
      expect(server.shards.map(({ seq }) => seq)).toEqual(before);
      const stamps = server.requests<PushRequest>('push').map(({ operations }) => operations[0]!.stamp);
      expect(new Set(stamps).size).toBe(1);
      await world.expectEqual({ a: 1 });
    });

    test('Y11 a push that is too large is divided; each part is acknowledged before the next is sent', async () => {
      const { server, collection } = await setUp();
      for (let i = 0; i < 10; i++) await collection.write(`r${i}`, i);
      const pending: number[] = [];
      server.onPush = async (request) => {
        if (request.operations.length > 3) throw new RequestTooLarge('too large');
        pending.push((await collection.mirror.pending({ count: 0, bytes: 0 }, new Set())).total);
        return server.applyPush(request);
      };
      await world.synced();
      expect(pending).toEqual([10, 7, 5, 2]);
      await world.expectEqual(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`r${i}`, i])));
    });

    test('Y4 a write that is stale is replaced, and told with what won', async () => {
      const { server, collection } = await setUp();
      await world.synced();
      await collection.write('a', 1);
      server.onPush = (request) => {
        server.onPush = undefined;
        server.put('a', 9, world.stamp(5));
        return Promise.resolve(server.applyPush(request));
      };
      await world.replicator.now();
      await world.expectEqual({ a: 9 });
      expect(world.lost).toMatchObject([
        { local: { id: 'a', metadata: '{"number":1}' }, remote: { metadata: '{"number":9}' } },
      ]);
    });

    test('Y4 an edit of a record whose tombstone was collected is dropped, and told', async () => {
      const { server, collection } = await setUp({ shards: 1 });
      await collection.write('a', 1);
      await world.synced();
      await collection.write('a', 2);
      server.delete('a', world.stamp(-5));
      server.onPull = () => {
        // Before the floor rises over its cursor, so that the push comes first.
        server.onPull = undefined;
        return undefined;
      };
      server.onPush = (request) => {
        server.onPush = undefined;
        server.shards[0]!.entries.delete('a');
        return Promise.resolve(server.applyPush(request));
      };
      await world.replicator.now();
      await world.expectEqual({});
      expect(world.lost).toMatchObject([{ local: { metadata: '{"number":2}' }, remote: undefined }]);
    });

    test('Y4 a conflict is merged on what the server has, and the merged record is pushed', async () => {
      const { server, collection } = await setUp({ conflict: 'compare-and-set' });
      await world.synced();
      await collection.write('a', 1);
      server.put('a', 10, world.stamp(-1_000));
      world.merge = async ({ local, remote }) => {
        const number = JSON.parse(local.metadata!).number + JSON.parse(remote.metadata!).number;
        return { ...local, metadata: JSON.stringify({ number }) };
      };
      await world.replicator.now();
      await world.expectEqual({ a: 11 });
      expect(world.merges).toHaveLength(1);
    });

    test("Y4 in a conflict the server's record stays where nobody merges, and the loss is told", async () => {
      const { server, collection } = await setUp({ conflict: 'compare-and-set' });
      await world.synced();
      await collection.write('a', 1);
      server.put('a', 10, world.stamp(-1_000));
      await world.replicator.now();
      await world.expectEqual({ a: 10 });
      expect(world.lost).toMatchObject([{ local: { metadata: '{"number":1}' } }]);
    });

    test("Y4 an edit on this device's own record is offered again without asking", async () => {
      const { server, collection } = await setUp({ conflict: 'compare-and-set' });
      await world.synced();
      await collection.write('a', 1);
      server.onPush = async (request) => {
        server.onPush = undefined;
        server.applyPush(request);
        throw unavailable();
      };
      await expect(world.replicator.now()).rejects.toThrow();
      // It does not know that its first write is there.
      await collection.write('a', 2);
      await world.replicator.now();
      await world.expectEqual({ a: 2 });
      expect(world.merges).toEqual([]);
    });

    test('Y4 a conflict whose merge throws is set aside after five tries; others go on', async () => {
      const { server, collection } = await setUp({ conflict: 'compare-and-set' });
      await world.synced();
      await collection.write('a', 1);
      server.put('a', 10, world.stamp(-1_000));
      world.merge = async () => {
        throw new Error('no idea');
      };
      for (let i = 0; i < 4; i++) await expect(world.replicator.now()).rejects.toThrow('no idea');
      await collection.write('b', 2);
      await world.replicator.now();
      expect(world.status).toMatchObject({ state: 'idle', pending: 1, setAside: 1 });
      const reason = 'onConflict has thrown: no idea';
      expect(world.status.setAsideWrites).toEqual([{ id: 'a', reason }]);
      expect(server.numbers()).toEqual({ a: 10, b: 2 });
    });

    test('Y4 what is refused for good five times is set aside, the queue goes on, and an edit is tried again', async () => {
      const { server, collection } = await setUp();
      await collection.write('bad', 1);
      await collection.write('good', 2);
      server.judge = ({ id }) =>
        id === 'bad' ? { status: 'invalid', message: 'another dimension' } : undefined;
      world.replicator.start();
      for (let i = 0; i < 4; i++) {
        await expect(world.replicator.now()).rejects.toMatchObject({ code: 'SYNC_REJECTED' });
      }
      await world.replicator.now();
      expect(server.numbers()).toEqual({ good: 2 });
      expect(world.status).toMatchObject({ state: 'idle', pending: 1, setAside: 1 });
      expect(world.status.error).toBeUndefined();
      const pushes = server.requests('push').length;
      await world.replicator.now();
      expect(server.requests('push')).toHaveLength(pushes);
      server.judge = undefined;
      await collection.write('bad', 3);
      await world.replicator.now();
      expect(world.status.setAside).toBe(0);
      await world.expectEqual({ bad: 3, good: 2 });
    });

    test('Y5 after a restart it goes on where it was', async () => {
      const { server } = await setUp({ shards: 1 });
      server.pageSize = 2;
      for (let i = 0; i < 5; i++) server.put(`r${i}`, i, world.stamp());
      let pulls = 0;
      server.onPull = (request) => {
        if (++pulls === 3) throw unavailable();
        return Promise.resolve(server.readPull(request));
      };
      world.replicator.start();
      await expect(world.replicator.now()).rejects.toThrow();
      await world.restart();
      await world.replicator.now();
      await world.expectEqual({ r0: 0, r1: 1, r2: 2, r3: 3, r4: 4 });
      const cursors = server.requests<PullRequest>('pull').map(({ shards: [shard] }) => shard!.cursor);
      expect(cursors).toEqual([0, 2, 4, 4]);
    });

    test('Y9 the clock of the collection follows the server, and refused stamps are made anew in their order', async () => {
      const { server, collection, clock } = await setUp({ shards: 1 });
      await world.synced();
      clock.skewMs = 5 * 3_600_000;
      await collection.write('a', 1);
      await collection.write('b', 2);
      server.judge = ({ stamp }) =>
        Number.parseInt(stamp.slice(0, 12), 16) > server.time() + 60_000 ? { status: 'future' } : undefined;
      await world.replicator.now();
      await world.expectEqual({ a: 1, b: 2 });
      expect(collection.mirror.row!.clockOffsetMs).toBe(-5 * 3_600_000);
      const entries = server.shards[0]!.entries;
      expect(entries.get('a')!.stamp < entries.get('b')!.stamp).toBe(true);
    });

    test('Y9 writes that were made before the first contact are moved by the offset', async () => {
      const { server, collection, clock } = await setUp();
      clock.skewMs = -86_400_000;
      await collection.write('a', 1);
      await world.synced();
      const stamps = server.shards.flatMap(({ entries }) => [...entries.values()].map(({ stamp }) => stamp));
      expect(Number.parseInt(stamps[0]!.slice(0, 12), 16)).toBeGreaterThan(server.time() - 60_000);
    });

    test('Y11 a push has at most 500 operations, and one is in flight', async () => {
      const { server, collection } = await setUp();
      for (let i = 0; i < 2 * MAX_OPERATIONS + 1; i++) await collection.write(`r${i}`, i);
      let inFlight = 0;
      let most = 0;
      server.onPush = async (request) => {
        most = Math.max(most, ++inFlight);
        await settleTasks(2);
        inFlight--;
        return server.applyPush(request);
      };
      await world.synced();
      const sizes = server.requests<PushRequest>('push').map(({ operations }) => operations.length);
      expect(sizes).toEqual([MAX_OPERATIONS, MAX_OPERATIONS, 1]);
      expect(most).toBe(1);
    });

    test('Y11 a pull asks for four shards at most, and for the next when this one is applied', async () => {
      const { server, collection } = await setUp({ shards: 10 });
      const asked: number[][] = [];
      server.onPull = async (request) => {
        const appliedBefore = collection.mirror.row!.shards.filter(({ epoch }) => epoch !== '').length;
        expect(appliedBefore).toBe(asked.flat().length);
        asked.push(request.shards.map(({ shard }) => shard));
        return server.readPull(request);
      };
      await world.synced();
      expect(asked.map(({ length }) => length)).toEqual([4, 4, 2]);
      expect(asked.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    test('Y11 entries of this device come bare, once all of its shard is here', async () => {
      const { server, collection } = await setUp({ shards: 1 });
      await collection.write('a', 1);
      await world.synced();
      const devices = server.requests<PullRequest>('pull').map(({ device }) => device);
      expect(devices).toEqual([undefined, collection.mirror.device]);
      await world.expectEqual({ a: 1 });
    });

    test('Y11 a shard that does not answer holds up neither the others nor, later, itself', async () => {
      const { server, collection } = await setUp({ shards: 2 });
      const [one, other] = ['a', 'b', 'c', 'd']
        .toSorted((x, y) => shardOf(x, 2) - shardOf(y, 2))
        .filter((_, i) => i === 0 || i === 3) as [string, string];
      await collection.write(one, 1);
      await collection.write(other, 2);
      const broken = shardOf(one, 2);
      server.judge = ({ id }) =>
        shardOf(id, 2) === broken ? { status: 'unavailable', message: 'no master' } : undefined;
      world.replicator.start();
      await expect(world.replicator.now()).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' });
      expect(server.numbers()).toEqual({ [other]: 2 });
      server.judge = undefined;
      await world.replicator.now();
      await world.expectEqual({ [one]: 1, [other]: 2 });
    });

    test('Y11 where the server has no room left, deletes still go there', async () => {
      const { server, collection } = await setUp();
      await collection.write('old', 0);
      await world.synced();
      for (let i = 0; i < 600; i++) await collection.write(`r${i}`, i);
      await collection.remove('old');
      server.judge = ({ kind }) =>
        kind === 'upsert' ? { status: 'quota', message: '1 GB of 1 GB' } : undefined;
      await expect(world.replicator.now()).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
      expect(server.numbers()).toEqual({});
      expect(world.status).toMatchObject({ state: 'error', pending: 600 });
      const upserts = server
        .requests<PushRequest>('push')
        .slice(1)
        .flatMap(({ operations }) => operations.filter(({ kind }) => kind === 'upsert'));
      expect(upserts.length).toBeLessThanOrEqual(MAX_OPERATIONS);
    });

    test('Y12 with replicated asked for, a write is acknowledged once a replica has it', async () => {
      const { server, collection } = await setUp({ replicated: true });
      await collection.write('a', 1);
      let replicated = false;
      server.onPush = async (request) => {
        expect(request.replicated).toBe(true);
        const { shards, ...answer } = server.applyPush(request);
        const told = Object.entries(shards).map(([shard, state]) => [shard, { ...state, replicated }]);
        return { ...answer, shards: Object.fromEntries(told) };
      };
      world.replicator.start();
      await expect(world.replicator.now()).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' });
      expect(world.status.pending).toBe(1);
      replicated = true;
      await world.replicator.now();
      await world.expectEqual({ a: 1 });
    });
  });
}
