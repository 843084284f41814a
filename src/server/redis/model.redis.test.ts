import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../../../scripts/redis/servers.mjs';
import type {
  ConflictPolicy,
  Operation,
  Position,
  ShardPage,
  WithVector,
} from '../../shared/sync/protocol.js';
import { createShard, positionOf, START, type TestShard } from '../test-shard.contract.js';
import { openRedis } from './node-redis.js';
import { packRecord } from './record.js';
import { RedisChangeLog } from './redis-change-log.js';

const RUNS = process.env.NEARSHORE_FAULTS === 'full' ? 2_000 : 60;

let server: RedisServer;
let log: RedisChangeLog;
beforeAll(async () => {
  server = await startRedis();
  log = new RedisChangeLog(await openRedis({ urls: [server.url] }));
});
afterAll(async () => {
  await log.close();
  await server.stop();
});

interface Written {
  readonly seq: number;
  readonly operation: WithVector<Operation>;
}

/** All that was ever written, in a list; everything else is looked for in it. */
class Oracle {
  written: Written[] = [];
  seq = 0;
  floor = 0;

  constructor(readonly policy: ConflictPolicy) {}

  entries(): Written[] {
    const latest = [...new Map(this.written.map((each) => [each.operation.id, each])).values()];
    return latest.sort((a, b) => a.seq - b.seq);
  }

  entry = (id: string) => this.entries().find(({ operation }) => operation.id === id)?.operation;

  push(operation: WithVector<Operation>): string {
    const status = this.#statusOf(operation, this.entry(operation.id));
    if (status === 'ok') this.written.push({ seq: ++this.seq, operation });
    return status;
  }

  #statusOf({ stamp, base }: Operation, entry: Operation | undefined): string {
    if (entry === undefined) return base === '' ? 'ok' : 'gone';
    if (entry.stamp === stamp) return 'dup';
    if (entry.stamp === base) return 'ok';
    if (this.policy === 'compare-and-set') return 'conflict';
    return [entry.stamp, stamp].sort()[1] === stamp ? 'ok' : 'stale';
  }

  collect(): number {
    const tombstones = this.entries().filter(({ operation }) => operation.kind === 'delete');
    const gone = tombstones.map(({ operation }) => operation.id);
    this.floor = [this.floor, ...tombstones.map(({ seq }) => seq)].sort((a, b) => b - a)[0]!;
    this.written = this.written.filter(({ operation }) => !gone.includes(operation.id));
    return gone.length;
  }
}

const id = fc.constantFrom('a', 'b', 'c', 'd', 'é');
const stamp = fc
  .tuple(fc.constantFrom('0', '1', '7', '8', 'f'), fc.constantFrom('00aa', '7fbb', 'ffcc'))
  .map(([time, device]) => `${time.repeat(12)}0000${'0'.repeat(12)}${device}`);
const operation = fc.record({
  kind: fc.constantFrom('upsert' as const, 'upsert' as const, 'delete' as const),
  id,
  stamp,
  base: fc.constantFrom('none', 'stored', 'stored', 'other'),
  text: fc.string({ maxLength: 20 }),
});
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ push: fc.array(operation, { minLength: 1, maxLength: 6 }) }) },
  { weight: 1, arbitrary: fc.constant('collect' as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      pullFrom: fc.nat(),
      maxBytes: fc.constantFrom(1, 60, 200, 1 << 20),
      keys: fc.boolean(),
      device: fc.constantFrom(undefined, '00000000000000aa'),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test('G3 G4 G5 pushes, pulls and garbage against a plain list', async () => {
  const seen = { ok: 0, dup: 0, stale: 0, conflict: 0, gone: 0, reset: 0, more: 0, bare: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<ConflictPolicy>('last-writer-wins', 'compare-and-set'),
      fc.array(step, { minLength: 20, maxLength: 40 }),
      async (policy, steps) => {
        const shard = await createShard(log, { conflict: policy });
        const oracle = new Oracle(policy);
        const positions: Position[] = [START];
        for (const each of steps) await take(each, shard, oracle, positions, seen);
      },
    ),
    { numRuns: RUNS },
  );
  console.log(`model of the log: ${JSON.stringify(seen)}`);
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10);
});

async function take(
  each: Step,
  shard: TestShard,
  oracle: Oracle,
  positions: Position[],
  seen: Record<string, number>,
): Promise<void> {
  if (each === 'collect') {
    expect(await shard.collect()).toBe(oracle.collect());
  } else if ('push' in each) {
    const operations = each.push.map((wanted) => operationOf(wanted, oracle));
    const expected = operations.map((one) => {
      const status = oracle.push(one);
      seen[status]!++;
      return status === 'stale' || status === 'conflict'
        ? { status, current: entryOf(oracle.entry(one.id)!) }
        : { status };
    });
    expect(await shard.push(...operations)).toEqual(expected);
  } else {
    const { pullFrom, ...how } = each;
    const from = positions[pullFrom % positions.length]!;
    const answer = await shard.pull({ ...from, ...how });
    if (from.epoch !== '' && from.cursor < oracle.floor && from.floor < oracle.floor) {
      expect(answer).toMatchObject({ kind: 'reset', floor: oracle.floor });
      seen.reset!++;
    } else {
      if (answer.kind !== 'page') throw new Error(`A page was expected, not ${JSON.stringify(answer)}.`);
      compare(answer, from, how, oracle, seen);
      positions.push(positionOf(answer));
    }
  }
}

function compare(
  page: ShardPage & { kind: 'page' },
  from: Position,
  { maxBytes, keys, device }: { maxBytes: number; keys: boolean; device: string | undefined },
  oracle: Oracle,
  seen: Record<string, number>,
): void {
  const isBare = ({ stamp: at, kind }: Operation) =>
    kind === 'upsert' && (keys || (device !== undefined && at.endsWith(device)));
  const following = oracle.entries().filter(({ seq }) => seq > from.cursor);
  const expected = following.map(({ seq, operation: one }) =>
    isBare(one)
      ? { kind: one.kind, id: one.id, stamp: one.stamp, vector: undefined, seq, bare: true }
      : { ...entryOf(one), seq },
  );
  const count = page.entries.length;
  expect(page.entries).toEqual(expected.slice(0, count));
  const sizes = following.map(
    ({ operation: one }) => Buffer.byteLength(one.id) + (isBare(one) ? 17 : packRecord(one).length),
  );
  const sum = (n: number) => sizes.slice(0, n).reduce((a, b) => a + b, 0);
  expect(page.more).toBe(count < expected.length);
  if (page.more) expect(sum(count)).toBeGreaterThanOrEqual(maxBytes);
  if (count > 1) expect(sum(count - 1)).toBeLessThan(maxBytes);
  const cursor = page.more ? page.entries.at(-1)!.seq : oracle.seq;
  const floor = from.epoch === '' ? oracle.floor : from.floor;
  expect(page).toMatchObject({ cursor, floor, hi: [from.hi, cursor].sort((a, b) => b - a)[0] });
  if (page.more) seen.more!++;
  if (page.entries.some(({ bare }) => bare)) seen.bare!++;
}

function operationOf(
  { kind, id: of, stamp: at, base, text }: typeof operation extends fc.Arbitrary<infer T> ? T : never,
  oracle: Oracle,
): WithVector<Operation> {
  const bases = { none: '', stored: oracle.entry(of)?.stamp ?? '', other: 'e'.repeat(32) };
  const head = { id: of, stamp: at, base: bases[base as keyof typeof bases] };
  return kind === 'delete'
    ? { ...head, kind, vector: undefined }
    : { ...head, kind, text, vector: Float32Array.of(text.length, 1) };
}

const entryOf = ({ base, ...entry }: WithVector<Operation>) => entry;
