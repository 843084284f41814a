import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeLog } from './change-log.js';
import { collectionsContract } from './collections.contract.js';
import {
  createShard,
  DEVICE,
  positionOf,
  remove,
  type SETTINGS,
  stampAt,
  TestShard,
  upsert,
} from './test-shard.contract.js';

/** A change log that is reached in one way. */
export interface ChangeLogKind {
  readonly name: string;
  /** Whether its masters have replicas. */
  readonly replicas: boolean;
  /** Starts what it runs on. `log`: closed by `stop`. */
  start(): Promise<{ readonly log: ChangeLog; stop(): Promise<void> }>;
}

export function changeLogContract({ name, replicas, start }: ChangeLogKind): void {
  describe(`the change log on ${name}`, () => {
    let log: ChangeLog;
    let stop: () => Promise<void>;
    beforeAll(async () => {
      ({ log, stop } = await start());
    });
    afterAll(() => stop?.());
    collectionsContract(() => log);
    const shardWith = (settings?: Partial<typeof SETTINGS>) => createShard(log, settings);

    it('G1 records come back as they were, whatever their ids hold', async () => {
      const shard = await shardWith();
      const operations = ['a', 'ä}', '{b', 'x:m', ' \r\n\0', 'x'.repeat(512), '漢字😀'].map((id, i) =>
        upsert(id, i + 1, i % 2 ? { text: `text of ${id}` } : {}),
      );
      await shard.push(...operations);
      const { entries } = await shard.page();
      expect(entries).toEqual(operations.map(({ base, ...entry }, i) => ({ ...entry, seq: i + 1 })));
      expect(
        await log.get(
          shard.name,
          shard.descriptor,
          1,
          operations.map(({ id }) => id),
        ),
      ).toEqual(operations);
    });

    it('G2 sequence numbers have no gaps', async () => {
      const shard = await shardWith();
      for (let i = 0; i < 5; i++) {
        const { seq } = await shard.pushed([upsert(`a${i}`, 1), upsert(`b${i}`, 1), upsert('c', i + 1)]);
        expect(seq).toBe(3 * (i + 1));
      }
      await shard.push(upsert('c', 5));
      const { entries, cursor } = await shard.page();
      expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 15]);
      expect(cursor).toBe(15);
    });

    it('G3 each status, last writer wins', async () => {
      const shard = await shardWith();
      expect(await shard.statuses(upsert('a', 10))).toEqual(['ok']);
      expect(await shard.statuses(upsert('a', 10))).toEqual(['dup']);
      expect(await shard.statuses(upsert('a', 11))).toEqual(['ok']);
      expect(await shard.statuses(upsert('a', 5, { base: stampAt(11) }))).toEqual(['ok']);
      expect(await shard.statuses(upsert('b', 9, { base: stampAt(1) }))).toEqual(['gone']);
      const { base, ...current } = upsert('a', 5);
      expect(await shard.push(upsert('a', 4))).toEqual([{ status: 'stale', current }]);
      expect(await shard.statuses(remove('a', 12))).toEqual(['ok']);
      const tombstone = { kind: 'delete', id: 'a', stamp: stampAt(12), vector: undefined };
      expect(await shard.push(upsert('a', 7))).toEqual([{ status: 'stale', current: tombstone }]);
      expect(await shard.statuses(remove('nothing', 1))).toEqual(['ok']);
      expect(await shard.statuses(upsert('a', 13))).toEqual(['ok']);
    });

    it('G3 each status, compare-and-set', async () => {
      const shard = await shardWith({ conflict: 'compare-and-set' });
      await shard.push(upsert('a', 10));
      expect(await shard.statuses(upsert('a', 10))).toEqual(['dup']);
      const { base, ...current } = upsert('a', 10);
      expect(await shard.push(upsert('a', 99))).toEqual([{ status: 'conflict', current }]);
      expect(await shard.statuses(upsert('a', 99, { base: stampAt(10) }))).toEqual(['ok']);
      expect(await shard.statuses(remove('a', 100, stampAt(10)))).toEqual(['conflict']);
      expect(await shard.statuses(remove('a', 100, stampAt(99)))).toEqual(['ok']);
    });

    it('G3 stamps are compared as bytes: every one of them counts', async () => {
      const shard = await shardWith();
      const stamps = Array.from({ length: 16 }, (_, i) => {
        const bytes = new Uint8Array(16).fill(0x7f);
        bytes[15 - i] = 0x80;
        return Buffer.from(bytes).toString('hex');
      });
      for (const stamp of stamps) {
        expect(await shard.statuses(upsert('a', 1, { stamp }))).toEqual(['ok']);
        const smaller = `${stamp.slice(0, 30)}00`;
        expect(await shard.statuses(upsert('a', 1, { stamp: smaller }))).toEqual(['stale']);
      }
    });

    it('G3 operations of one push see each other', async () => {
      const shard = await shardWith();
      const results = await shard.push(upsert('a', 1), upsert('a', 3), upsert('a', 2), remove('a', 4));
      expect(results.map(({ status }) => status)).toEqual(['ok', 'ok', 'stale', 'ok']);
      expect(results[2]).toMatchObject({ current: { stamp: stampAt(3), metadata: '{"at":3}' } });
      expect((await shard.page()).entries).toMatchObject([{ kind: 'delete', id: 'a', seq: 3 }]);
    });

    it('G3 a push that knows another epoch is refused whole', async () => {
      const shard = await shardWith();
      const { epoch, seq } = await shard.pushed([upsert('a', 1)]);
      const refused = await shard.pushed([upsert('a', 2), upsert('b', 2)], 'another');
      expect(refused.results).toEqual([{ status: 'epoch' }, { status: 'epoch' }]);
      expect(refused).toMatchObject({ epoch, seq, bytesAdded: 0 });
      expect((await shard.page()).entries).toMatchObject([{ id: 'a', stamp: stampAt(1) }]);
      expect((await shard.pushed([upsert('a', 2)], epoch)).results).toEqual([{ status: 'ok' }]);
    });

    it('G3 of pushes on one base that come at once, one is taken', async () => {
      const shard = await shardWith({ conflict: 'compare-and-set' });
      await shard.push(upsert('a', 1));
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => shard.statuses(upsert('a', 2 + i, { base: stampAt(1) }))),
      );
      expect(all.flat().filter((status) => status === 'ok')).toHaveLength(1);
      expect(all.flat().filter((status) => status === 'conflict')).toHaveLength(19);
    });

    it('G4 pages are bounded in bytes, give every entry once, in the order of seq', async () => {
      const shard = await shardWith();
      for (let i = 0; i < 5; i++) {
        await shard.push(...Array.from({ length: 50 }, (_, j) => upsert(`${i}-${j}`, 1)));
      }
      const first = await shard.page({ maxBytes: 1_000 });
      expect(first.more).toBe(true);
      expect(first.entries.length).toBeGreaterThan(10);
      expect(first.entries.length).toBeLessThan(30);
      expect(first).toMatchObject({ cursor: first.entries.length, hi: first.entries.length });
      expect((await shard.page({ maxBytes: 1 })).entries).toHaveLength(1);

      const { entries } = await shard.everything({ maxBytes: 1_000 });
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
    });

    it('G4 pages are bounded in entries', async () => {
      const shard = await shardWith();
      for (let i = 0; i < 11; i++) {
        await shard.push(...Array.from({ length: 100 }, (_, j) => upsert(`${i}-${j}`, 1)));
      }
      const page = await shard.page();
      expect(page).toMatchObject({ cursor: 1_000, more: true });
      expect(page.entries).toHaveLength(1_000);
      expect((await shard.everything()).entries).toHaveLength(1_100);
      expect(await shard.page({ keys: true })).toMatchObject({ cursor: 1_100, more: false });
    });

    it('G4 keys, and what the device has itself, come bare', async () => {
      const shard = await shardWith();
      const other = '00000000000000bb';
      await shard.push(
        upsert('mine', 1),
        upsert('other', 1, { stamp: stampAt(1, other) }),
        remove('gone', 1),
      );
      const keys = await shard.page({ keys: true });
      expect(keys.entries).toEqual([
        { kind: 'upsert', id: 'mine', stamp: stampAt(1), seq: 1, bare: true, vector: undefined },
        { kind: 'upsert', id: 'other', stamp: stampAt(1, other), seq: 2, bare: true, vector: undefined },
        { kind: 'delete', id: 'gone', stamp: stampAt(1), seq: 3, vector: undefined },
      ]);
      const { entries } = await shard.page({ device: DEVICE });
      expect(entries.map(({ id, bare, vector }) => [id, bare, vector?.length])).toEqual([
        ['mine', true, undefined],
        ['other', undefined, 2],
        ['gone', undefined, undefined],
      ]);
    });

    it('G4 an empty shard gives an empty page, from which changes are pulled later', async () => {
      const shard = await shardWith();
      const empty = await shard.page();
      expect(empty).toMatchObject({ entries: [], cursor: 0, hi: 0, floor: 0, more: false });
      expect(empty.epoch).toMatch(/^[0-9a-f]{32}$/);
      expect((await shard.pushed([upsert('a', 1)], empty.epoch)).results).toEqual([{ status: 'ok' }]);
      expect((await shard.page(positionOf(empty))).entries).toMatchObject([{ id: 'a' }]);
    });

    it('G4 an unknown epoch is a fork from 0', async () => {
      const shard = await shardWith();
      const { epoch } = await shard.pushed([upsert('a', 1)]);
      const unknown = { cursor: 1, hi: 1, epoch: 'f'.repeat(32) };
      expect(await shard.pull(unknown)).toEqual({ kind: 'fork', shard: 1, epoch, bound: 0, floor: 0 });
    });

    it('G5 tombstones live as long as they are to, and the floor is the highest of those that went', async () => {
      const shard = await shardWith();
      await shard.push(upsert('a', 1), upsert('b', 1), upsert('c', 1));
      await shard.push(remove('a', 2), remove('b', 2), upsert('d', 1));
      expect(await shard.collect(3_600_000)).toBe(0);
      expect((await shard.page()).entries.map(({ id }) => id)).toEqual(['c', 'a', 'b', 'd']);
      await shard.push(upsert('b', 3));
      expect(await shard.collect()).toBe(1);
      expect(await shard.collect()).toBe(0);
      const { entries, floor } = await shard.page();
      expect(entries.map(({ id, seq }) => [id, seq])).toEqual([
        ['c', 3],
        ['d', 6],
        ['b', 7],
      ]);
      expect(floor).toBe(4);
      expect(await shard.statuses(upsert('a', 9, { base: stampAt(1) }))).toEqual(['gone']);
      expect(await shard.statuses(upsert('a', 9))).toEqual(['ok']);
    });

    it('G5 many tombstones are collected, whatever their number', async () => {
      const shard = await shardWith();
      for (let i = 0; i < 5; i++) {
        await shard.push(...Array.from({ length: 100 }, (_, j) => remove(`${i}-${j}`, 1)));
      }
      expect(await shard.collect()).toBe(500);
      expect(await shard.page()).toMatchObject({ entries: [], cursor: 500, floor: 500 });
    });

    it('G4 a cursor below the floor is a reset, one at the floor is not', async () => {
      const shard = await shardWith();
      await shard.push(upsert('a', 1), upsert('b', 1));
      const { epoch, hi } = await shard.page();
      await shard.push(remove('a', 2), upsert('c', 1));
      await shard.collect();
      const reset = { kind: 'reset', shard: 1, epoch, floor: 3 };
      expect(await shard.pull({ cursor: 2, epoch, hi })).toEqual(reset);
      expect((await shard.page({ cursor: 3, epoch, hi: 3 })).entries).toMatchObject([{ id: 'c' }]);
      const again = { cursor: 0, epoch, hi, floor: 3 };
      expect((await shard.page(again)).entries.map(({ id }) => id)).toEqual(['b', 'c']);
    });

    it('G4 cursor 0 is a reset, too, for whoever has something acknowledged below the floor', async () => {
      const shard = await shardWith();
      const { epoch, seq } = await shard.pushed([upsert('a', 1)]);
      await shard.push(remove('a', 2), upsert('b', 1));
      await shard.collect();
      expect(await shard.pull({ cursor: 0, epoch, hi: seq })).toMatchObject({ kind: 'reset', floor: 2 });
      // Also when later acknowledgements are above it.
      expect(await shard.pull({ cursor: 0, epoch, hi: 3 })).toMatchObject({ kind: 'reset', floor: 2 });
      expect((await shard.page()).entries.map(({ id }) => id)).toEqual(['b']);
    });

    it('G4 a first pull passes the floor it began with page by page, and not one that rose since', async () => {
      const shard = await shardWith();
      await shard.push(...Array.from({ length: 20 }, (_, i) => upsert(`kept-${i}`, 1)));
      await shard.push(upsert('a', 1), remove('b', 1));
      await shard.collect();
      const first = await shard.page({ maxBytes: 200 });
      expect(first).toMatchObject({ more: true, floor: 22 });
      const second = await shard.page({ ...positionOf(first), maxBytes: 200 });
      expect(second.entries[0]).toMatchObject({ seq: first.cursor + 1 });

      await shard.push(remove('kept-0', 2), upsert('c', 1));
      await shard.collect();
      expect(await shard.pull(positionOf(second))).toMatchObject({ kind: 'reset', floor: 23 });
    });

    it('G1 a shard does not see the records of another', async () => {
      const shard = await shardWith();
      await shard.push(upsert('a', 1));
      const other = new TestShard(log, shard.name, shard.descriptor, 2);
      expect((await other.page()).entries).toEqual([]);
      expect(await log.get(shard.name, shard.descriptor, 2, ['a'])).toEqual([undefined]);
    });

    it('G3 get gives records as they are, and nothing for tombstones', async () => {
      const shard = await shardWith();
      await shard.push(upsert('a', 1), upsert('b', 1), upsert('a', 2), remove('b', 2));
      const found = await log.get(shard.name, shard.descriptor, 1, ['b', 'a', 'c']);
      expect(found).toEqual([undefined, upsert('a', 2), undefined]);
      const many = Array.from({ length: 1_200 }, (_, i) => (i === 1_100 ? 'a' : `no-${i}`));
      const some = await log.get(shard.name, shard.descriptor, 1, many);
      expect(some.flatMap((record, i) => (record ? [i] : []))).toEqual([1_100]);
    });

    it('G3 a push is told to those who listen, with its seq', async () => {
      const shard = await shardWith();
      const stopping = new AbortController();
      const hints: unknown[] = [];
      let heard = () => {};
      const onHint = (hint: unknown) => {
        hints.push(hint);
        heard();
      };
      await log.subscribe(shard.name, shard.descriptor, onHint, stopping.signal);
      const first = new Promise<void>((resolve) => (heard = resolve));
      await shard.push(upsert('a', 1), upsert('b', 1));
      await first;
      expect(hints).toEqual([{ shard: 1, seq: 2 }]);
      await shard.push(upsert('a', 1));

      const second = new Promise<void>((resolve) => (heard = resolve));
      await new TestShard(log, shard.name, shard.descriptor, 3).push(upsert('c', 1));
      await second;
      // A push that changed nothing was not told.
      expect(hints).toEqual([
        { shard: 1, seq: 2 },
        { shard: 3, seq: 1 },
      ]);
      stopping.abort();
      await shard.push(upsert('d', 1));
      expect(hints).toHaveLength(2);
    });

    it('G5 stored bytes of a tenant follow what is pushed, collected and dropped', async () => {
      const shard = await shardWith();
      const { tenant } = shard.name;
      expect(await log.usage(tenant)).toBe(0);
      const added = await shard.pushed([upsert('a', 1), upsert('b', 1)]);
      expect(added.bytesAdded).toBeGreaterThan(80);
      expect(await log.usage(tenant)).toBe(added.bytesAdded);

      const longer = await shard.pushed([upsert('a', 2, { text: 'x'.repeat(1_000) })]);
      expect(longer.bytesAdded).toBe(1_000);
      const deleted = await shard.pushed([remove('a', 3)]);
      expect(deleted.bytesAdded).toBeLessThan(-1_000);
      const other = await new TestShard(log, shard.name, shard.descriptor, 2).pushed([upsert('c', 1)]);
      expect(await log.usage(tenant)).toBe(
        added.bytesAdded + longer.bytesAdded + deleted.bytesAdded + other.bytesAdded,
      );
      await shard.push(remove('b', 3));
      await shard.collect();
      expect(await log.usage(tenant)).toBe(other.bytesAdded);
      await log.drop(shard.name);
      expect(await log.usage(tenant)).toBe(0);
    });

    it(`G7 it tells that ${replicas ? 'a' : 'no'} replica has what was pushed, also of many at a time`, async () => {
      const shard = await shardWith();
      for (const round of [1, 2]) {
        const all = await Promise.all(
          Array.from({ length: 10 }, (_, i) => shard.pushed([upsert(`${i}`, round)], undefined, true)),
        );
        expect(all.map(({ replicated }) => replicated)).toEqual(Array(10).fill(replicas));
        expect(all.map(({ results }) => results)).toEqual(Array(10).fill([{ status: 'ok' }]));
      }
      expect((await shard.pushed([upsert('0', 2)], undefined, true)).results).toEqual([{ status: 'dup' }]);
      expect((await shard.pushed([upsert('0', 3)])).replicated).toBe(false);
    });

    it('G7 it is ready, and tells the time of Redis', async () => {
      await log.ready();
      const before = await log.time();
      expect(Math.abs(before - Date.now())).toBeLessThan(60_000);
      expect(await log.time()).toBeGreaterThanOrEqual(before);
    });
  });
}
