import { expect, test } from 'vitest';
import type { RemoteRecord } from '../../shared/sync/remote.js';
import { descriptorOf, MemoryLog } from './memory-log.contract.js';
import { laterThan } from './modify.js';
import { testRemoteWrites } from './remote-writes.contract.js';
import { SearchWorld } from './search-world.contract.js';

testRemoteWrites(async (wanted) => new SearchWorld(new MemoryLog(), descriptorOf(wanted)));

async function worldWith(...records: RemoteRecord[]) {
  const log = new MemoryLog();
  const world = new SearchWorld(log, descriptorOf({ dimension: 2, shards: 2 }));
  await world.write({ mode: 'upsert', records });
  /** Lets another write come between reading and writing. */
  const betweenOnce = (write: () => Promise<unknown>) => {
    let isDone = false;
    log.before = async (call) => {
      if (call !== 'push' || isDone) return;
      isDone = true;
      await write();
    };
  };
  return { log, world, betweenOnce };
}

/** Later than what comes in between, so that the order of stamps decides nothing. */
const stamp = `${(1_700_000_001_000).toString(16).padStart(12, '0')}0000${'a'.repeat(16)}`;
const a: RemoteRecord = { id: 'a', vector: Float32Array.of(1, 2), metadata: '{"n":1}' };

test('O5 setMetadata keeps the vector that another write has put there meanwhile', async () => {
  const { world, betweenOnce } = await worldWith(a);
  const vector = Float32Array.of(3, 4);
  betweenOnce(() => world.write({ mode: 'upsert', records: [{ ...a, vector, text: 'new' }] }));
  const updates = [{ id: 'a', metadata: '{"n":5}' }];
  const written = await world.write({ mode: 'set-metadata', updates, stamp });
  expect(written.results).toEqual([{ status: 'ok' }]);
  const { records } = await world.get(['a']);
  expect(records).toEqual({ ids: ['a'], metadata: ['{"n":5}'], texts: ['new'], vectors: vector });
});

test('O5 setMetadata does not bring back what is deleted meanwhile', async () => {
  const { world, betweenOnce } = await worldWith(a);
  betweenOnce(() => world.write({ mode: 'delete', ids: ['a'] }));
  const updates = [{ id: 'a', metadata: '{"n":5}' }];
  const written = await world.write({ mode: 'set-metadata', updates, stamp });
  expect(written.results).toEqual([{ status: 'absent' }]);
  expect(await world.count()).toBe(0);
});

test('O5 insert tells an id that comes to be there meanwhile, and leaves it alone', async () => {
  const { world, betweenOnce } = await worldWith();
  betweenOnce(() => world.write({ mode: 'upsert', records: [{ ...a, metadata: '{"n":2}' }] }));
  const written = await world.write({ mode: 'insert', records: [a], stamp });
  expect(written.results).toEqual([{ status: 'exists' }]);
  expect((await world.get(['a'])).records.metadata).toEqual(['{"n":2}']);
});

test('O5 delete by filter leaves alone what has ceased to pass meanwhile', async () => {
  const { world, betweenOnce } = await worldWith(a, { ...a, id: 'b' });
  betweenOnce(() => world.write({ mode: 'set-metadata', updates: [{ id: 'a', metadata: '{"n":2}' }] }));
  const written = await world.write({ mode: 'delete-where', filter: { n: 1 }, stamp });
  expect(written.count).toBe(1);
  expect((await world.get(['a', 'b'])).found).toEqual([true, false]);
});

test('O4 O5 a shard that does not answer is told for its positions', async () => {
  const { log, world } = await worldWith();
  const records = Array.from({ length: 40 }, (_, i) => ({ ...a, id: `r${i}` }));
  log.down.add(0);
  const partial = await world.write({ mode: 'upsert', records, stamp });
  const unavailable = partial.results.filter(({ status }) => status === 'unavailable').length;
  expect(unavailable).toBeGreaterThan(5);
  expect(partial.count).toBe(40 - unavailable);
  log.down.clear();
  const again = await world.write({ mode: 'upsert', records, stamp, repeated: true });
  expect(again.results).toEqual(records.map(() => ({ status: 'ok' })));
  expect(await world.count()).toBe(40);
  log.down.add(0);
  await expect(world.write({ mode: 'insert', records })).rejects.toMatchObject({ name: 'ShardUnavailable' });
});

test.each([
  ['an id that comes twice', [a, a], 'DUPLICATE_ID'],
  ['an empty id', [{ ...a, id: '' }], 'INVALID_ARGUMENT'],
  ['a vector of another dimension', [{ ...a, vector: new Float32Array(3) }], 'DIMENSION_MISMATCH'],
  ['a vector of zeros', [{ ...a, vector: new Float32Array(2) }], 'INVALID_ARGUMENT'],
  ['metadata that is no JSON', [{ ...a, metadata: '{' }], 'INVALID_ARGUMENT'],
  ['metadata that is no object', [{ ...a, metadata: '[]' }], 'INVALID_ARGUMENT'],
  ['metadata with a reserved key', [{ ...a, metadata: '{"__proto__":1}' }], 'INVALID_ARGUMENT'],
  ['an empty text', [{ ...a, text: '' }], 'INVALID_ARGUMENT'],
])('O5 a write with %s is refused as a whole', async (_, records, code) => {
  const { world } = await worldWith();
  const problems = [{ position: records.length - 1, code }];
  await expect(world.write({ mode: 'upsert', records })).rejects.toMatchObject({ code, problems });
  expect(await world.count()).toBe(0);
});

test('O5 a stamp is moved behind another, on into the next millisecond where the counter is full', () => {
  const [mine, other] = ['00000000000000aa', 'ffffffffffffffff'];
  expect(laterThan(`0000000000050007${other}`, `0000000000060000${mine}`)).toBe(`0000000000060000${mine}`);
  expect(laterThan(`0000000000050007${other}`, `0000000000040000${mine}`)).toBe(`0000000000050008${mine}`);
  expect(laterThan(`000000000005ffff${other}`, `0000000000040000${mine}`)).toBe(`0000000000060000${mine}`);
});
