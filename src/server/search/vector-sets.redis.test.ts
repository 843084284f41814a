import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRedis8 } from '../../../scripts/redis/find-redis.mjs';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import type { Metric } from '../../shared/types.js';
import { openRedis } from '../redis/node-redis.js';
import { RedisChangeLog } from '../redis/redis-change-log.js';
import type { RedisPort } from '../redis/redis-port.js';
import { RedisVectorSets } from '../redis/redis-vector-sets.js';
import { fail, IndexedWorld, SHARDS } from './indexed-world.contract.js';
import { NAME } from './memory-log.contract.js';
import { SearchWorld } from './search-world.contract.js';
import { VectorIndexer } from './vector-indexer.js';

const ROWS = 2_000;

const program = findRedis8();
const why = program === undefined ? ' (left out: there is none; set NEARSHORE_REDIS8 to a redis-server)' : '';

describe.skipIf(program === undefined)(`Redis 8${why}`, () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let port: RedisPort;
  let log: RedisChangeLog;
  beforeAll(async () => {
    server = await startRedis({ program: program! });
    port = await openRedis({ urls: [server.url] });
    log = new RedisChangeLog(port);
  });
  afterAll(async () => {
    await log?.close();
    await server?.stop();
  });

  async function openWorld(rows: number, metric?: Metric): Promise<IndexedWorld> {
    const world = new IndexedWorld(port, log, metric);
    await world.fill(rows);
    return world;
  }

  const own = (vector: Float32Array) => Float32Array.from(vector);

  test('O3 vector sets find the nearest, with the scores of the exact engine; the receipt says so', async () => {
    const world = await openWorld(ROWS);
    let found = 0;
    const QUERIES = 50;
    for (let i = 0; i < QUERIES; i++) {
      const vector = own(world.vector());
      const fast = await world.query({ vector, topK: 10 });
      const exact = await world.query({ vector, topK: 10, exact: true });
      expect(fast.receipt).toMatchObject({ engine: 'vector-set', exact: false, complete: true });
      expect(fast.receipt.scanned).toBeLessThan(200);
      expect(exact.receipt).toMatchObject({ engine: 'exact', exact: true, scanned: ROWS });
      const scores = new Map(exact.ids.map((id, j) => [id, exact.scores[j]!]));
      for (const [j, id] of fast.ids.entries()) {
        if (!scores.has(id)) continue;
        expect(fast.scores[j]).toBe(scores.get(id));
        found++;
      }
    }
    const recall = found / (10 * QUERIES);
    console.info(`recall@10 of vector sets, ${ROWS} × ${world.descriptor.dimension}, normal: ${recall}`);
    expect(recall).toBeGreaterThan(0.95);
  });

  test('O3 a filter, exact, after, a high target and other metrics take the exact engine', async () => {
    const world = await openWorld(300);
    const vector = own(world.vector());
    const engineOf = async (more: object) =>
      (await world.query({ vector, topK: 10, ...more })).receipt.engine;
    expect(await engineOf({})).toBe('vector-set');
    expect(await engineOf({ targetRecall: 0.95 })).toBe('vector-set');
    expect(await engineOf({ filter: { n: 3 } })).toBe('exact');
    expect(await engineOf({ exact: true })).toBe('exact');
    expect(await engineOf({ after: { score: 0.5, id: 'r1' } })).toBe('exact');
    expect(await engineOf({ targetRecall: 0.999 })).toBe('exact');
    const dot = await openWorld(300, 'dot');
    expect((await dot.query({ vector, topK: 10 })).receipt.engine).toBe('exact');
    expect((await dot.query({ vector, topK: 10 })).receipt.engine).toBe('exact');
  });

  test('O3 O6 what is newer than the index is scored, what was replaced or deleted is not answered', async () => {
    const world = await openWorld(400);
    const query = own(world.vector());
    const nearest = world.best(query, 10).map(({ id }) => id);
    const [moved, deleted] = [nearest[0]!, nearest[1]!];
    const opposite = Float32Array.from(query, (value) => -value);
    await world.store([world.recordOf(moved, opposite), world.recordOf('new', own(query))], [deleted]);
    const { ids, scores, receipt } = await world.query({ vector: query, topK: 9 });
    const wanted = world.best(query, 9);
    expect(receipt.engine).toBe('vector-set');
    expect(wanted[0]!.id).toBe('new');
    expect(ids).toEqual(wanted.map(({ id }) => id));
    expect(scores[0]).toBeCloseTo(1, 6);
  });

  test('O3 Q2 where what was indexed is gone, the exact engine answers', async () => {
    const world = await openWorld(400);
    const query = own(world.vector());
    const all = world.best(query, 400).map(({ id }) => id);
    await world.store([], all.slice(0, 390));
    const { ids, receipt } = await world.query({ vector: query, topK: 10 });
    expect(ids).toEqual(all.slice(390));
    expect(receipt).toMatchObject({ engine: 'exact', exact: true });
  });

  test('O3 two that fill at once add each state once', async () => {
    const world = new IndexedWorld(port, log);
    await world.store(Array.from({ length: 500 }, (_, i) => world.recordOf(`r${i}`)));
    const another = new VectorIndexer(log, new RedisVectorSets(port), fail);
    await Promise.all([world.indexer.run(NAME, world.descriptor), another.run(NAME, world.descriptor)]);
    await another.run(NAME, world.descriptor);
    expect(await world.elements()).toBe(500);
  });

  test('O3 whoever comes too late adds nothing', async () => {
    const world = await openWorld(50);
    const place = { name: NAME, descriptor: world.descriptor, shard: 0 };
    const index = (await world.sets.index(place))!;
    const element = { name: `${'0'.repeat(32)}x`, vector: world.vector() };
    const to = { ...index.position, cursor: index.position.cursor + 1 };
    expect(await world.sets.add(place, index, [element], to)).toBe(true);
    expect(await world.sets.add(place, index, [element], to)).toBe(false);
    await world.sets.begin(place);
    expect(await world.sets.add(place, { ...index, position: to }, [element], to)).toBe(false);
    expect(await world.elements()).toBeLessThan(50);
  });

  test('O3 an index in which a third is out of date is made anew', async () => {
    const world = await openWorld(300);
    await world.store([...world.records.keys()].map((id) => world.recordOf(id)));
    await world.indexer.run(NAME, world.descriptor);
    expect(await world.elements()).toBe(300);
    const query = own(world.vector());
    const { ids, receipt } = await world.query({ vector: query, topK: 10 });
    expect(receipt.engine).toBe('vector-set');
    expect(ids).toEqual(world.best(query, 10).map(({ id }) => id));
  });

  test('O3 an index of another history is not asked, and made anew', async () => {
    const world = await openWorld(300);
    const query = own(world.vector());
    for (let shard = 0; shard < SHARDS; shard++) {
      const place = { name: NAME, descriptor: world.descriptor, shard };
      const index = (await world.sets.index(place))!;
      await world.sets.add(place, index, [], { ...index.position, epoch: 'f'.repeat(32) });
    }
    const fresh = new SearchWorld(log, world.descriptor, 1, { vectorSets: world.sets, vectorSetsFrom: 1 });
    await fresh.query({ vector: query, topK: 1 });
    const { receipt } = await fresh.query({ vector: query, topK: 10 });
    expect(receipt.engine).toBe('exact');
    await fresh.search.close();
    await world.indexer.run(NAME, world.descriptor);
    expect((await fresh.query({ vector: query, topK: 10 })).receipt.engine).toBe('vector-set');
    expect(await world.elements()).toBe(300);
  });
});

test('O3 a Redis without vector sets says why, and every query is exact', async ({ skip }) => {
  const server = await startRedis();
  const port = await openRedis({ urls: [server.url] });
  const log = new RedisChangeLog(port);
  try {
    const sets = new RedisVectorSets(port);
    const reason = await sets.unsupported();
    skip(reason === undefined, 'the Redis of this machine has vector sets');
    expect(reason).toMatch(/VCARD/);
    const world = new IndexedWorld(port, log);
    await world.store([world.recordOf('a')]);
    for (let i = 0; i < 2; i++) {
      const { receipt } = await world.query({ id: 'a', topK: 1 });
      expect(receipt).toMatchObject({ engine: 'exact', exact: true });
    }
  } finally {
    await log.close();
    await server.stop();
  }
});
