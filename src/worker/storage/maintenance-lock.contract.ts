import { afterEach, describe, expect, it } from 'vitest';
import { type StorageKind, uniqueStoreName } from './storage.contract.js';
import type { Storage } from './storage.js';

/** The lock that maintenance and backups of all tabs share. */
export function describeMaintenanceLock(kind: StorageKind): void {
  describe(`maintenance lock: ${kind.name}`, () => {
    const opened: Storage[] = [];

    afterEach(async () => {
      const [one, ...others] = opened.splice(0);
      for (const storage of others) await storage.close();
      await one?.destroy();
    });

    async function openTwo() {
      const store = uniqueStoreName();
      const storages = [kind.connect(store), kind.connect(store)];
      for (const storage of storages) await storage.open();
      opened.push(...storages);
      return storages as [Storage, Storage];
    }

    /** A task that runs until it is told to end. */
    function held() {
      let begin!: () => void;
      let end!: () => void;
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      const task = async () => {
        begin();
        await ended;
      };
      return { task, begun, end };
    }

    it('T3 lets one in at a time, across connections; a failed one does not stop the next', async () => {
      const storages = await openTwo();
      let inside = 0;
      let most = 0;
      const task = (which: number) =>
        storages[which % 2]!.maintenanceLock('exclusive', async () => {
          most = Math.max(most, ++inside);
          for (let turn = 0; turn < 5; turn++) await storages[0].readStore();
          inside--;
          if (which === 1) throw new Error('task 1 fails');
          return which;
        });
      const ends = await Promise.allSettled([0, 1, 2, 3].map(task));
      expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : end.reason.message))).toEqual([
        0,
        'task 1 fails',
        2,
        3,
      ]);
      expect(most).toBe(1);
    });

    it('T3 lets shared ones in together, and nobody beside an exclusive one', async () => {
      const [one, two] = await openTwo();
      const [a, b, merge, c] = [held(), held(), held(), held()];
      const shared = [one.maintenanceLock('shared', a.task), two.maintenanceLock('shared', b.task)];
      await Promise.all([a.begun, b.begun]);
      const log: string[] = [];
      const exclusive = one.maintenanceLock('exclusive', async () => {
        log.push('exclusive');
        await merge.task();
      });
      const last = two.maintenanceLock('shared', async () => {
        log.push('last');
        await c.task();
      });
      a.end();
      await one.readStore();
      expect(log).toEqual([]);
      b.end();
      await merge.begun;
      await one.readStore();
      expect(log).toEqual(['exclusive']);
      merge.end();
      await c.begun;
      c.end();
      await Promise.all([...shared, exclusive, last]);
      expect(log).toEqual(['exclusive', 'last']);
    });

    it('T3 whoever waits can leave, and whoever stood behind has its turn', async () => {
      const [one, two] = await openTwo();
      const [holder, behind] = [held(), held()];
      const holding = one.maintenanceLock('shared', holder.task);
      await holder.begun;
      const leaving = new AbortController();
      let isRun = false;
      const waiting = two.maintenanceLock(
        'exclusive',
        async () => {
          isRun = true;
        },
        leaving.signal,
      );
      const later = one.maintenanceLock('shared', behind.task);
      leaving.abort('no longer wanted');
      await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', cause: 'no longer wanted' });
      // Chromium looks for who is next only when a lock is given back.
      holder.end();
      await behind.begun;
      behind.end();
      await Promise.all([holding, later]);
      expect(isRun).toBe(false);
      await expect(two.maintenanceLock('exclusive', behind.task, leaving.signal)).rejects.toMatchObject({
        code: 'ABORTED',
      });
    });

    it('T3 a signal that comes too late for the waiting leaves the task alone', async () => {
      const [one] = await openTwo();
      const controller = new AbortController();
      const { task, begun, end } = held();
      const done = one.maintenanceLock('exclusive', task, controller.signal);
      await begun;
      controller.abort();
      end();
      await expect(done).resolves.toBeUndefined();
    });
  });
}
