import { expect, test } from 'vitest';
import type { RemoteQuery } from '../../shared/sync/remote.js';
import { testExactSearch } from './exact-search.contract.js';
import { descriptorOf, MemoryLog } from './memory-log.contract.js';
import { SearchWorld } from './search-world.contract.js';

testExactSearch(async () => new MemoryLog(), 400);

async function smallWorld(options = {}) {
  const log = new MemoryLog();
  const world = new SearchWorld(log, descriptorOf({ dimension: 4 }), 3, options);
  const records = Array.from({ length: 100 }, (_, i) => ({ id: `r${i}`, vector: world.vector() }));
  await world.push(records);
  return { log, world, records };
}

test('O2 a shard is read once, and then only what is new', async () => {
  const { log, world } = await smallWorld();
  await world.query({ id: 'r1', topK: 1 });
  const first = log.pulls;
  await world.query({ id: 'r2', topK: 1 });
  expect(log.pulls - first).toBe(4);
});

test('O2 calls that come together share a pull, but none that began before them', async () => {
  const { log, world } = await smallWorld();
  await world.count();
  const before = log.pulls;
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  log.before = async (call) => {
    if (call === 'pull') await gate;
  };
  const early = world.count();
  await world.push([{ id: 'new', vector: world.vector() }]);
  const late = [world.count(), world.count()];
  release();
  await early;
  expect(await Promise.all(late)).toEqual([101, 101]);
  // A round of pulls for the first, and one for both of the others.
  expect(log.pulls - before).toBe(8);
});

test('O2 a history that became another one is read again from its beginning', async () => {
  const { log, world } = await smallWorld();
  const held = await world.count();
  log.fork(world.descriptor, 1, 3);
  const left = await world.count();
  expect(left).toBeLessThan(held);
  const fresh = new SearchWorld(log, world.descriptor);
  expect(left).toBe(await fresh.count());
});

test('O2 memory of shards is bounded; the answers are the same', async () => {
  const { log, world } = await smallWorld();
  const bounded = new SearchWorld(log, world.descriptor, 3, { cacheBytes: 9_000 });
  const wanted = await world.query({ id: 'r1', topK: 100 });
  for (let i = 0; i < 3; i++) {
    const got = await bounded.query({ id: 'r1', topK: 100 });
    expect([got.ids, got.scores]).toEqual([wanted.ids, wanted.scores]);
    expect(bounded.search.cachedBytes).toBeGreaterThan(0);
    expect(bounded.search.cachedBytes).toBeLessThanOrEqual(9_000);
  }
});

test('O4 a shard that does not answer gives a partial answer that says so, until it is back', async () => {
  const { log, world, records } = await smallWorld();
  const whole = await world.query({ id: 'r1', topK: 100 });
  log.down.add(2);
  const vector = Float32Array.from(records[1]!.vector);
  const partial = await world.query({ vector, topK: 100 });
  expect(partial.receipt).toMatchObject({ exact: false, complete: false, shards: { asked: 4, answered: 3 } });
  expect(partial.receipt.reason).toMatch(/1 of 4 shards.*2.*no answer/);
  expect(partial.ids.length).toBeGreaterThan(0);
  expect(partial.ids.length).toBeLessThan(100);
  await expect(world.count()).rejects.toMatchObject({ name: 'ShardUnavailable' });
  await expect(world.list({ limit: 10 })).rejects.toMatchObject({ name: 'ShardUnavailable' });
  log.down.clear();
  expect((await world.query({ vector, topK: 100 })).ids).toEqual(whole.ids);
});

/** One shard of several pages, which has no room in memory. */
async function largeWorld() {
  const log = new MemoryLog();
  const world = new SearchWorld(log, descriptorOf({ dimension: 4_096, shards: 1 }), 5, { cacheBytes: 1 });
  const records = Array.from({ length: 640 }, (_, i) => ({ id: `r${i}`, vector: world.vector() }));
  await world.push(records);
  return { log, world, records };
}

test('O2 where there is no room, what needs ids alone reads no records', async () => {
  const { log, world, records } = await largeWorld();
  // The first learns that the shard has no room.
  await world.count();
  await world.push([{ id: 'new', vector: world.vector() }], ['r1']);
  [log.pulls, log.keyPulls] = [0, 0];
  expect(await world.count()).toBe(records.length);
  const ids = new Set((await world.list({ limit: 1_000 })).records.ids);
  expect([ids.size, ids.has('new'), ids.has('r1')]).toEqual([records.length, true, false]);
  expect(log.keyPulls).toBe(log.pulls);
  await world.count({ n: 3 });
  expect(log.keyPulls).toBeLessThan(log.pulls);
});

test('O4 the same where a shard ends in the middle of a scan as it is read', async () => {
  const { log, world } = await largeWorld();
  // The first learns that the shard has no room.
  await world.count();
  log.pulls = 0;
  await world.count();
  const whole = log.pulls;
  log.pulls = 0;
  log.before = (call) => {
    if (call === 'pull' && log.pulls === whole - 1) log.down.add(0);
  };
  const { ids, receipt } = await world.query({ vector: Float32Array.from(world.vector()), topK: 1_000 });
  expect(receipt).toMatchObject({ complete: false, exact: false, shards: { answered: 0 } });
  expect(ids.length).toBeGreaterThan(0);
});

test('O2 a record that is replaced while its shard is scanned as it is read comes once', async () => {
  const { log, world, records } = await largeWorld();
  let replaced = 0;
  const seen = new Set<number>();
  log.before = async (call) => {
    if (call !== 'pull' || seen.has(log.pulls) || log.pulls % 3 !== 1) return;
    seen.add(log.pulls);
    const some = records.filter((_, i) => i % 40 === log.pulls % 40);
    replaced += some.length;
    await world.push(some.map(({ id }) => ({ id, vector: world.vector() })));
  };
  const { ids } = await world.query({ vector: Float32Array.from(world.vector()), topK: 1_000 });
  expect(replaced).toBeGreaterThan(32);
  expect(ids.length).toBe(640);
  expect(new Set(ids).size).toBe(640);
});

test.each([
  ['topK beyond 1,000', { topK: 1_001 }, 'INVALID_ARGUMENT'],
  ['topK 0', { topK: 0 }, 'INVALID_ARGUMENT'],
  ['another dimension', { vector: new Float32Array(3) }, 'DIMENSION_MISMATCH'],
  ['a zero vector', { vector: new Float32Array(4) }, 'INVALID_ARGUMENT'],
  ['a filter that is none', { filter: { n: { $near: 1 } } }, 'INVALID_ARGUMENT'],
])('O1 a query with %s is refused', async (_, part, code) => {
  const { world } = await smallWorld();
  const query = { vector: Float32Array.of(1, 2, 3, 4), topK: 5, ...part } as RemoteQuery;
  await expect(world.query(query)).rejects.toMatchObject({ code, problems: [{ position: 0 }] });
});

test('O1 an answer has a bounded size: pages end earlier, queries are refused', async () => {
  const log = new MemoryLog();
  const world = new SearchWorld(log, descriptorOf({ dimension: 2 }));
  const metadata = JSON.stringify({ text: 'x'.repeat(60_000) });
  const records = Array.from({ length: 700 }, (_, i) => ({ id: `r${i}`, vector: world.vector(), metadata }));
  await world.push(records);
  await expect(world.query({ id: 'r1', topK: 700 })).rejects.toThrow(/32 MiB.*fewer/);
  expect((await world.query({ id: 'r1', topK: 700, includeMetadata: false })).ids.length).toBe(700);
  const page = await world.list({ limit: 700 });
  expect(page.records.ids.length).toBeLessThan(600);
  const rest = await world.list({ limit: 700, cursor: page.cursor! });
  expect(page.records.ids.length + rest.records.ids.length).toBe(700);
  expect(rest.cursor).toBeUndefined();
  const { found } = await world.get(records.slice(0, 500).map(({ id }) => id));
  expect(found.length).toBe(500);
});
