import { expect, it } from 'vitest';
import type { Collection } from '../../client/collection.js';
import type { ChangeEvent, Embedder } from '../../shared/types.js';
import { openHere } from '../page-here.contract.js';

// A page and its worker on one thread: what a handle sees of it.

const TEXTS = ['a', 'bb', 'ccc', 'dddd', 'eeeee'];

/** Its vectors point to the text's length: `spread` × length in the first number, 1 in the last. */
function lengths(id: string, dimension: number, sign: 1 | -1) {
  const asked: string[] = [];
  const hooks: { before: (texts: readonly string[]) => unknown } = { before: () => {} };
  const embedder: Embedder = {
    id,
    dimension,
    embed: async (texts, _signal, purpose) => {
      if (purpose === 'document') {
        asked.push(...texts);
        await hooks.before(texts);
      }
      return texts.map((text) => {
        const vector = new Float32Array(dimension);
        vector[0] = sign * text.length;
        vector[dimension - 1] = 1;
        return vector;
      });
    },
  };
  return { embedder, hooks, asked: () => asked.splice(0) };
}

const small = () => lengths('small', 2, 1);
const large = () => lengths('large', 3, -1);

async function openNotes() {
  const store = await openHere({ name: 's', storage: 'memory' });
  const old = small();
  const notes = await store.collection<{ n: number }>('notes', { embedder: old.embedder, metric: 'dot' });
  await notes.upsert(TEXTS.map((text, n) => ({ id: `r${n}`, text, metadata: { n } })));
  const events: ChangeEvent[] = [];
  notes.on('change', (event) => events.push(event));
  return { store, notes, old, events };
}

const vectorsOf = async <M>(notes: Collection<M>, ids: string[]) =>
  (await notes.get(ids, { includeVectors: true })).map((record) => record?.vector && [...record.vector]);

const firstOf = async <M>(notes: Collection<M>, text: string) =>
  (await notes.query({ text, topK: 1 })).matches.map(({ id }) => id);

it('E8 makes every vector anew from its text, in another dimension, and keeps the rest', async () => {
  const { notes, events } = await openNotes();
  const other = large();
  expect(await firstOf(notes, 'x')).toEqual(['r4']);
  expect(await notes.reembed(other.embedder)).toEqual({ count: 5, embedded: 5 });
  expect(other.asked()).toEqual(TEXTS);
  expect([notes.dimension, notes.embeddingSpace, (await notes.stats()).dimension]).toEqual([3, 'large', 3]);
  expect(await vectorsOf(notes, ['r0', 'r4'])).toEqual([
    [-1, 0, 1],
    [-5, 0, 1],
  ]);
  expect((await notes.get(['r2']))[0]).toMatchObject({ id: 'r2', text: 'ccc', metadata: { n: 2 } });
  expect(await notes.count({ n: { $gte: 3 } })).toBe(2);
  expect((await notes.query({ text: 'ccc', keyword: true })).matches).toMatchObject([{ id: 'r2' }]);
  expect((await notes.query({ vector: [-1, 0, 0], topK: 1 })).matches).toMatchObject([{ id: 'r4' }]);
  // The new embedder's texts score by its vectors; the old ones would give r4 again.
  expect((await notes.query({ text: 'x', topK: 1 })).matches[0]!.score).toBe(6);
  expect(events).toMatchObject([{ kind: 'reembed', count: 5, ids: [], origin: 'local' }]);
  await notes.upsert([{ id: 'r5', text: 'ffffff' }]);
  expect(other.asked()).toEqual(['ffffff']);
  expect(await vectorsOf(notes, ['r5'])).toEqual([[-6, 0, 1]]);
  expect(events.at(-1)!.generation).toBeGreaterThan(events[0]!.generation);
});

it('E5 E8 after it, what is written again unchanged is not embedded again', async () => {
  const { notes } = await openNotes();
  const other = large();
  await notes.reembed(other.embedder);
  other.asked();
  await notes.upsert([{ id: 'r1', text: 'bb' }]);
  expect(other.asked()).toEqual([]);
});

it('E8 queries and writes go on meanwhile, and what they have written is there afterwards', async () => {
  const { notes, store } = await openNotes();
  const other = large();
  let isDone = false;
  other.hooks.before = async () => {
    if (isDone) return;
    isDone = true;
    expect((await notes.query({ text: 'x', topK: 1 })).matches).toMatchObject([{ id: 'r4', score: 6 }]);
    await notes.upsert([{ id: 'new', text: 'ggggggg', metadata: { n: 9 } }]);
    await notes.upsert([{ id: 'r1', text: 'changed' }]);
    await notes.setMetadata([{ id: 'r2', metadata: { n: 22 } }]);
    await notes.delete({ ids: ['r3'] });
    expect(notes.dimension).toBe(2);
    expect(await store.listCollections()).toMatchObject([{ name: 'notes', dimension: 2 }]);
    expect((await store.status()).collections).toBe(1);
  };
  expect(await notes.reembed(other.embedder)).toMatchObject({ count: 5 });
  // r2 keeps the vector of its text.
  expect(other.asked()).toEqual([...TEXTS, 'ggggggg', 'changed']);
  expect(await vectorsOf(notes, ['r0', 'r1', 'r2', 'r3', 'new'])).toEqual([
    [-1, 0, 1],
    [-7, 0, 1],
    [-3, 0, 1],
    undefined,
    [-7, 0, 1],
  ]);
  expect((await notes.get(['r2', 'new'])).map((record) => record!.metadata)).toEqual([{ n: 22 }, { n: 9 }]);
});

it('E9 does nothing where the collection has that embedder, but for the handle', async () => {
  const { notes, store } = await openNotes();
  const other = large();
  await notes.reembed(other.embedder);
  other.asked();
  const again = await store.collection('notes');
  const events: ChangeEvent[] = [];
  again.on('change', (event) => events.push(event));
  expect(await again.reembed(other.embedder)).toEqual({ count: 5, embedded: 0 });
  expect([other.asked(), events]).toEqual([[], []]);
  expect((await again.query({ text: 'x', topK: 1 })).matches[0]!.score).toBe(6);
});

it('E9 where the embedder fails, the collection is as it was, and the next call goes on', async () => {
  const { notes } = await openNotes();
  await notes.upsert(
    Array.from({ length: 1_200 }, (_, i) => ({ id: `t${i}`, text: `${'t'.repeat(10)}${i}` })),
  );
  const other = large();
  let calls = 0;
  other.hooks.before = () => {
    if (++calls === 12) throw new TypeError('offline');
  };
  await expect(notes.reembed(other.embedder)).rejects.toThrow('offline');
  expect([notes.dimension, await vectorsOf(notes, ['r0'])]).toEqual([2, [[1, 1]]]);
  const before = new Set(other.asked());
  other.hooks.before = () => {};
  const { count, embedded } = await notes.reembed(other.embedder);
  expect(count).toBe(1_205);
  expect(embedded).toBeLessThan(1_205);
  const after = other.asked();
  expect(after).toHaveLength(embedded);
  // Only those of the commit that it was at are asked for twice.
  expect(after.filter((text) => before.has(text)).length).toBeLessThanOrEqual(512);
  expect(new Set([...before, ...after]).size).toBe(1_205);
});

it('E9 what was begun for another embedder is not used', async () => {
  const { notes } = await openNotes();
  const failing = large();
  failing.hooks.before = () => {
    throw new TypeError('offline');
  };
  await expect(notes.reembed(failing.embedder)).rejects.toThrow('offline');
  const third = lengths('third', 4, -1);
  expect(await notes.reembed(third.embedder)).toEqual({ count: 5, embedded: 5 });
  expect(await vectorsOf(notes, ['r0'])).toEqual([[-1, 0, 0, 1]]);
});

it('E9 aborted, it has changed nothing and leaves nothing', async () => {
  const { notes, store } = await openNotes();
  await notes.upsert(Array.from({ length: 600 }, (_, i) => ({ id: `t${i}`, text: `t${i}` })));
  const other = large();
  const controller = new AbortController();
  other.hooks.before = (texts) => {
    if (texts.includes('t590')) controller.abort();
  };
  const done: number[] = [];
  const call = notes.reembed(other.embedder, {
    signal: controller.signal,
    onProgress: (p) => done.push(p.done),
  });
  await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await vectorsOf(notes, ['r0'])).toEqual([[1, 1]]);
  other.asked();
  other.hooks.before = () => {};
  expect(await notes.reembed(other.embedder)).toEqual({ count: 605, embedded: 605 });
  expect(await store.listCollections()).toHaveLength(1);
});

it('E9 of two calls the second waits, and finds it done', async () => {
  const { notes, store } = await openNotes();
  const second = await store.collection('notes');
  const other = large();
  expect(await Promise.all([notes, second].map((each) => each.reembed(other.embedder)))).toEqual([
    { count: 5, embedded: 5 },
    { count: 5, embedded: 0 },
  ]);
  expect([second.dimension, await firstOf(second, 'x')]).toEqual([3, ['r4']]);
});

it('E10 records without a text are named before anything is embedded', async () => {
  const { notes } = await openNotes();
  await notes.upsert(Array.from({ length: 120 }, (_, i) => ({ id: `v${i}`, vector: [i, 1] })));
  const other = large();
  const error = await notes.reembed(other.embedder).catch((each: unknown) => each);
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', problemCount: 120 });
  expect((error as { problems: unknown[] }).problems).toHaveLength(100);
  expect((error as { problems: unknown[] }).problems[0]).toMatchObject({ id: 'v0' });
  expect((error as Error).message).toContain('120 record(s) of collection "notes" have no text');
  expect([other.asked(), notes.dimension]).toEqual([[], 2]);
});

it('E10 a record without a text that comes meanwhile refuses it, too', async () => {
  const { notes } = await openNotes();
  const other = large();
  other.hooks.before = () => notes.upsert([{ id: 'v', vector: [1, 2] }]);
  await expect(notes.reembed(other.embedder)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    problemCount: 1,
  });
  expect(await vectorsOf(notes, ['v'])).toEqual([[1, 2]]);
});

it('E10 an embedder that is none is refused', async () => {
  const { notes } = await openNotes();
  for (const bad of [undefined, {}, { id: '', dimension: 2, embed: () => [] }, { id: 'x', dimension: 2 }]) {
    await expect(notes.reembed(bad as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  }
});

it('E11 other handles go on without vectors, and have to be opened again for them', async () => {
  const { notes, store, old } = await openNotes();
  const stale = await store.collection<{ n: number }>('notes', { embedder: old.embedder });
  const other = large();
  await notes.reembed(other.embedder);
  const refused = { code: 'CONFIG_MISMATCH', message: expect.stringContaining('embedded anew') };
  await expect(stale.query({ text: 'x' })).rejects.toMatchObject(refused);
  await expect(stale.query({ vector: [1, 1] })).rejects.toMatchObject(refused);
  await expect(stale.upsert([{ id: 'a', text: 'a' }])).rejects.toMatchObject(refused);
  await expect(stale.upsert([{ id: 'a', vector: [1, 1] }])).rejects.toMatchObject(refused);
  expect(await stale.count()).toBe(5);
  expect((await stale.list()).records).toHaveLength(5);
  expect((await stale.query({ id: 'r4', topK: 1 })).matches).toMatchObject([{ id: 'r4' }]);
  expect((await stale.query({ text: 'bb', keyword: true })).matches).toMatchObject([{ id: 'r1' }]);
  expect((await stale.setMetadata([{ id: 'r0', metadata: { n: 7 } }])).count).toBe(1);
  expect((await stale.delete({ ids: ['r1'] })).count).toBe(1);
  expect(await notes.count()).toBe(4);
  await expect(store.collection('notes', { embedder: old.embedder })).rejects.toMatchObject({
    code: 'CONFIG_MISMATCH',
    message: expect.stringContaining('reembed()'),
  });
  await stale.reembed(other.embedder);
  expect((await stale.query({ text: 'x', topK: 1 })).matches).toMatchObject([{ id: 'r4', score: 6 }]);
});

it('E11 texts that this handle was writing or asking for are embedded by the new embedder', async () => {
  const { notes, old } = await openNotes();
  const other = large();
  let release = () => {};
  const isAsked = new Promise<void>((asked) => {
    old.hooks.before = () =>
      new Promise<void>((resolve) => {
        release = resolve;
        asked();
      });
  });
  const writing = notes.upsert([{ id: 'late', text: 'hhhhhhhh' }]);
  await isAsked;
  const work = notes.reembed(other.embedder);
  await work;
  release();
  expect((await writing).count).toBe(1);
  expect(await vectorsOf(notes, ['late'])).toEqual([[-8, 0, 1]]);
});

it('E11 a dropped collection is dropped for handles of what it replaced', async () => {
  const { notes, store } = await openNotes();
  const stale = await store.collection('notes');
  await notes.reembed(large().embedder);
  await store.dropCollection('notes');
  await store.collection('notes', { dimension: 2 });
  await expect(stale.count()).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(notes.count()).rejects.toMatchObject({ code: 'CLOSED' });
});
