import { describe, expect, it } from 'vitest';
import { operationBytes } from '../../../shared/sync/operation-bytes.js';
import { shardOf } from '../../../shared/sync/shard-of.js';
import { record } from '../engine.contract.js';
import {
  begunNotes,
  type Connect,
  deleted,
  type descriptorOf,
  expectSame,
  LATER,
  pageAfter,
  stampAt,
  unsyncedIn,
  upserted,
} from './mirror-world.contract.js';

export function describeMirror(name: string, connect: Connect): void {
  describe(`a mirror on ${name}`, () => {
    const begun = (more?: Parameters<typeof descriptorOf>[0]) => begunNotes(connect, more);

    it('Y2 the outbox is the data: written records and deletes are pending until they are acknowledged', async () => {
      const notes = await begun();
      await notes.upsert([record('a', 1, 2, { n: 1 }, 'text'), record('b')]);
      await notes.upsert([record('c')]);
      await notes.pushAll();
      await notes.upsert([record('d')]);
      await notes.deleteIds(['b']);
      const [d, b] = await notes.pending();
      expect(d).toMatchObject({ kind: 'upsert', id: 'd', base: '' });
      expect(b).toMatchObject({ kind: 'delete', id: 'b', vector: undefined });
      expect(d!.stamp < b!.stamp).toBe(true);
      expect(await notes.mirror.stillPending(['a', 'b', 'c', 'd', 'nobody'])).toEqual(['b', 'd']);
      expect(await unsyncedIn(notes.storage)).toBe(2);
      expect(
        (await notes.mirror.operations(['nobody', 'a'])).map(({ id, metadata, text, vector }) => ({
          id,
          metadata,
          text,
          vector,
        })),
      ).toEqual([{ id: 'a', metadata: '{"n":1}', text: 'text', vector: Float32Array.of(1, 2) }]);
      await expectSame(notes, await notes.again());
    });

    it('Y2 gives what is pending within the bounds, one by one where one is larger, and all of it in the end', async () => {
      const notes = await begun();
      for (let i = 0; i < 5; i++) await notes.upsert([record(`a${i}`), record(`b${i}`), record(`c${i}`)]);
      const ask = async (count: number, bytes: number, except: string[] = []) => {
        const { operations, total, oldest } = await notes.mirror.pending({ count, bytes }, new Set(except));
        return { ids: operations.map(({ id }) => id), total, oldest };
      };
      const first = (await notes.look()).a0!.stamp;
      expect(await ask(4, 1e6)).toEqual({ ids: ['a0', 'b0', 'c0', 'a1'], total: 15, oldest: first });
      expect(await ask(2, 1e6, ['a0', 'c0'])).toEqual({ ids: ['b0', 'a1'], total: 15, oldest: first });
      expect((await ask(9, 1)).ids).toEqual(['a0']);
      expect((await ask(9, 350)).ids).toEqual(['a0', 'b0']);
      expect((await ask(0, 0)).ids).toEqual([]);
      expect((await ask(99, 1e6)).ids).toHaveLength(15);
    });

    it('Y11 what is pending is counted as it is sent: control characters, quotes and backslashes are longer in JSON', async () => {
      const notes = await begun();
      const texts = ['x'.repeat(600), '\u0001'.repeat(100), '\\"'.repeat(150), 'ä'.repeat(300)];
      await notes.upsert(texts.map((text, i) => record(`a${i}`, 1, 0, undefined, text)));
      const { operations } = await notes.mirror.pending({ count: 9, bytes: 1e6 }, new Set());
      const bytes = operations.reduce((sum, operation) => sum + operationBytes(operation), 0);
      const ask = async (bytes: number) =>
        (await notes.mirror.pending({ count: 9, bytes }, new Set())).operations.length;
      expect(operations).toHaveLength(4);
      expect([await ask(bytes), await ask(bytes - 1)]).toEqual([4, 3]);
    });

    it('Y3 the base is the stamp that a server had before: of the row or tombstone where it is pushed, else its base', async () => {
      const notes = await begun();
      await notes.upsert([record('a')]);
      await notes.upsert([record('a', 2)]);
      expect((await notes.look()).a).toMatchObject({ base: '', x: 2 });
      const [sent] = await notes.pushAll();
      await notes.upsert([record('a', 3)]);
      await notes.setMetadata({ a: { n: 1 } });
      expect((await notes.look()).a).toMatchObject({ base: sent!.stamp, pending: true, x: 3 });
      await notes.deleteIds(['a']);
      expect((await notes.look()).a).toMatchObject({ kind: 'delete', base: sent!.stamp });
      // At most one operation per id: the tombstone counts no more.
      await notes.upsert([record('a', 4)]);
      expect((await notes.pending()).map(({ kind, base }) => [kind, base])).toEqual([
        ['upsert', sent!.stamp],
      ]);
      expect(await unsyncedIn(notes.storage)).toBe(1);
      await notes.deleteIds(['a']);
      const [gone] = await notes.pushAll();
      await notes.insert([record('a', 5)]);
      expect((await notes.look()).a).toMatchObject({ kind: 'upsert', base: gone!.stamp, pending: true });
      await expectSame(notes, await notes.again());
    });

    it('Y3 what a pull brings is pushed from the start', async () => {
      const notes = await begun();
      const stamp = stampAt(LATER);
      await notes.pull([upserted('a', stamp, 7, { n: 1 }), deleted('b', stamp)]);
      expect(await notes.look()).toEqual({
        a: { kind: 'upsert', stamp, base: '', pending: false, x: 7 },
        b: { kind: 'delete', stamp, base: '', pending: false },
      });
      expect(await unsyncedIn(notes.storage)).toBe(0);
      expect(await notes.get(['a', 'b'])).toMatchObject([{ metadata: { n: 1 }, vector: [7, 1] }, undefined]);
      await notes.upsert([record('a', 8), record('b', 8)]);
      const { a, b } = await notes.look();
      expect([a!.base, b!.base]).toEqual([stamp, stamp]);
      // The clock has witnessed what it was made on.
      expect(a!.stamp > stamp).toBe(true);
    });

    it('Y4 an acknowledgement marks what was sent, and leaves a later edit pending', async () => {
      const notes = await begun();
      await notes.upsert([record('a'), record('b'), record('c')]);
      await notes.deleteIds(['c']);
      const sent = await notes.pending();
      await notes.upsert([record('b', 5)]);
      await notes.settle(sent, { status: 'ok' }, { status: 'ok' }, { status: 'dup' });
      const found = await notes.look();
      expect([found.a!.pending, found.b!.pending, found.c!.pending]).toEqual([false, true, false]);
      expect(found.b).toMatchObject({ base: '', x: 5 });
      expect(await unsyncedIn(notes.storage)).toBe(1);
      expect(notes.mirror.row!.shards[0]).toMatchObject({ epoch: 'e1', hi: 1, cursor: 0 });
      await expectSame(notes, await notes.again());
    });

    it('Y4 stale and gone replace the local record, and tell it as lost', async () => {
      const notes = await begun();
      await notes.upsert(['a', 'b', 'c', 'd', 'e'].map((id) => record(id, 1, 0, { id }, 'mine')));
      await notes.deleteIds(['d', 'e']);
      const sent = await notes.pending();
      expect(sent.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e']);
      const current = upserted('a', stampAt(LATER), 9);
      const { lost, conflicts } = await notes.settle(
        sent,
        { status: 'stale', current },
        { status: 'stale', current: deleted('b', stampAt(LATER)) },
        { status: 'gone' },
        { status: 'stale', current: upserted('d', stampAt(LATER), 8) },
        { status: 'stale', current: deleted('e', stampAt(LATER)) },
      );
      expect(conflicts).toEqual([]);
      expect(lost.map(({ local, remote }) => [local.id, local.kind, local.text, remote?.stamp])).toEqual([
        ['a', 'upsert', 'mine', current.stamp],
        ['b', 'upsert', 'mine', undefined],
        ['c', 'upsert', 'mine', undefined],
        // That of e is what was wanted.
        ['d', 'delete', undefined, stampAt(LATER)],
      ]);
      expect(lost[0]!.local).toMatchObject({ vector: Float32Array.of(1, 0), metadata: '{"id":"a"}' });
      expect(await notes.pending()).toEqual([]);
      expect(await notes.look()).toMatchObject({
        a: { kind: 'upsert', x: 9, pending: false },
        b: { kind: 'delete', pending: false },
        d: { kind: 'upsert', x: 8, pending: false },
        e: { kind: 'delete', stamp: stampAt(LATER), pending: false },
      });
      expect((await notes.list()).ids).toEqual(['a', 'd']);
      expect(notes.changes.slice(-2)).toMatchObject([
        { kind: 'upsert', ids: ['a', 'd'], origin: 'sync' },
        { kind: 'delete', ids: ['b', 'c'], origin: 'sync' },
      ]);
      await expectSame(notes, await notes.again());
    });

    it('Y4 what decides nothing changes nothing', async () => {
      const notes = await begun();
      await notes.upsert([record('a'), record('b'), record('c'), record('d')]);
      const sent = await notes.pending();
      await notes.settle(
        sent,
        { status: 'future' },
        { status: 'invalid', message: 'x' },
        { status: 'quota', message: 'x' },
        { status: 'unavailable', message: 'x' },
      );
      expect(await notes.pending()).toEqual(sent);
      const { generation } = (await notes.storage.readCollection('notes'))!;
      // Of another history.
      await notes.mirror.settle(
        sent,
        sent.map(() => ({ status: 'ok' })),
        { 0: { epoch: 'other', seq: 9 } },
      );
      // No shard has answered.
      await notes.mirror.settle(
        sent,
        sent.map(() => ({ status: 'ok' })),
        {},
      );
      expect(await notes.pending()).toEqual(sent);
      expect((await notes.storage.readCollection('notes'))!.generation).toBe(generation);
    });

    it('Y4 under compare-and-set a conflict leaves the edit alone, and the merged record is pending on the other', async () => {
      const notes = await begun({ conflict: 'compare-and-set' });
      await notes.upsert([record('a', 1)]);
      const sent = await notes.pending();
      const remote = upserted('a', stampAt(LATER), 9);
      const { conflicts } = await notes.settle(sent, { status: 'conflict', current: remote });
      expect(conflicts).toMatchObject([{ local: { id: 'a', stamp: sent[0]!.stamp }, remote }]);
      expect(await notes.pending()).toEqual(sent);
      const merged = { kind: 'upsert', id: 'a', vector: Float32Array.of(5, 1), text: 'both' } as const;
      expect(await notes.mirror.resolve(merged, stampAt(1), remote.stamp)).toBe(false);
      expect(await notes.mirror.resolve(merged, sent[0]!.stamp, remote.stamp)).toBe(true);
      const [again, ...rest] = await notes.pending();
      expect(rest).toEqual([]);
      expect(again).toMatchObject({ base: remote.stamp, vector: Float32Array.of(5, 1), text: 'both' });
      expect(again!.stamp > remote.stamp).toBe(true);
      // It was resolved already.
      expect(await notes.mirror.resolve(merged, sent[0]!.stamp, remote.stamp)).toBe(false);
      const gone = { kind: 'delete', id: 'a', vector: undefined } as const;
      expect(await notes.mirror.resolve(gone, again!.stamp, remote.stamp)).toBe(true);
      expect(await notes.pending()).toMatchObject([{ kind: 'delete', base: remote.stamp }]);
      expect((await notes.list()).ids).toEqual([]);
    });

    it('Y5 a page replaces what is pushed; of pending edits the later wins', async () => {
      const notes = await begun();
      await notes.upsert([record('pushed'), record('pushed and gone'), record('acknowledged')]);
      const [, , acknowledged] = await notes.pending();
      const two = (await notes.pending()).slice(0, 2);
      await notes.settle(two, { status: 'ok' }, { status: 'ok' });
      await notes.upsert([record('mine is later', 3), record('mine is earlier', 3)]);
      await notes.deleteIds(['pushed and gone']);
      const applied = await notes.pull([
        upserted('pushed', stampAt(5), 7),
        upserted('mine is later', stampAt(5), 7),
        upserted('mine is earlier', stampAt(LATER), 7),
        upserted('pushed and gone', stampAt(5), 7),
        { ...acknowledged!, bare: true, vector: undefined },
      ]);
      expect(applied).toMatchObject({
        lost: [
          {
            local: { id: 'mine is earlier', vector: Float32Array.of(3, 0) },
            remote: { stamp: stampAt(LATER) },
          },
        ],
        conflicts: [],
      });
      expect(await notes.look()).toMatchObject({
        pushed: { x: 7, pending: false, stamp: stampAt(5) },
        'mine is later': { x: 3, pending: true },
        'mine is earlier': { x: 7, pending: false },
        'pushed and gone': { kind: 'delete', pending: true },
        acknowledged: { x: 1, pending: false, stamp: acknowledged!.stamp },
      });
      expect(notes.changes.at(-1)).toMatchObject({
        kind: 'upsert',
        ids: ['pushed', 'mine is earlier'],
        origin: 'sync',
      });
      await expectSame(notes, await notes.again());
    });

    it('Y5 a delete deletes, is kept, and stays: nobody brings the record back', async () => {
      const notes = await begun();
      await notes.pull([upserted('a', stampAt(1)), upserted('b', stampAt(1))]);
      await notes.pull([deleted('a', stampAt(2)), deleted('nobody', stampAt(2))]);
      expect((await notes.list()).ids).toEqual(['b']);
      expect(notes.changes.at(-1)).toMatchObject({ kind: 'delete', ids: ['a'], count: 1 });
      expect(await notes.look()).toMatchObject({ a: { kind: 'delete' }, nobody: { kind: 'delete' } });
      expect(await notes.pending()).toEqual([]);
    });

    it('Y5 under compare-and-set a pending edit of which the server has another record is a conflict', async () => {
      const notes = await begun({ conflict: 'compare-and-set' });
      await notes.pull([upserted('a', stampAt(1)), upserted('b', stampAt(1)), upserted('c', stampAt(1))]);
      await notes.upsert([record('a', 2), record('b', 2)]);
      await notes.deleteIds(['c']);
      const before = await notes.look();
      const applied = await notes.pull([
        upserted('a', stampAt(1)),
        upserted('b', stampAt(LATER), 9),
        deleted('c', stampAt(LATER)),
      ]);
      // That of a is what it was made on; c is deleted on both sides.
      expect(applied).toMatchObject({
        lost: [],
        conflicts: [{ local: { id: 'b' }, remote: { stamp: stampAt(LATER) } }],
      });
      expect(await notes.look()).toMatchObject({
        a: before.a!,
        b: before.b!,
        c: { kind: 'delete', stamp: stampAt(LATER), pending: false },
      });
    });

    it('Y5 a page is applied only to the checkpoint it was asked for, and moves it in the same commit', async () => {
      const notes = await begun();
      const from = notes.mirror.row!.shards[0]!;
      const page = pageAfter(from, [upserted('a', stampAt(1))], { hi: 7, floor: 3 });
      expect(await notes.mirror.applyPage([page], [from])).toEqual({ lost: [], conflicts: [] });
      expect(notes.mirror.row!.shards[0]).toEqual({ cursor: 1, epoch: 'e1', hi: 7, floor: 3, phase: 'pull' });
      const late = pageAfter(from, [upserted('b', stampAt(1))]);
      expect(await notes.mirror.applyPage([late], [from])).toBe(false);
      const now = notes.mirror.row!.shards[0]!;
      for (const other of [{ cursor: 0 }, { epoch: 'e2' }, { phase: 'repull' as const }]) {
        expect(await notes.mirror.applyPage([late], [{ ...now, ...other }])).toBe(false);
      }
      expect((await notes.list()).ids).toEqual(['a']);
      // What acknowledgements raise is no reason, and is not taken back.
      await notes.upsert([record('c')]);
      await notes.settle(await notes.pending(), { status: 'ok' });
      await notes.mirror.settle([], [], { 0: { epoch: 'e1', seq: 50 } });
      expect(await notes.mirror.applyPage([pageAfter(now, [upserted('b', stampAt(1))])], [now])).not.toBe(
        false,
      );
      expect(notes.mirror.row!.shards[0]).toMatchObject({ cursor: 2, hi: 50, floor: 3 });
    });

    it('Y5 Y6 pages of several shards are one commit, or none where one of them comes late', async () => {
      const notes = await begun({ shards: 4 });
      const ids = [0, 1, 2].map((shard) => {
        for (let i = 0; ; i++) if (shardOf(`r${i}`, 4) === shard) return `r${i}`;
      });
      const from = notes.mirror.row!.shards;
      const page = (shard: number) => pageAfter(from[shard]!, [upserted(ids[shard]!, stampAt(1))], { shard });
      const { generation } = (await notes.storage.readCollection('notes'))!;
      await notes.mirror.applyPage([page(0), page(1)], [from[0]!, from[1]!]);
      expect((await notes.storage.readCollection('notes'))!).toMatchObject({
        generation: generation + 1,
        nextSegment: 1,
      });
      expect(await notes.mirror.applyPage([page(2), page(1)], [from[2]!, from[1]!])).toBe(false);
      expect(notes.mirror.row!.shards.map(({ cursor }) => cursor)).toEqual([1, 1, 0, 0]);
      expect([...(await notes.mirror.keys(0)).keys()]).toEqual([ids[0]]);
      expect((await notes.mirror.keys(2)).size).toBe(0);
    });

    it('Y4 Y5 what brings nothing new is no commit', async () => {
      const notes = await begun();
      await notes.upsert([record('a')]);
      const sent = await notes.pending();
      await notes.settle(sent, { status: 'unavailable', message: 'x' });
      await notes.pull([upserted('b', stampAt(1))]);
      const { generation } = await notes.engine.stats();
      await notes.settle(sent, { status: 'unavailable', message: 'x' });
      expect(await notes.pull([])).toEqual({ lost: [], conflicts: [] });
      expect((await notes.engine.stats()).generation).toBe(generation);
      await notes.settle(sent, { status: 'ok' });
      expect((await notes.engine.stats()).generation).toBe(generation + 1);
    });

    it('Y5 a record of another dimension refuses its page, and nothing moves', async () => {
      const notes = await begun();
      const wrong = { ...upserted('a', stampAt(1)), vector: Float32Array.of(1, 2, 3) };
      await expect(notes.pull([upserted('b', stampAt(1)), wrong])).rejects.toMatchObject({
        code: 'SYNC_REJECTED',
      });
      expect(notes.mirror.row!.shards[0]!.cursor).toBe(0);
      expect((await notes.list()).ids).toEqual([]);
    });
  });
}
