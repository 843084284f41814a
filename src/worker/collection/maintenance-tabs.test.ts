import { expect, it, vi } from 'vitest';
import { abortedError } from '../../shared/errors.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { batch, CONFIG, callOptions, openEngine, packRecords, trainHere } from './engine.contract.js';
import type { Train } from './list-order.js';
import { SEALED_ROWS } from './segment.js';
import { droppedError } from './state.js';

// Two engines on one storage are two tabs; what is due in one is due in both.

async function openTabs() {
  const storage = new MemoryStorage();
  const asked = vi.spyOn(storage, 'maintenanceLock');
  const begun: number[] = [];
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  /** Waits for `goOn`, or for its tab's end. */
  const trainIn = (tab: number): Train => {
    return async (rows, config, options) => {
      begun.push(tab);
      await new Promise<void>((resolve, reject) => {
        void gate.then(resolve);
        options.signal?.addEventListener('abort', () => reject(abortedError(undefined)));
      });
      return trainHere(rows, config, options);
    };
  };
  const open = async (tab: number) => openEngine(storage, CONFIG, undefined, SEALED_ROWS, trainIn(tab));
  const tabs = [await open(0), await open(1)] as const;
  const { generation } = await tabs[0].engine.upsert(
    packRecords(batch(0, SEALED_ROWS), 2),
    'upsert',
    'disk',
    callOptions(),
  );
  await tabs[1].engine.follow(generation);
  // Both want it, and one has it.
  await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  return { tabs, begun, goOn, storage };
}

it('T3 of two tabs with a training due one does it, and the other finds nothing left to do', async () => {
  const { tabs, begun, goOn, storage } = await openTabs();
  const [owner] = begun as [0 | 1];
  const other = tabs[1 - owner]!;
  expect((await other.engine.stats()).index).toEqual({ kind: 'flat', lists: 0, indexedRows: 0 });
  expect((await tabs[owner].engine.stats()).index.training).toBeDefined();
  goOn();
  // Behind both of them.
  await storage.maintenanceLock('exclusive', async () => {});
  expect(begun).toEqual([owner]);
  for (const { engine } of tabs)
    expect((await engine.stats()).index).toMatchObject({ kind: 'ivf', indexedRows: SEALED_ROWS });
  expect((await storage.readCollection(CONFIG.name))!.generation).toBe(2);
});

it('T3 where the tab that trains ends, the next one begins', async () => {
  const { tabs, begun, goOn, storage } = await openTabs();
  const [owner] = begun as [0 | 1];
  tabs[owner].engine.close(droppedError(CONFIG.name));
  await vi.waitFor(() => expect(begun).toEqual([owner, 1 - owner]));
  goOn();
  await storage.maintenanceLock('exclusive', async () => {});
  expect((await tabs[1 - owner]!.engine.stats()).index.kind).toBe('ivf');
});

it('T3 C14 an optimize() that waits for another tab can be aborted, and is CLOSED with its store', async () => {
  const { tabs, begun, goOn } = await openTabs();
  const other = tabs[1 - begun[0]!]!;
  const controller = new AbortController();
  const aborted = other.engine.optimize(callOptions(controller.signal));
  controller.abort();
  await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  const closed = other.engine.optimize(callOptions());
  other.engine.close(droppedError(CONFIG.name));
  await expect(closed).rejects.toMatchObject({ code: 'CLOSED' });
  goOn();
});
