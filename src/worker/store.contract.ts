import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collection } from '../client/collection.js';
import type { VectorStore } from '../client/store.js';
import type { ChangeEvent, Embedder, Metric } from '../shared/types.js';
import { trueScore } from './collection/engine.contract.js';
import { SeededRandom } from './seeded-random.contract.js';

interface Note {
  readonly n: number;
  readonly tags?: readonly string[];
}

const DIMENSION = 8;

/** Words to vectors: enough to tell texts apart. */
const embedder: Embedder = {
  id: 'lengths/2',
  dimension: 2,
  embed: async (texts) => texts.map((text) => Float32Array.of(text.length, 1)),
};

function randomVectors(rows: number, seed = 1): Float32Array<ArrayBuffer> {
  const random = new SeededRandom(seed);
  return Float32Array.from({ length: rows * DIMENSION }, () => random.normal());
}

const idOf = (i: number) => `r${String(i).padStart(5, '0')}`;

function batchOf(rows: number, seed = 1) {
  return {
    ids: Array.from({ length: rows }, (_, i) => idOf(i)),
    vectors: randomVectors(rows, seed),
    metadata: Array.from({ length: rows }, (_, n): Note => ({ n })),
  };
}

/** What every store does, wherever its records are: each rule as an application sees it. */
export function storeContract(open: () => Promise<VectorStore>): void {
  let store: VectorStore;
  let notes: Collection<Note>;

  beforeEach(async () => {
    store = await open();
    notes = await store.collection<Note>('notes', { dimension: DIMENSION });
  });
  afterEach(() => store.close());

  const codeOf = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'resolved',
      (error) => error.code,
    );
  const idsOf = async () => (await notes.list({ limit: 10_000 })).records.map(({ id }) => id);
  const vectorAt = (vectors: Float32Array, i: number) => vectors.slice(i * DIMENSION, (i + 1) * DIMENSION);

  it('C3 a collection is created once, and opened with the settings it has', async () => {
    expect(await codeOf(store.collection('unknown'))).toBe('INVALID_ARGUMENT');
    const words = await store.collection('words', {
      dimension: 3,
      metric: 'dot',
      embeddingSpace: 'model/3',
      conflict: 'compare-and-set',
    });
    expect(words).toMatchObject({ dimension: 3, metric: 'dot', embeddingSpace: 'model/3' });
    expect(await store.collection('words')).toMatchObject({ dimension: 3, metric: 'dot' });
    const others = [
      { dimension: 4 },
      { metric: 'l2' },
      { embeddingSpace: 'other' },
      { conflict: 'last-writer-wins' },
    ] as const;
    for (const other of others)
      expect(await codeOf(store.collection('words', other))).toBe('CONFIG_MISMATCH');
    expect(await store.listCollections()).toEqual([
      { name: 'notes', dimension: DIMENSION, metric: 'cosine' },
      { name: 'words', dimension: 3, metric: 'dot', embeddingSpace: 'model/3', conflict: 'compare-and-set' },
    ]);
    expect(await store.status()).toMatchObject({ collections: 2, damagedCollections: [] });
  });

  describe('writes', () => {
    it('C5 C10 upsert replaces by id; get answers in the order asked, vectors bit for bit', async () => {
      const vector = randomVectors(1);
      expect(await notes.upsert([{ id: 'a', vector, metadata: { n: 1 }, text: 'one' }])).toMatchObject({
        count: 1,
      });
      expect(await notes.get(['z', 'a', 'z'], { includeVectors: true })).toEqual([
        undefined,
        { id: 'a', vector, metadata: { n: 1 }, text: 'one' },
        undefined,
      ]);
      await notes.upsert([{ id: 'a', vector: vector.map((x) => -x) }]);
      expect(await notes.get(['a'])).toEqual([{ id: 'a' }]);
      expect([await notes.has('a'), await notes.has('b'), await notes.count()]).toEqual([true, false, 1]);
      expect(await notes.upsert([])).toMatchObject({ count: 0 });
    });

    it('C5 C6 insert refuses the whole batch where an id is there, and names every position', async () => {
      await notes.insert(batchOf(3));
      const more = batchOf(5, 2);
      await expect(notes.insert(more)).rejects.toMatchObject({
        code: 'DUPLICATE_ID',
        problemCount: 3,
        problems: [
          { position: 0, id: idOf(0) },
          { position: 1, id: idOf(1) },
          { position: 2, id: idOf(2) },
        ],
      });
      expect(await idsOf()).toEqual([idOf(0), idOf(1), idOf(2)]);
      expect((await notes.get([idOf(0)], { includeVectors: true }))[0]!.vector).toEqual(
        vectorAt(randomVectors(3), 0),
      );
    });

    it('C6 a batch with bad records is refused whole, with every position', async () => {
      await notes.upsert(batchOf(1));
      const good = Array.from({ length: DIMENSION }, () => 1);
      await expect(
        notes.upsert([
          { id: 'a', vector: good },
          { id: 'b', vector: [1, 2] },
          { id: 'c', vector: good.map(() => 0) },
          { id: '', vector: good },
          { id: 'a', vector: good },
        ]),
      ).rejects.toMatchObject({ problems: [1, 2, 3, 4].map((position) => ({ position })) });
      expect(await idsOf()).toEqual([idOf(0)]);
    });

    it('C5 C6 C9 batches of any size are taken, and refused as a whole', async () => {
      const many = batchOf(1_200);
      const progress: number[] = [];
      const written = await notes.upsert(many, { onProgress: ({ done }) => progress.push(done) });
      expect(written.count).toBe(1_200);
      expect(await notes.count()).toBe(1_200);
      const got = await notes.get(many.ids, { includeVectors: true });
      for (const [i, record] of got.entries()) {
        expect(record).toEqual({ id: idOf(i), metadata: { n: i }, vector: vectorAt(many.vectors, i) });
      }
      const ids = [...many.ids.slice(0, 1_100).map((id) => `new ${id}`), idOf(7)];
      const vectors = randomVectors(ids.length, 3);
      await expect(notes.insert({ ids, vectors })).rejects.toMatchObject({
        code: 'DUPLICATE_ID',
        problemCount: 1,
        problems: [{ position: 1_100, id: idOf(7) }],
      });
      const updates = [...many.ids, 'absent'].map((id) => ({ id, metadata: { n: -1 } }));
      await expect(notes.setMetadata(updates)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        problems: [{ position: 1_200, id: 'absent' }],
      });
      expect([await notes.count(), await notes.count({ n: -1 })]).toEqual([1_200, 0]);
      expect((await notes.setMetadata(updates.slice(0, 1_200))).count).toBe(1_200);
      expect(await notes.count({ n: -1 })).toBe(1_200);
      expect((await notes.delete({ ids: many.ids.slice(0, 600) })).count).toBe(600);
      expect((await notes.delete({ filter: {} })).count).toBe(600);
      expect(await notes.count()).toBe(0);
    });

    it('C8 setMetadata leaves vector and text alone; an absent id refuses the batch', async () => {
      const vector = randomVectors(1);
      await notes.upsert([{ id: 'a', vector, text: 'one', metadata: { n: 1 } }]);
      expect(await notes.setMetadata([{ id: 'a', metadata: { n: 2 } }])).toMatchObject({ count: 1 });
      const changed = [{ id: 'a', vector, text: 'one', metadata: { n: 2 } }];
      expect(await notes.get(['a'], { includeVectors: true })).toEqual(changed);
      const mixed = ['a', 'b'].map((id) => ({ id, metadata: { n: 3 } }));
      await expect(notes.setMetadata(mixed)).rejects.toMatchObject({ problems: [{ position: 1, id: 'b' }] });
      expect(await notes.get(['a'], { includeVectors: true })).toEqual(changed);
    });

    it('C9 delete passes over absent ids, and deletes what passes a filter', async () => {
      await notes.upsert(batchOf(20));
      expect((await notes.delete({ ids: [idOf(1), 'absent', idOf(1)] })).count).toBe(1);
      expect((await notes.delete({ filter: { n: { $lt: 5 } } })).count).toBe(4);
      expect((await notes.delete({ filter: { n: { $lt: 5 } } })).count).toBe(0);
      expect(await idsOf()).toEqual(Array.from({ length: 15 }, (_, i) => idOf(5 + i)));
      await notes.insert([{ id: idOf(1), vector: randomVectors(1) }]);
      expect(await notes.count()).toBe(16);
    });

    it('C12 change events tell kind, ids and count before the promise resolves', async () => {
      const changes: Partial<ChangeEvent>[] = [];
      const heard = () => changes.filter(({ origin }) => origin === 'local');
      const off = notes.on('change', (change) => changes.push(change));
      await notes.upsert(batchOf(2));
      expect(heard()).toMatchObject([
        { collection: 'notes', kind: 'upsert', ids: [idOf(0), idOf(1)], count: 2 },
      ]);
      await notes.setMetadata([{ id: idOf(0), metadata: { n: 9 } }]);
      await notes.delete({ ids: [idOf(1), 'absent'] });
      await notes.delete({ ids: ['absent'] });
      await notes.delete({ filter: { n: 9 } });
      expect(heard().slice(1)).toMatchObject([
        { kind: 'upsert', ids: [idOf(0)], count: 1 },
        { kind: 'delete', ids: [idOf(1)], count: 1 },
        { kind: 'delete', count: 1 },
      ]);
      off();
      await notes.upsert(batchOf(1));
      expect(heard()).toHaveLength(4);
    });

    it('C13 a call that is aborted before it begins has changed nothing', async () => {
      const signal = AbortSignal.abort('enough');
      expect(await codeOf(notes.upsert(batchOf(3), { signal }))).toBe('ABORTED');
      expect(await codeOf(notes.query({ vector: randomVectors(1), signal }))).toBe('ABORTED');
      expect(await notes.count()).toBe(0);
    });
  });

  describe('reads', () => {
    it('C11 list pages in the order of id, and shows whatever stays exactly once', async () => {
      await notes.upsert(batchOf(50));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await notes.list({ limit: 7, ...(cursor !== undefined && { cursor }) });
        seen.push(...page.records.map(({ id }) => id));
        cursor = page.cursor;
        if (seen.length === 14) {
          await notes.delete({ ids: [idOf(3), idOf(30)] });
          await notes.upsert(batchOf(1, 2));
        }
      } while (cursor !== undefined);
      expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => idOf(i)).filter((id) => id !== idOf(30)));
      const odd = await notes.list({ filter: { n: { $in: [1, 5, 41] } }, includeVectors: true });
      expect(odd).toEqual({
        records: [1, 5, 41].map((n) => ({
          id: idOf(n),
          metadata: { n },
          vector: vectorAt(randomVectors(50), n),
        })),
      });
    });

    it.each<Metric>(['cosine', 'dot', 'l2'])(
      'Q1 Q2 Q3 %s: the best that pass, as many as there are',
      async (metric) => {
        const rows = 300;
        const batch = batchOf(rows);
        const own = await store.collection<Note>(`by-${metric}`, { dimension: DIMENSION, metric });
        await own.upsert(batch);
        const vector = randomVectors(1, 9);
        const wanted = batch.ids
          .map((id, i) => ({ id, n: i, score: trueScore(metric, vector, vectorAt(batch.vectors, i)) }))
          .sort((a, b) => b.score - a.score);
        const { matches, receipt } = await own.query({ vector, topK: 20, includeVectors: true, exact: true });
        expect(matches.map(({ id }) => id)).toEqual(wanted.slice(0, 20).map(({ id }) => id));
        expect(receipt).toMatchObject({ exact: true, complete: true, scanned: rows });
        for (const [i, match] of matches.entries()) {
          expect(match.score).toBeCloseTo(wanted[i]!.score, 5);
          const { distance, score } = match;
          if (metric === 'cosine') expect(distance).toBeCloseTo(1 - score, 5);
          else if (metric === 'dot') expect(distance).toBeCloseTo(-score, 5);
          else expect(score).toBeCloseTo(1 / (1 + distance), 5);
          expect(match.metadata).toEqual({ n: wanted[i]!.n });
          expect(match.vector).toEqual(vectorAt(batch.vectors, wanted[i]!.n));
        }
        const passing = wanted.filter(({ n }) => n % 50 === 0);
        const filter = { n: { $in: [0, 50, 100, 150, 200, 250] } };
        const filtered = await own.query({ vector, filter, includeMetadata: false });
        expect(filtered.matches.map(({ id }) => id)).toEqual(passing.map(({ id }) => id));
        expect(filtered.matches[0]).not.toHaveProperty('metadata');
        const minScore = (wanted[4]!.score + wanted[5]!.score) / 2;
        expect((await own.query({ vector, topK: 300, minScore })).matches).toHaveLength(5);
      },
    );

    it('Q1 more matches than a server gives at once come in one order', async () => {
      const batch = batchOf(1_200);
      await notes.upsert(batch);
      const vector = randomVectors(1, 9);
      const { matches } = await notes.query({ vector, topK: 5_000 });
      expect(new Set(matches.map(({ id }) => id)).size).toBe(1_200);
      expect(matches.map(({ score }) => score)).toEqual(
        matches.map(({ score }) => score).toSorted((a, b) => b - a),
      );
    });

    it('Q4 where widens until topK pass, or every record was judged', async () => {
      await notes.upsert(batchOf(1_100));
      const vector = randomVectors(1, 9);
      const where = ({ metadata }: { metadata?: Note }) => metadata!.n % 300 === 7;
      const { matches } = await notes.query({ vector, topK: 3, where });
      const all = await notes.query({ vector, topK: 1_100 });
      const passing = all.matches.filter((match) => where(match)).map(({ id }) => id);
      expect(passing).toHaveLength(4);
      expect(matches.map(({ id }) => id)).toEqual(passing.slice(0, 3));
      const every = await notes.query({ vector, topK: 9, where, includeMetadata: false });
      expect(every.matches.map(({ id }) => id)).toEqual(passing);
    });

    it('Q5 Q6 a query by id uses that record’s vector, and queryMany gives what query gives', async () => {
      await notes.upsert(batchOf(100));
      const { matches } = await notes.query({ id: idOf(42), topK: 3 });
      expect(matches[0]).toMatchObject({ id: idOf(42) });
      expect(matches[0]!.score).toBeCloseTo(1, 6);
      expect(await codeOf(notes.query({ id: 'absent' }))).toBe('INVALID_ARGUMENT');
      const queries = Array.from({ length: 70 }, (_, i) => ({
        vector: randomVectors(1, i),
        topK: 1 + (i % 5),
        ...(i % 3 === 0 && { filter: { n: { $lt: 20 } } }),
      }));
      const together = await notes.queryMany(queries);
      for (const [i, query] of queries.entries()) {
        expect(together[i]!.matches).toEqual((await notes.query(query)).matches);
        expect(together[i]!.matches).toHaveLength(query.topK);
      }
    });

    it('C16 texts are embedded and kept; nothing without an embedder', async () => {
      const texts = await store.collection('texts', { embedder });
      await texts.upsert([
        { id: 'short', text: 'ab' },
        { id: 'long', text: 'abcdefghijklm' },
      ]);
      const { matches } = await texts.query({ text: 'abcdefghijk', topK: 1 });
      expect(matches).toMatchObject([{ id: 'long', text: 'abcdefghijklm' }]);
      expect(await codeOf(notes.upsert([{ id: 'a', text: 'ab' }]))).toBe('INVALID_ARGUMENT');
    });

    it('F1 V9 bad filters and queries are refused', async () => {
      await notes.upsert(batchOf(1));
      const bad = { n: { $regex: 'x' } } as never;
      expect(await codeOf(notes.count(bad))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(notes.delete({ filter: bad }))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(notes.query({ vector: [1, 2] }))).toBe('DIMENSION_MISMATCH');
      expect(await codeOf(notes.query({ vector: randomVectors(1), topK: 0 }))).toBe('INVALID_ARGUMENT');
    });
  });

  it('C14 C15 optimize changes no answer; stats, status and metrics describe', async () => {
    await notes.upsert(batchOf(10));
    await notes.query({ vector: randomVectors(1) });
    const before = await notes.list();
    await notes.optimize();
    expect(await notes.list()).toEqual(before);
    expect(await notes.discardQuarantined()).toEqual({ records: 0 });
    expect(await notes.stats()).toMatchObject({
      name: 'notes',
      dimension: DIMENSION,
      records: 10,
      deadRecords: 0,
    });
    expect(await store.status()).toMatchObject({ name: store.name, collections: 1 });
    const { upsert, query } = await store.metrics();
    expect([upsert.count, query.count]).toEqual([1, 1]);
  });

  it('C4 what was dropped is CLOSED for good, and its name can be created anew', async () => {
    await notes.upsert(batchOf(3));
    expect(await store.dropCollection('notes')).toBe(true);
    expect(await store.dropCollection('notes')).toBe(false);
    expect(await codeOf(notes.count())).toBe('CLOSED');
    const anew = await store.collection('notes', { dimension: 2 });
    expect(await anew.count()).toBe(0);
    await anew.upsert([{ id: 'a', vector: [1, 2] }]);
    expect(await codeOf(notes.upsert(batchOf(1)))).toBe('CLOSED');
    expect(await codeOf(notes.query({ vector: randomVectors(1) }))).toBe('CLOSED');
    expect(await anew.count()).toBe(1);
  });

  it('C4 destroy deletes every collection, and calls are CLOSED', async () => {
    await store.collection('more', { dimension: 2 });
    await store.destroy();
    expect(await codeOf(notes.count())).toBe('CLOSED');
    expect(await codeOf(store.listCollections())).toBe('CLOSED');
  });
}
