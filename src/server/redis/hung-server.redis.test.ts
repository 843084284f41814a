import { afterEach, expect, test } from 'vitest';
import { startSentinel } from '../../../scripts/redis/sentinel.mjs';
import { startRedis, until } from '../../../scripts/redis/servers.mjs';
import { createShard, upsert } from '../test-shard.contract.js';
import { Load, lossesOf } from './load.contract.js';
import { openLog } from './open-log.contract.js';

/** Reported; the test fails at ten times as much. */
const BOUND_MS = 6_000;

let stop: () => Promise<void>;
afterEach(() => stop());

test('G7 every call ends while a server hangs, and goes on when it does', async () => {
  const server = await startRedis();
  const opened = await openLog({ urls: [server.url] }, server);
  stop = opened.stop;
  const { log } = opened;
  const shard = await createShard(log);
  await shard.pushed([upsert('a', 1)], undefined, true);
  await log.time();

  server.signal('SIGSTOP');
  const started = performance.now();
  const calls: Record<string, () => Promise<unknown>> = {
    ready: () => log.ready(),
    describe: () => log.describe(shard.name),
    create: () => log.create(shard.name, shard.descriptor),
    list: () => log.list(shard.name.tenant, shard.name.store),
    drop: () => log.drop(shard.name),
    push: () => shard.push(upsert('b', 1)),
    'push, replicated': () => shard.pushed([upsert('c', 1)], undefined, true),
    pull: () => shard.pull(),
    get: () => log.get(shard.name, shard.descriptor, 1, ['a']),
    collectGarbage: () => shard.collect(),
    usage: () => log.usage(shard.name.tenant),
  };
  // More than one of each: what waits behind what hangs has to end, too.
  const names = Array.from({ length: 20 }, () => Object.keys(calls)).flat();
  const ends = await Promise.allSettled(names.map((name) => calls[name]!()));
  const took = performance.now() - started;
  console.log(
    `a hung server: the last of ${names.length} calls ended after ${Math.round(took)} ms (bound ${BOUND_MS})`,
  );
  expect(took).toBeLessThan(10 * BOUND_MS);
  for (const [i, end] of ends.entries()) {
    expect(end, names[i]).toMatchObject({ status: 'rejected', reason: { name: 'ShardUnavailable' } });
  }
  // By its own clock, which goes on.
  expect(Math.abs((await log.time()) - Date.now())).toBeLessThan(60_000);

  server.signal('SIGCONT');
  await until('the server answers again', () => log.ready().then(() => true));
});

test('G7 under Sentinel writes go on when the master is killed; what was replicated is there', async () => {
  const servers = await startSentinel();
  const opened = await openLog({ urls: servers.urls, sentinelMaster: servers.name }, servers);
  stop = opened.stop;
  const shard = await createShard(opened.log);
  const master = await servers.master();
  const load = new Load(shard, 'sentinel');
  await load.nextSent();
  await master.kill();
  const killed = performance.now();
  await load.nextSent();
  const took = performance.now() - killed;
  await load.stop();
  console.log(`Sentinel: writes resumed after ${Math.round(took)} ms (bound ${BOUND_MS})`);
  expect(took).toBeLessThan(10 * BOUND_MS);
  const { replicatedLost, silent } = await lossesOf(shard, load.acknowledged);
  expect(replicatedLost).toEqual([]);
  expect(silent).toEqual([]);
});
