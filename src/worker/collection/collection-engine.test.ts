import { beforeEach, describe, expect, it } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import type { ChangeEvent } from '../../shared/types.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import type { CollectionEngine } from './collection-engine.js';
import {
  batch,
  CONFIG,
  callOptions,
  clientOf,
  type EngineClient,
  openEngine,
  packRecords,
  record,
} from './engine.contract.js';

let storage: MemoryStorage;
let engine: CollectionEngine;
let notes: EngineClient;
let changes: ChangeEvent[];

beforeEach(async () => {
  storage = new MemoryStorage();
  const opened = await openEngine(storage, CONFIG);
  engine = opened.engine;
  notes = clientOf(engine);
  changes = opened.changes;
});

describe('upsert and insert', () => {
  it('C5 upsert replaces by id: vector, metadata and text', async () => {
    await notes.upsert([record('a', 1, 0, { n: 1 }, 'one'), record('b')]);
    expect(await notes.upsert([record('a', 0, 1)])).toEqual({
      count: 1,
      generation: 2,
      stamp: expect.any(String),
    });
    expect(await notes.get(['a'])).toEqual([
      { id: 'a', metadata: undefined, text: undefined, vector: [0, 1] },
    ]);
    expect((await notes.query([1, 0], { topK: 10 })).ids).toEqual(['b', 'a']);
    expect(await engine.count(undefined)).toBe(2);
  });

  it('C5 an empty batch changes nothing and resolves to count 0', async () => {
    await notes.upsert([record('a')]);
    const before = await notes.state();
    expect(await notes.upsert([])).toEqual({ count: 0, generation: 1 });
    expect(await notes.insert([])).toEqual({ count: 0, generation: 1 });
    expect(await notes.setMetadata({})).toEqual({ count: 0, generation: 1 });
    expect(await notes.deleteIds([])).toEqual({ count: 0, generation: 1 });
    expect(await notes.state()).toEqual(before);
    expect(changes).toHaveLength(1);
  });

  it('C5 C6 insert rejects the whole batch if an id is there, and names every position', async () => {
    await notes.upsert([record('a', 1, 0, { n: 1 }), record('b')]);
    const before = await notes.state();
    await expect(notes.insert([record('x'), record('b'), record('y'), record('a')])).rejects.toMatchObject({
      code: 'DUPLICATE_ID',
      problemCount: 2,
      problems: [
        { position: 1, id: 'b' },
        { position: 3, id: 'a' },
      ],
    });
    expect(await notes.state()).toEqual(before);
    await notes.deleteIds(['b']);
    expect((await notes.insert([record('b')])).count).toBe(1);
  });

  it('C6 names the first 100 of 150 bad positions, counts all, and changes nothing', async () => {
    await notes.upsert([record('a')]);
    const before = await notes.state();
    const bad = [...batch(0, 200)].map((each, i) => (i < 50 ? each : { ...each, vector: [0, 0] }));
    const error = await notes.upsert(bad).catch((refusal) => refusal);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', problemCount: 150 });
    expect(error.problems.map(({ position }: { position: number }) => position)).toEqual(
      Array.from({ length: 100 }, (_, i) => 50 + i),
    );
    expect(await notes.state()).toEqual(before);
    expect(changes).toHaveLength(1);
  });

  it('C6 a batch whose commit fails changes nothing, and the next one goes through', async () => {
    await notes.upsert([record('a', 1, 0, { n: 1 })]);
    const before = await notes.state();
    const { commit } = storage;
    storage.commit = async () => {
      throw new VectorStoreError('QUOTA_EXCEEDED', 'no room');
    };
    const calls = [
      notes.upsert([record('a', 0, 1), record('b')]),
      notes.deleteIds(['a']),
      notes.setMetadata({ a: { n: 2 } }),
      engine.delete({ filter: {} }, 'disk', callOptions()),
    ];
    for (const end of await Promise.allSettled(calls)) {
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'QUOTA_EXCEEDED' } });
    }
    expect(await notes.state()).toEqual(before);
    expect(await notes.get(['a'])).toMatchObject([{ metadata: { n: 1 }, vector: [1, 0] }]);
    storage.commit = commit;
    expect(await notes.upsert([record('b')])).toEqual({ count: 1, generation: 2, stamp: expect.any(String) });
  });

  it('C12 tells each commit: kind, ids, count, generation; of 1,500 ids the first 1,000', async () => {
    await notes.upsert([record('a'), record('b')]);
    await notes.upsert(batch(0, 1_500));
    await notes.setMetadata({ a: { n: 1 } });
    await notes.deleteIds(['b', 'absent']);
    await notes.deleteIds(['absent']);
    const told = changes.map(({ kind, ids, count, generation }) => [kind, ids.length, count, generation]);
    expect(told).toEqual([
      ['upsert', 2, 2, 1],
      ['upsert', 1_000, 1_500, 2],
      ['upsert', 1, 1, 3],
      ['delete', 1, 1, 4],
    ]);
    expect(changes[3]).toEqual({
      collection: 'notes',
      kind: 'delete',
      ids: ['b'],
      count: 1,
      generation: 4,
      origin: 'local',
    });
  });

  it('C13 a call that is aborted before its commit rejects with ABORTED and has changed nothing', async () => {
    await notes.upsert([record('a')]);
    const before = await notes.state();
    const signal = AbortSignal.abort('enough');
    const call = engine.upsert(packRecords([record('b')], 2), 'upsert', 'disk', callOptions(signal));
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(engine.delete({ ids: ['a'] }, 'disk', callOptions(signal))).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(await notes.state()).toEqual(before);
  });
});

describe('setMetadata and delete', () => {
  it('C8 replaces metadata and leaves vector and text alone', async () => {
    await notes.upsert([record('a', 0.1, 0.2, { n: 1, old: true }, 'text'), record('b', 1, 1)]);
    expect(await notes.setMetadata({ b: { n: 5 }, a: { n: 2 } })).toEqual({
      count: 2,
      generation: 2,
      stamp: expect.any(String),
    });
    expect(await notes.get(['a', 'b'])).toEqual([
      { id: 'a', metadata: { n: 2 }, text: 'text', vector: [Math.fround(0.1), Math.fround(0.2)] },
      { id: 'b', metadata: { n: 5 }, text: undefined, vector: [1, 1] },
    ]);
    expect((await notes.query([0.1, 0.2], { topK: 1 })).ids).toEqual(['a']);
  });

  it('C8 an id that is not there refuses the batch', async () => {
    await notes.upsert([record('a', 1, 0, { n: 1 })]);
    const before = await notes.state();
    await expect(notes.setMetadata({ a: { n: 2 }, z: {} })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      problems: [{ position: 1, id: 'z' }],
    });
    expect(await notes.state()).toEqual(before);
    expect(await notes.get(['a'])).toMatchObject([{ metadata: { n: 1 } }]);
  });

  it('C9 delete passes over absent and repeated ids', async () => {
    await notes.upsert([record('a'), record('b'), record('c')]);
    expect(await notes.deleteIds(['b', 'z', 'b', 'a'])).toEqual({
      count: 2,
      generation: 2,
      stamp: expect.any(String),
    });
    expect(await notes.deleteIds(['a', 'b'])).toEqual({ count: 0, generation: 2 });
    expect((await notes.list()).ids).toEqual(['c']);
  });

  it('C9 delete({ filter }) deletes what passes at the time of the commit', async () => {
    await notes.upsert([record('a', 1, 0, { n: 1 }), record('b', 1, 0, { n: 2 }), record('c')]);
    const earlier = notes.setMetadata({ b: { n: 1 } });
    const deleted = engine.delete({ filter: { n: 1 } }, 'disk', callOptions());
    const later = notes.upsert([record('d', 1, 0, { n: 1 })]);
    await Promise.all([earlier, later]);
    expect((await deleted).count).toBe(2);
    expect((await notes.list()).ids).toEqual(['c', 'd']);
    expect((await engine.delete({ filter: {} }, 'disk', callOptions())).count).toBe(2);
    expect(await engine.count(undefined)).toBe(0);
  });
});

describe('get and list', () => {
  it('C10 answers in the order asked, undefined where absent, vectors bit for bit and as copies', async () => {
    const values = [1e-30, -0, 0.1, Math.fround(1 / 3), 16_777_217, 1e18];
    const records = values.map((value, i) => record(`v${i}`, value, 1));
    await notes.upsert(records);
    const asked = ['v5', 'absent', 'v1', 'v5', 'v0', 'v2', 'v3', 'v4'];
    const { found, records: got } = await engine.get(asked, true);
    expect(found).toEqual(asked.map((id) => id !== 'absent'));
    expect(got.ids).toEqual(asked.filter((id) => id !== 'absent'));
    const bits = got.ids.map((_, i) =>
      Object.is(got.vectors![2 * i], Math.fround(values[+got.ids[i]![1]!]!)),
    );
    expect(bits.every(Boolean)).toBe(true);
    got.vectors!.fill(9);
    expect(await notes.get(['v1'])).toMatchObject([{ vector: [-0, 1] }]);
    expect((await engine.get(['v1'], false)).records.vectors).toBeUndefined();
  });

  it('C11 lists in UTF-16 order, with cursors, across segments', async () => {
    // U+FF5E sorts after the surrogates of 🦀 in UTF-16, before them in UTF-8.
    const ids = ['b', '～', '🦀', 'a', 'B', 'a1', 'é', '10', '9', 'z'.repeat(500)];
    for (const id of ids) await notes.upsert([record(id)]);
    const sorted = [...ids].sort();
    expect((await notes.list()).ids).toEqual(sorted);
    for (const limit of [1, 3, 9, 10, 11]) {
      const pages: string[][] = [];
      for (let cursor: string | undefined, end = false; !end; end = cursor === undefined) {
        const page = await notes.list({ limit, ...(cursor === undefined ? {} : { cursor }) });
        pages.push([...page.ids]);
        cursor = page.cursor;
      }
      expect(pages.flat()).toEqual(sorted);
      expect(pages).toHaveLength(Math.ceil(10 / limit));
    }
    expect(await notes.list({ cursor: 'zz'.repeat(250) })).toEqual({
      ids: ['é', '🦀', '～'],
      cursor: undefined,
    });
  });

  it('C11 lists each record that stays exactly once, whatever is written and compacted in between', async () => {
    const stay = batch(0, 40);
    await notes.upsert([...stay, ...batch(100, 40)]);
    const seen: string[] = [];
    for (let cursor: string | undefined, round = 0, end = false; !end; end = cursor === undefined, round++) {
      const page = await notes.list({ limit: 7, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.ids);
      cursor = page.cursor;
      await notes.upsert([...batch(round, 5), ...batch(200 + round, 3)]);
      await notes.deleteIds([`r${String(100 + round).padStart(6, '0')}`]);
      if (round % 2 === 0) await engine.optimize(callOptions());
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => stay.some((each) => each.id === id))).toEqual(stay.map(({ id }) => id));
  });

  it('C11 lists and counts what passes a filter', async () => {
    await notes.upsert([
      record('c', 1, 0, { n: 1 }),
      record('a', 1, 0, { n: 1 }),
      record('b', 1, 0, { n: 2 }),
    ]);
    await notes.upsert([record('d', 1, 0, { n: 1 }), record('e')]);
    await notes.deleteIds(['a']);
    expect((await notes.list({ filter: { n: 1 } })).ids).toEqual(['c', 'd']);
    expect((await notes.list({ filter: { n: 1 }, limit: 1 })).cursor).toBe('c');
    expect(await engine.count({ n: 1 })).toBe(2);
    expect(await engine.count({ n: { $exists: false } })).toBe(1);
  });
});
