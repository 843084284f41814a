import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, RESP_TYPES } from 'redis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RedisCluster, startCluster } from '../../../scripts/redis/cluster.mjs';
import { until } from '../../../scripts/redis/servers.mjs';
import { createShard, positionOf, type TestShard, upsert } from '../test-shard.contract.js';
import { HoldingDevice } from './holding-device.contract.js';
import { shardKeys } from './keys.js';
import { type Acknowledged, allShards, Load, lossesOf, probe } from './load.contract.js';
import { openRedis } from './node-redis.js';
import { RedisChangeLog } from './redis-change-log.js';
import type { RedisPort, Reply } from './redis-port.js';
import { crc16, SLOTS } from './slot.js';

const ROUNDS = process.env.NEARSHORE_FAULTS === 'full' ? 20 : 3;
/** Records that the old master takes from a device, and loses. */
const HELD = 8;
/** Reported; a test fails at ten times as much. */
const RESUME_BOUND_MS = 6_000;

let cluster: RedisCluster;
let log: RedisChangeLog;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 2 });
  log = new RedisChangeLog(await openRedis({ urls: cluster.urls, cluster: true }));
});
afterAll(async () => {
  await log?.close();
  await cluster?.stop();
});

const metaOf = ({ name, descriptor, shard }: TestShard) => shardKeys(name, descriptor, shard).meta;

function report(what: string, times: readonly number[], more: string): void {
  const sorted = times.map(Math.round).sort((a, b) => a - b);
  const p50 = sorted[Math.ceil(sorted.length / 2) - 1];
  console.log(
    `${what}: no write was acknowledged for ${sorted.join(', ')} ms (p50 ${p50}, bound ${RESUME_BOUND_MS}); ${more}`,
  );
  expect(Math.max(...times)).toBeLessThan(10 * RESUME_BOUND_MS);
}

test(`G7 a master is killed under load, ${ROUNDS} times: writes and hints go on, what was replicated is there`, async () => {
  const times: number[] = [];
  let [acknowledged, lostInAll] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const shard = await createShard(log);
    const master = await cluster.masterOf(metaOf(shard));
    const stopping = new AbortController();
    const heard = new Set<number>();
    await log.subscribe(shard.name, shard.descriptor, (hint) => heard.add(hint.shard), stopping.signal);

    const loads = allShards(log, shard).map((each) => new Load(each, `kill-${round}`));
    onTestFinished(() => Promise.all(loads.map((each) => each.stop())).then(() => undefined));
    const load = loads[shard.shard]!;
    await Promise.all(loads.map((each) => each.nextReplicated()));
    await master.kill();
    const killed = performance.now();
    await load.nextSent();
    times.push(performance.now() - killed);
    await Promise.all(loads.map((each) => each.stop()));

    heard.clear();
    let n = 1;
    await until('hints come again', async () => {
      await shard.push(probe(++n));
      return heard.has(shard.shard);
    });
    stopping.abort();
    await master.restart();
    await cluster.ready();
    for (const each of loads) {
      const { lost, replicatedLost, silent } = await lossesOf(each.shard, each.acknowledged);
      expect(replicatedLost).toEqual([]);
      expect(silent).toEqual([]);
      acknowledged += each.acknowledged.length;
      lostInAll += lost;
    }
  }
  report('SIGKILL of a master', times, `${lostInAll} of ${acknowledged} acknowledged were lost, and told`);
});

test(`G7 a master hangs until it is replaced, and comes back, ${ROUNDS} times: what it took meanwhile is told as lost, and put back by the device that holds it`, async () => {
  const times: number[] = [];
  let [acknowledged, lostInAll, healed] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const shard = await createShard(log);
    const meta = metaOf(shard);
    await shard.push(upsert('first', 1));
    const device = await HoldingDevice.open(shard);
    await device.holdPush(HELD);
    const master = await cluster.masterOf(meta);
    const load = new Load(shard, `hang-${round}`);
    onTestFinished(() => load.stop());
    await load.nextReplicated();
    const patient = await openPatiently(master.url);
    const direct = new RedisChangeLog(patient);

    master.signal('SIGSTOP');
    const hung = performance.now();
    // On their way to the old master, which takes them when it goes on, before it knows that it is none any more.
    const late = Array.from({ length: 16 }, async (_, i): Promise<Acknowledged | undefined> => {
      const id = `late-${i}`;
      const push = { policy: shard.descriptor.conflict, epoch: undefined, replicated: i % 2 === 0 };
      const answer = await direct
        .push(shard.name, shard.descriptor, shard.shard, { ...push, operations: [upsert(id, 1)] })
        .catch(() => undefined);
      return answer && { id, ...answer, at: performance.now() };
    });
    const devicePushed = device.pushThrough(direct);
    await load.nextSent();
    times.push(performance.now() - hung);
    expect(await cluster.masterOf(meta)).not.toBe(master);
    master.signal('SIGCONT');
    const told = (await Promise.all(late)).filter((each) => each !== undefined);
    await devicePushed;
    await load.stop();
    await direct.close();
    await cluster.ready();

    const { lost, replicatedLost, silent } = await lossesOf(shard, [...load.acknowledged, ...told]);
    expect(replicatedLost).toEqual([]);
    expect(silent).toEqual([]);
    acknowledged += load.acknowledged.length + told.length;
    lostInAll += lost;

    const lostOfDevice = await lossesOf(shard, device.acknowledged);
    expect(lostOfDevice.silent).toEqual([]);
    await device.heal();
    expect((await lossesOf(shard, device.acknowledged)).lost).toBe(0);
    healed += lostOfDevice.lost;
  }
  report(
    'SIGSTOP of a master',
    times,
    `${lostInAll} of ${acknowledged} acknowledged were lost, and told; ${healed} of ${ROUNDS * HELD} of a device, and put back`,
  );
  expect(lostInAll).toBeGreaterThan(0);
  expect(healed).toBeGreaterThan(0);
});

test('G7 a replica that hangs may be elected later: what it lacks is not confirmed', async () => {
  const shard = await createShard(log);
  const master = await cluster.masterOf(metaOf(shard));
  let n = 0;
  const isConfirmed = async () => (await shard.pushed([probe(++n)], undefined, true)).replicated;
  await until('a write is confirmed', isConfirmed);
  const [replica] = await cluster.replicasOf(master);
  onTestFinished(async () => {
    replica!.signal('SIGCONT');
    await cluster.ready();
  });
  replica!.signal('SIGSTOP');
  expect(await isConfirmed()).toBe(false);
});

test(`G7 a slot moves under load, ${ROUNDS} times: nothing is lost, nothing is passed over`, async () => {
  const gaps: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const shard = await createShard(log);
    const meta = metaOf(shard);
    const before = await shard.page();
    for (let i = 0; i < 10; i++) {
      await shard.push(...Array.from({ length: 100 }, (_, j) => upsert(`old-${i}-${j}`, 1)));
    }
    const position = positionOf(await shard.page());
    const from = await cluster.masterOf(meta);
    const to = (await cluster.masters()).find((node) => node !== from)!;

    const load = new Load(shard, `move-${round}`);
    let moving = true;
    onTestFinished(async () => {
      moving = false;
      await load.stop();
    });
    await load.nextSent();
    const reads = readWhile(() => moving, shard, load);
    await cluster.moveSlot(crc16(/\{(.+)\}/.exec(meta)![1]!) % SLOTS, from, to);
    await load.nextSent();
    moving = false;
    await load.stop();
    expect(await reads).toBeGreaterThan(0);
    gaps.push(load.longestGapMs());

    expect(await cluster.masterOf(meta)).toBe(to);
    const { entries, position: after } = await shard.everything();
    expect(after.epoch).not.toBe(before.epoch);
    const ids = new Set(entries.map(({ id }) => id));
    expect(load.acknowledged.filter(({ id }) => !ids.has(id))).toEqual([]);
    expect(ids.size).toBe(1_000 + load.acknowledged.length);
    // Whoever was in the middle goes on, although the epoch is another.
    expect((await shard.everything(position)).entries.length).toBe(entries.length - position.cursor);
    await cluster.ready();
  }
  report('move of a slot', gaps, 'nothing was lost');
});

/** Pulls everything again and again: what was acknowledged before has to be in it. Resolves to how often it was. */
async function readWhile(going: () => boolean, shard: TestShard, load: Load): Promise<number> {
  let reads = 0;
  while (going()) {
    const before = load.acknowledged.map(({ id }) => id);
    const found = await shard.everything().catch(() => undefined);
    if (found === undefined) continue;
    const ids = new Set(found.entries.map(({ id }) => id));
    const missing = before.filter((id) => !ids.has(id));
    expect(missing).toEqual([]);
    expect(ids.size).toBeGreaterThanOrEqual(1_000);
    reads++;
    await sleep(5);
  }
  return reads;
}

/** A client that waits for ever for the server that it was given. */
async function openPatiently(url: string): Promise<RedisPort> {
  const client = await createClient({ url, RESP: 2 })
    .on('error', () => {})
    .connect();
  const send = (command: readonly (string | Buffer)[]) =>
    client.sendCommand<Reply>(command, { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } });
  const port: RedisPort = {
    send: (_key, command) => send(command),
    connection: async () => ({ server: '', send }),
    another: () => openPatiently(url),
    subscribe: () => Promise.reject(new Error('not asked for')),
    unsubscribe: () => Promise.reject(new Error('not asked for')),
    close: async () => client.destroy(),
  };
  return port;
}
