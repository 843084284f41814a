import { afterEach, expect, test } from 'vitest';
import { type RedisServer, startRedis, until } from '../../../scripts/redis/servers.mjs';
import { createShard, positionOf, type TestShard, upsert } from '../test-shard.contract.js';
import { shardKeys } from './keys.js';
import { openRedis } from './node-redis.js';
import { RedisChangeLog } from './redis-change-log.js';

// What happens to the history of a shard where Redis loses some of it. One server, so that what is lost is known.

const EPOCH_GAP = 2 ** 32;

let server: RedisServer;
let log: RedisChangeLog;
afterEach(async () => {
  await log.close();
  await server.stop();
});

async function started(...config: string[]): Promise<TestShard> {
  server = await startRedis({ config });
  log = new RedisChangeLog(await openRedis({ urls: [server.url] }));
  return createShard(log);
}

/** Ended by SIGKILL and started again, and reached again. */
async function restart(): Promise<void> {
  await server.restart();
  await until('the client has connected again', () => log.ready().then(() => true));
}

const metaOf = ({ name, descriptor, shard }: TestShard) => shardKeys(name, descriptor, shard).meta;

test('G2 a restart closes the epoch and opens a random one 2^32 above; what lost nothing goes on', async () => {
  const shard = await started('appendonly yes', 'appendfsync always');
  const before = await shard.pushed([upsert('a', 1), upsert('b', 1)]);
  const position = positionOf(await shard.page());
  await restart();

  const refused = await shard.pushed([upsert('c', 1)], before.epoch);
  expect(refused.results).toEqual([{ status: 'epoch' }]);
  expect(refused.epoch).not.toBe(before.epoch);
  expect(refused.seq).toBe(2 + EPOCH_GAP);

  expect((await shard.pushed([upsert('c', 1)], refused.epoch)).seq).toBe(3 + EPOCH_GAP);
  const page = await shard.page(position);
  expect(page).toMatchObject({ epoch: refused.epoch, cursor: 3 + EPOCH_GAP, hi: 3 + EPOCH_GAP });
  expect(page.entries.map(({ id, seq }) => [id, seq])).toEqual([['c', 3 + EPOCH_GAP]]);
});

test('G2 a pull opens the epoch, too, where it comes first', async () => {
  const shard = await started('appendonly yes', 'appendfsync always');
  await shard.push(upsert('a', 1));
  const before = await shard.page();
  await restart();
  const after = await shard.page(positionOf(before));
  expect(after.epoch).not.toBe(before.epoch);
  expect(after).toMatchObject({ entries: [], cursor: 1 + EPOCH_GAP });
  expect((await shard.pushed([upsert('a', 2)], after.epoch)).results).toEqual([{ status: 'ok' }]);
});

test('G4 whoever has seen what was lost is told from where; who has not goes on', async () => {
  const shard = await started();
  const { epoch } = await shard.pushed([upsert('a', 1), upsert('b', 1), upsert('c', 1)]);
  const behind = positionOf(await shard.page());
  await server.cli('save');
  await shard.push(upsert('d', 1), upsert('b', 2));
  const ahead = positionOf(await shard.page());
  expect(ahead.hi).toBe(5);
  await restart();

  const fork = { kind: 'fork', bound: 3, floor: 0 };
  const first = await shard.pull(ahead);
  expect(first).toMatchObject(fork);
  // Also when what was written since has as many entries as what was lost, and to who has only pushed.
  await shard.push(...Array.from({ length: 10 }, (_, i) => upsert(`new-${i}`, 1)));
  expect(await shard.pull(ahead)).toEqual(first);
  expect(await shard.pull({ cursor: 0, epoch, hi: 4 })).toMatchObject(fork);

  const { entries } = await shard.everything(behind);
  expect(entries.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, i) => `new-${i}`));
  const healed = { cursor: 0, epoch: first.kind === 'fork' ? first.epoch : '', hi: 0, floor: 0 };
  expect((await shard.everything(healed)).entries).toHaveLength(13);
});

test('G4 after several losses each epoch has its own end', async () => {
  const shard = await started();
  const positions = [];
  for (let round = 0; round < 3; round++) {
    await shard.push(upsert(`kept-${round}`, 1));
    const end = (await shard.everything()).position.hi;
    await server.cli('save');
    await shard.push(upsert(`lost-${round}`, 1));
    positions.push({ end, seen: (await shard.everything()).position });
    await restart();
  }
  for (const { end, seen } of positions) {
    expect(await shard.pull(seen)).toMatchObject({ kind: 'fork', bound: end });
    expect(await shard.pull({ ...seen, cursor: end, hi: end })).toMatchObject({ kind: 'page' });
  }
  expect(new Set(positions.map(({ seen }) => seen.epoch)).size).toBe(3);
});

test.each([
  ['is lost with its server', restart],
  ['is wiped on the same master', () => server.cli('flushall')],
])('G2 a history that %s is never taken for another', async (_, lose) => {
  const shard = await started();
  const seen = new Set<string>();
  for (let round = 0; round < 4; round++) {
    const { epoch, seq } = await shard.pushed([upsert('a', 1), upsert(`only-${round}`, 1)]);
    // The numbers are the same again: the epoch alone tells.
    expect(seq).toBe(2);
    expect(seen.has(epoch)).toBe(false);
    for (const known of seen) {
      expect(await shard.pull({ cursor: 2, epoch: known, hi: 2 })).toMatchObject({ kind: 'fork', bound: 0 });
      expect((await shard.pushed([upsert('b', 1)], known)).results).toEqual([{ status: 'epoch' }]);
    }
    seen.add(epoch);
    await lose();
  }
  const position = { cursor: 2, epoch: [...seen][0]!, hi: 2 };
  expect(await shard.pull(position)).toMatchObject({ kind: 'fork', bound: 0 });
});

test('G4 a master that was put back to an older state, and went on, is noticed', async () => {
  const shard = await started();
  const meta = metaOf(shard);
  const keys = [meta, meta.replace(/m$/, 'z')];
  await shard.push(upsert('a', 1), upsert('b', 1));
  for (const key of keys) await server.cli('copy', key, `${key}-backup`);
  const { epoch, seq } = await shard.pushed([upsert('c', 1)]);
  for (const key of keys) await server.cli('copy', `${key}-backup`, key, 'replace');

  const answer = await shard.pull({ cursor: 3, epoch, hi: seq });
  expect(answer).toMatchObject({ kind: 'fork', bound: 2 });
  expect(answer.kind === 'fork' && answer.epoch).not.toBe(epoch);
  // And so is it for the next one, though its number has been given out anew.
  await shard.push(upsert('d', 1));
  expect(await shard.pull({ cursor: 3, epoch, hi: 3 })).toMatchObject({ kind: 'fork', bound: 2 });
});

test('G3 a push that changes nothing writes all the same', async () => {
  const shard = await started();
  await shard.push(upsert('a', 1));
  const changes = async () =>
    Number(/rdb_changes_since_last_save:(\d+)/.exec(await server.cli('info', 'persistence'))![1]);
  const before = await changes();
  expect(await shard.statuses(upsert('a', 1))).toEqual(['dup']);
  expect(await changes()).toBeGreaterThan(before);
});

test('G7 a call ends where Redis refuses writes, and reading goes on', async () => {
  const shard = await started();
  await shard.push(upsert('a', 1));
  await server.cli('config', 'set', 'maxmemory', '1');
  await expect(shard.push(upsert('b', 1))).rejects.toMatchObject({
    name: 'ShardUnavailable',
    message: expect.stringContaining('OOM'),
  });
  expect((await shard.page()).entries.map(({ id }) => id)).toEqual(['a']);
  await server.cli('config', 'set', 'maxmemory', '0');
  expect(await shard.statuses(upsert('b', 1))).toEqual(['ok']);
});

test('G4 a record that is missing is never passed over', async () => {
  const shard = await started();
  await shard.push(upsert('a', 1), upsert('b', 1));
  await server.cli('del', `${shardKeys(shard.name, shard.descriptor, shard.shard).recordPrefix}a`);
  await expect(shard.pull()).rejects.toMatchObject({ name: 'ShardUnavailable' });
});
