import { describe, expect, it, vi } from 'vitest';
import { pause } from '../slices.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import {
  batch,
  CONFIG,
  callOptions,
  clientOf,
  holdingWith,
  jsCompute,
  openEngine,
  record,
} from './engine.contract.js';
import { CollectionState } from './state.js';

// Two engines on one storage are two tabs: each has a memory of its own of what is on disk.

async function openTabs() {
  const storage = new MemoryStorage();
  const engines = [(await openEngine(storage, CONFIG)).engine, (await openEngine(storage, CONFIG)).engine];
  return { storage, engines, tabs: engines.map(clientOf) };
}

describe('two tabs', () => {
  it('S2 both keep writing, and nothing is lost', async () => {
    const { tabs, storage } = await openTabs();
    const writes = tabs.map(async (tab, t) => {
      for (let i = 0; i < 40; i++) {
        await tab.upsert([record(`${t}-${i}`, 1, i), record('both', 1, t)]);
        if (i % 5 === 4) await tab.deleteIds([`${t}-${i - 1}`]);
        if (i % 7 === 6) await tab.setMetadata({ [`${t}-${i}`]: { i } });
      }
    });
    await Promise.all(writes);
    const { engine } = await openEngine(storage, CONFIG);
    const expected = [0, 1].flatMap((t) =>
      Array.from({ length: 40 }, (_, i) => `${t}-${i}`).filter((_, i) => i % 5 !== 3),
    );
    const { ids } = await clientOf(engine).list({ limit: 1_000 });
    expect(ids).toEqual([...expected, 'both'].sort());
    const records = await clientOf(engine).get(['0-6', '1-20']);
    expect(records).toMatchObject([{ metadata: { i: 6 } }, { metadata: { i: 20 } }]);
  });

  it('S2 both keep writing while both compact', async () => {
    const { tabs, engines, storage } = await openTabs();
    const work = tabs.map(async (tab, t) => {
      for (let i = 0; i < 30; i++) {
        await tab.upsert(batch(1_000 * t + 10 * i, 10));
        await tab.deleteIds([`r00${t}${String(10 * i + 3).padStart(3, '0')}`]);
        if (i % 4 === t) await engines[t]!.optimize(callOptions());
      }
    });
    await Promise.all(work);
    const { engine } = await openEngine(storage, CONFIG);
    expect(await engine.count(undefined)).toBe(2 * 30 * 9);
    const { ids } = await clientOf(engine).list({ limit: 1_000 });
    expect(ids).toHaveLength(540);
    expect(ids.filter((id) => id.endsWith('3'))).toEqual([]);
  });

  it('S2 decides a write by what is on disk, not by what this tab remembers', async () => {
    const { tabs } = await openTabs();
    const [one, two] = [tabs[0]!, tabs[1]!];
    await one.upsert([record('a', 1, 0, { n: 1 }), record('b')]);
    await expect(two.insert([record('a')])).rejects.toMatchObject({ code: 'DUPLICATE_ID' });
    expect((await two.setMetadata({ a: { n: 2 } })).count).toBe(1);
    expect(await one.deleteIds(['a'])).toMatchObject({ count: 1 });
    expect((await two.insert([record('a', 1, 9)])).count).toBe(1);
    await one.deleteIds(['a', 'b']);
    await expect(two.setMetadata({ b: { n: 3 } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await one.upsert([record('c')]);
    expect((await two.deleteIds(['c'])).count).toBe(1);
  });

  it('S2 reads of a stale tab still come where the other has compacted its segments away', async () => {
    const { storage, engines, tabs } = await openTabs();
    await tabs[0]!.upsert(batch(0, 20));
    await tabs[0]!.upsert(batch(20, 20));
    // Nothing is in this tab's memory yet.
    const late = clientOf((await openEngine(storage, CONFIG)).engine);
    await engines[0]!.optimize(callOptions());
    expect((await late.query([1, 0], { topK: 100 })).ids).toHaveLength(40);
    expect(await late.get(['r000039'])).toMatchObject([{ vector: [1, 39] }]);
  });

  it('C4 S2 a collection that another tab has dropped is CLOSED, also where it was created anew', async () => {
    const { storage, tabs } = await openTabs();
    await tabs[0]!.upsert([record('a')]);
    await storage.dropCollection(CONFIG.name);
    await expect(tabs[0]!.upsert([record('b')])).rejects.toMatchObject({ code: 'CLOSED' });
    await storage.createCollection(CONFIG);
    await expect(tabs[1]!.upsert([record('b')])).rejects.toMatchObject({ code: 'CLOSED' });
    expect((await storage.readCollection(CONFIG.name))!.generation).toBe(0);
  });

  it('Q7 what a tab catches up with is one generation, also where the next one comes while it is read', async () => {
    const { storage, tabs } = await openTabs();
    const row = (await storage.readCollection(CONFIG.name))!;
    await tabs[0]!.upsert([record('a')]);
    const state = await CollectionState.open(
      storage,
      holdingWith(jsCompute()),
      row,
      '00'.repeat(8),
      () => {},
    );
    await tabs[0]!.upsert([record('b')]);
    const { readCollection } = storage;
    storage.readCollection = async (name) => {
      storage.readCollection = readCollection;
      const found = await readCollection.call(storage, name);
      await tabs[0]!.upsert([record('a', 2)]);
      return found;
    };
    await state.refresh();
    // Never the row of one generation and the dead bits of the next: the record would be in neither.
    expect(state.current.live).toBe(2);
  });

  it('Q7 a refresh that takes long does not bring back what a commit has replaced meanwhile', async () => {
    const { storage, tabs } = await openTabs();
    const row = (await storage.readCollection(CONFIG.name))!;
    const compute = jsCompute();
    const state = await CollectionState.open(storage, holdingWith(compute), row, '00'.repeat(8), () => {});
    await tabs[0]!.upsert([record('a')]);
    const { readGeneration } = storage;
    let goOn = () => {};
    storage.readGeneration = async (...args) => {
      storage.readGeneration = readGeneration;
      const generation = await readGeneration.apply(storage, args);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return generation;
    };
    const slow = state.refresh();
    await vi.waitFor(() => expect(storage.readGeneration).toBe(readGeneration));
    await tabs[0]!.upsert([record('b')]);
    await state.refresh();
    expect(state.current.generation).toBe(2);
    goOn();
    await slow;
    expect(state.current.generation).toBe(2);
    expect(state.current.live).toBe(2);
  });
});

describe('merging by itself', () => {
  it('S6 happens after a burst of small writes, and changes no answer', async () => {
    const { engines, tabs } = await openTabs();
    for (let i = 0; i < 40; i++) await tabs[0]!.upsert([record(`a${i}`, 1, i)]);
    const before = await tabs[0]!.query([1, 7], { topK: 40 });
    expect((await engines[0]!.stats()).segments).toBe(40);
    await vi.waitFor(async () => expect((await engines[0]!.stats()).segments).toBe(1), { timeout: 5_000 });
    const after = await tabs[0]!.query([1, 7], { topK: 40 });
    expect([after.ids, after.scores]).toEqual([before.ids, before.scores]);
    expect(after.receipt.generation).toBe(41);
  });
});

describe('optimize', () => {
  it('C14 changes no answer, and reads and writes go on meanwhile', async () => {
    const { engines, tabs } = await openTabs();
    const [engine, notes] = [engines[0]!, tabs[0]!];
    for (let i = 0; i < 6; i++) await notes.upsert(batch(i * 1_000, 900));
    await notes.deleteIds(batch(0, 300).map(({ id }) => id));
    const asked = [1, 2_345] as const;
    const before = await notes.query(asked, { topK: 50 });
    const progress: number[] = [];
    let writes = 0;
    const optimized = engine.optimize({ ...callOptions(), onProgress: ({ done }) => progress.push(done) });
    let isOver = false;
    optimized.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      // A page's messages come one by one, with the merge's slices between them.
      await pause();
      const { ids } = await notes.query(asked, { topK: 50 });
      expect(ids).toEqual(before.ids);
      await notes.upsert([record(`w${writes++}`, -1, 0)]);
    }
    await optimized;
    expect(progress.length).toBeGreaterThan(0);
    const after = await notes.query(asked, { topK: 50 });
    expect([after.ids, after.scores]).toEqual([before.ids, before.scores]);
    expect(writes).toBeGreaterThan(0);
    const stats = await engine.stats();
    expect(stats).toMatchObject({ records: 6 * 900 - 300 + writes, deadRecords: 0 });
    expect(stats.segments).toBeLessThan(6 + writes);
  });
});
