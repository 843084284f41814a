import { describe, expect, it, vi } from 'vitest';
import { callOptions, record } from '../engine.contract.js';
import {
  begunNotes,
  type Connect,
  deleted,
  type descriptorOf,
  expectSame,
  LATER,
  pageAfter,
  stampAt,
  upserted,
} from './mirror-world.contract.js';

export function describeMirrorHealing(name: string, connect: Connect): void {
  describe(`healing, evicting and merging a mirror on ${name}`, () => {
    const begun = (more?: Parameters<typeof descriptorOf>[0]) => begunNotes(connect, more);

    it('Y7 keys and operations tell every record and tombstone, acknowledged or not, and offers settle like pushes', async () => {
      const notes = await begun();
      await notes.pull([
        upserted('old', stampAt(1)),
        upserted('older', stampAt(1)),
        deleted('dead', stampAt(2)),
      ]);
      await notes.upsert([record('new')]);
      const keys = await notes.mirror.keys(0);
      expect([...keys].map(([id, { kind, pending }]) => [id, kind, pending]).sort()).toEqual([
        ['dead', 'delete', false],
        ['new', 'upsert', true],
        ['old', 'upsert', false],
        ['older', 'upsert', false],
      ]);
      const offers = await notes.mirror.operations(['old', 'older', 'dead', 'new']);
      const remote = upserted('older', stampAt(3), 5);
      const from = notes.mirror.row!.shards[0]!;
      expect(await notes.mirror.setPhase(0, from, { ...from, epoch: 'e2', hi: 0, phase: 'offer' })).toBe(
        true,
      );
      const applied = await notes.settle(
        offers,
        { status: 'ok' },
        // Overtaken: it was acknowledged, and so it is nobody's loss.
        { status: 'stale', current: remote },
        { status: 'dup' },
        { status: 'ok' },
      );
      expect(applied).toEqual({ lost: [], conflicts: [] });
      expect(await notes.look()).toMatchObject({
        older: { x: 5, stamp: remote.stamp },
        new: { pending: false },
      });
      expect(notes.mirror.row!.shards[0]).toMatchObject({ epoch: 'e2', hi: 1, phase: 'offer' });
    });

    it('Y7 Y8 a sweep drops what was acknowledged and not seen, keeps what is pending, and ends the phase', async () => {
      const notes = await begun();
      await notes.pull([
        upserted('seen', stampAt(1)),
        upserted('vanished', stampAt(1)),
        deleted('dead', stampAt(1)),
      ]);
      await notes.upsert([record('created'), record('seen', 4)]);
      const from = notes.mirror.row!.shards[0]!;
      await notes.mirror.setPhase(0, from, { ...from, cursor: 0, phase: 'repull' });
      expect(await notes.mirror.sweep(0, from, new Set(['seen']))).toBe(false);
      const repull = notes.mirror.row!.shards[0]!;
      // Acknowledged now, it would be swept away although the server has it.
      await notes.settle(await notes.pending(), { status: 'ok' }, { status: 'ok' });
      expect(await notes.mirror.sweep(0, repull, new Set(['seen']))).toEqual({ lost: [], conflicts: [] });
      expect(await notes.look()).toMatchObject({ seen: { pending: true, x: 4 }, created: { pending: true } });
      expect(Object.keys(await notes.look())).toHaveLength(2);
      expect(notes.mirror.row!.shards[0]!.phase).toBe('pull');
      expect(notes.changes.at(-1)).toMatchObject({ kind: 'delete', ids: ['vanished'], origin: 'sync' });
      await expectSame(notes, await notes.again());
    });

    it('Y10 two tabs: what comes second is refused, and both see the same afterwards', async () => {
      const one = await begun();
      const two = await one.again();
      const from = one.mirror.row!.shards[0]!;
      const pages = ['a', 'b'].map((id) => pageAfter(from, [upserted(id, stampAt(1))]));
      const answers = await Promise.all([
        one.mirror.applyPage([pages[0]!], [from]),
        two.mirror.applyPage([pages[1]!], [from]),
      ]);
      expect(answers.filter((answer) => answer === false)).toHaveLength(1);
      await two.engine.follow(99);
      await one.engine.follow(99);
      await expectSame(one, two);
      expect(Object.keys(await one.look())).toHaveLength(1);
    });

    it('Y2 onPending calls back for what is written here and in another tab, not for what a mirror does', async () => {
      const one = await begun();
      const two = await one.again();
      let calls = 0;
      const stop = one.mirror.onPending(() => calls++);
      await one.upsert([record('a')]);
      expect(calls).toBe(1);
      await two.upsert([record('b')]);
      await one.engine.follow(99);
      expect(calls).toBe(2);
      await one.deleteIds(['a']);
      expect(calls).toBe(3);
      await one.pushAll();
      await one.pull([upserted('c', stampAt(1))]);
      await one.mirror.noteSynced(7);
      await one.mirror.setClockOffset(5);
      expect(one.mirror.row).toMatchObject({ lastSyncedAt: 2, clockOffsetMs: 5 });
      expect(calls).toBe(3);
      stop();
      await one.upsert([record('d')]);
      expect(calls).toBe(3);
    });

    it('Y13 an eviction takes no pending record, and a pull brings one back only when it has changed', async () => {
      const notes = await begun();
      notes.engine.setMaxRecords(2);
      expect((await notes.upsert([record('a'), record('b'), record('c')])).evicted).toBeUndefined();
      // Older than what is written now, and still to be pushed.
      expect((await notes.upsert([record('d')])).evicted).toBeUndefined();
      const [a] = await notes.pushAll();
      expect((await notes.upsert([record('e')])).evicted).toBe(3);
      expect((await notes.list()).ids).toEqual(['d', 'e']);
      await notes.setMetadata({ d: { n: 1 } });
      expect((await notes.upsert([record('f')])).evicted).toBeUndefined();
      expect((await notes.list()).ids).toEqual(['d', 'e', 'f']);
      await notes.pull([{ ...a!, bare: true, vector: undefined }]);
      expect((await notes.list()).ids).toEqual(['d', 'e', 'f']);
      await notes.pushAll();
      await notes.pull([upserted('a', stampAt(LATER))]);
      // It makes room for itself, as a write would.
      expect((await notes.list()).ids).toEqual(['a', 'f']);
    });

    it('Y14 a merge drops acknowledged tombstones once they are older than their life, and no pending one', async () => {
      const notes = await begun({ tombstoneLifeMs: 3_600_000 });
      const began = Date.now();
      const time = vi.spyOn(Date, 'now').mockReturnValue(began);
      try {
        await notes.pull([
          deleted('old', stampAt(began)),
          upserted('a', stampAt(1)),
          upserted('b', stampAt(1)),
        ]);
        await notes.mirror.noteSynced(began);
        await notes.upsert([record('c')]);
        await notes.deleteIds(['a', 'c']);
        await notes.upsert([record('a')]);
        time.mockReturnValue(began + 3_700_000);
        await notes.pull([
          deleted('young', stampAt(began + 3_650_000)),
          // Heard of late.
          deleted('late', stampAt(began)),
        ]);
        const before = await notes.look();
        await notes.engine.optimize(callOptions());
        // The clock may have been set wrong: no server has confirmed that it is so late.
        expect(await notes.look()).toEqual(before);
        await notes.mirror.noteSynced(began + 3_700_000);
        await notes.upsert([record('d')]);
        const { old: _, ...kept } = await notes.look();
        await notes.engine.optimize(callOptions());
        expect(await notes.look()).toEqual(kept);
        expect(Object.keys(kept).sort()).toEqual(['a', 'b', 'c', 'd', 'late', 'young']);
        await expectSame(notes, await notes.again());
      } finally {
        time.mockRestore();
      }
    });
  });
}
