import { describe, expect, it } from 'vitest';
import { packStrings } from '../../shared/string-column.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { batch, CONFIG, callOptions, clientOf, openEngine, record } from './engine.contract.js';

async function openNotes(maxRecords: number | undefined, storage = new MemoryStorage()) {
  const holding = maxRecords === undefined ? {} : { maxRecords };
  const opened = await openEngine(storage, CONFIG, undefined, undefined, undefined, holding);
  return { ...opened, storage, notes: clientOf(opened.engine) };
}

describe('maxRecords', () => {
  it('N1 evicts the oldest in the same commit, leaves no tombstone, and tells which', async () => {
    const { notes, storage, changes } = await openNotes(3);
    await notes.upsert([record('a'), record('b')]);
    expect(await notes.upsert([record('c')])).toEqual({ count: 1, generation: 2, stamp: expect.any(String) });
    expect(await notes.upsert([record('d'), record('e')])).toEqual({
      count: 2,
      generation: 3,
      evicted: 2,
      stamp: expect.any(String),
    });
    expect((await notes.list()).ids).toEqual(['c', 'd', 'e']);
    expect(changes.slice(2)).toEqual([
      { kind: 'upsert', ids: ['d', 'e'], count: 2, generation: 3, collection: 'notes', origin: 'local' },
      { kind: 'evict', ids: ['a', 'b'], count: 2, generation: 3, collection: 'notes', origin: 'local' },
    ]);
    const row = (await storage.readCollection(CONFIG.name))!;
    expect(row.segments.map(({ tombstones }) => tombstones)).toEqual([0, 0, 0]);
  });

  it('N1 replacing and setMetadata make a record young, and make no room necessary', async () => {
    const { notes } = await openNotes(3);
    await notes.upsert([record('a'), record('b'), record('c')]);
    expect(await notes.upsert([record('a')])).toEqual({ count: 1, generation: 2, stamp: expect.any(String) });
    await notes.setMetadata({ b: { n: 1 } });
    expect((await notes.upsert([record('d')])).evicted).toBe(1);
    expect((await notes.upsert([record('e')])).evicted).toBe(1);
    expect((await notes.list()).ids).toEqual(['b', 'd', 'e']);
  });

  it('N1 keeps the last of a batch that is larger than the bound', async () => {
    const { notes, changes } = await openNotes(1_500);
    await notes.upsert([record('old')]);
    expect((await notes.upsert(batch(0, 4_000))).evicted).toBe(2_501);
    const kept = batch(2_500, 1_500).map(({ id }) => id);
    expect((await notes.list({ limit: 2_000 })).ids).toEqual(kept);
    const { ids, count } = changes.at(-1)!;
    expect({ count, ids }).toEqual({ count: 2_501, ids: ['old', ...batch(0, 999).map(({ id }) => id)] });
  });

  it('N1 takes effect at the next write where there are more, and holds for the last one asked for', async () => {
    const { engine, notes } = await openNotes(undefined);
    await notes.upsert(batch(0, 10));
    engine.setMaxRecords(4);
    expect(await engine.count(undefined)).toBe(10);
    await notes.upsert([record('z')]);
    expect((await notes.list()).ids).toEqual([...batch(7, 3).map(({ id }) => id), 'z']);
  });

  it('N1 a refused write evicts nothing', async () => {
    const { notes } = await openNotes(2);
    await notes.upsert([record('a'), record('b')]);
    await expect(notes.insert([record('c'), record('a')])).rejects.toMatchObject({ code: 'DUPLICATE_ID' });
    expect((await notes.list()).ids).toEqual(['a', 'b']);
  });

  it.each([1, 2, 3, 4])('N1 keeps what a plain list keeps (seed %i)', async (seed) => {
    const random = new SeededRandom(seed);
    const storage = new MemoryStorage();
    const max = 20 + random.below(30);
    let { engine, notes } = await openNotes(max, storage);
    /** Oldest first. */
    let model: string[] = [];
    for (let step = 0; step < 120; step++) {
      const ids = random.sample(
        Array.from({ length: 100 }, (_, i) => `r${i}`),
        1 + random.below(random.chance(0.1) ? 60 : 8),
      );
      const there = ids.filter((id) => model.includes(id));
      switch (random.below(8)) {
        case 0:
          await engine.delete({ ids }, 'disk', callOptions());
          model = model.filter((id) => !ids.includes(id));
          break;
        case 1:
          if (there.length === 0) break;
          await engine.setMetadata(
            packStrings(there),
            packStrings(there.map(() => '{}')),
            'disk',
            callOptions(),
          );
          model = [...model.filter((id) => !there.includes(id)), ...there];
          break;
        case 2:
          await engine.optimize(callOptions());
          break;
        case 3:
          ({ engine, notes } = await openNotes(max, storage));
          break;
        default: {
          model = [...model.filter((id) => !ids.includes(id)), ...ids];
          const evicted = Math.max(0, model.length - max);
          const result = await notes.upsert(ids.map((id) => record(id)));
          expect(result.evicted ?? 0, `step ${step}`).toBe(evicted);
          model = model.slice(evicted);
        }
      }
      expect((await notes.list({ limit: 1_000 })).ids, `step ${step}`).toEqual([...model].sort());
    }
  });
});
