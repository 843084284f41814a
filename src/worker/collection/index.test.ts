import { describe, expect, it } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import type { CollectionConfig, IndexEvent, Metric } from '../../shared/types.js';
import { createBitmap, setBit } from '../bitmap.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { damagedPage } from '../storage/damage-errors.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import type { Storage } from '../storage/storage.js';
import type { CollectionEngine } from './collection-engine.js';
import {
  callOptions,
  holdingWith,
  jsCompute,
  openEngine,
  packRecords,
  trainHere,
  trueScore,
} from './engine.contract.js';
import type { Train } from './list-order.js';
import { CollectionState } from './state.js';

const DIMENSION = 8;
const ROWS = 3000;
const MIN_COMPONENTS = 2048 * DIMENSION;

const configOf = (metric: Metric = 'cosine'): CollectionConfig => ({
  name: 'notes',
  dimension: DIMENSION,
  metric,
});

/** Rows in 40 clusters, each with its number and its cluster as metadata. */
function clustered(random: SeededRandom, from: number, count: number) {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const centre = new SeededRandom(1000 + (n % 40));
    const vector = Array.from({ length: DIMENSION }, () => centre.normal() + 0.3 * random.normal());
    return { id: `r${n}`, vector, metadata: { n, cluster: n % 40 } };
  });
}

type Records = ReturnType<typeof clustered>;

const put = (engine: CollectionEngine, records: Records) =>
  engine.upsert(packRecords(records, DIMENSION), 'upsert', 'disk', callOptions());

const reopen = (storage: Storage, minComponents = MIN_COMPONENTS) =>
  openEngine(storage, configOf(), jsCompute(), minComponents);

/** A collection of clustered rows with an index. */
async function trained(metric: Metric = 'cosine') {
  const storage = new MemoryStorage();
  const opened = await openEngine(storage, configOf(metric), jsCompute(), MIN_COMPONENTS);
  const records = clustered(new SeededRandom(1), 0, ROWS);
  await put(opened.engine, records);
  await opened.engine.optimize(callOptions());
  expect((await opened.engine.stats()).index).toMatchObject({ kind: 'ivf', indexedRows: ROWS });
  return { ...opened, storage, records };
}

async function ask(engine: CollectionEngine, vector: readonly number[], more: object = {}) {
  const [answer] = await engine.query([{ vector: Float32Array.from(vector), ...more }], callOptions());
  return answer!;
}

/** Ids of the truly nearest. */
const nearest = (records: Records, vector: readonly number[], topK: number) =>
  records
    .map(({ id, vector: own }) => ({ id, score: trueScore('cosine', own, vector) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, topK)
    .map(({ id }) => id);

const until = async (isTrue: () => Promise<boolean>) => {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('an index', () => {
  it('I1 I5 is used, finds what it says it finds, and exact answers stay exact', async () => {
    const { engine, records } = await trained();
    const queries = clustered(new SeededRandom(2), 0, 200).map(({ vector }) => vector);
    let hits = 0;
    let scanned = 0;
    for (const vector of queries) {
      const truth = nearest(records, vector, 10);
      const exact = await ask(engine, vector, { exact: true });
      expect(exact.receipt).toMatchObject({ exact: true, plan: 'flat', scanned: ROWS });
      expect(exact.ids).toEqual(truth);
      const { ids, receipt } = await ask(engine, vector);
      expect(receipt).toMatchObject({ exact: false, complete: true, plan: 'ivf' });
      hits += ids.filter((id) => truth.includes(id)).length;
      scanned += receipt.scanned;
    }
    const { recall } = (await engine.stats()).index;
    expect(recall).toMatchObject({ topK: 10, targetRecall: 0.95 });
    expect(recall!.sample).toBeGreaterThan(100);
    expect(recall!.value).toBeGreaterThanOrEqual(0.95);
    expect(Math.abs(hits / 2000 - recall!.value)).toBeLessThan(0.02);
    expect(scanned / 200).toBeLessThan(ROWS / 3);
  });

  it('I5 a lower target probes less, and one that probing cannot reach is answered exactly', async () => {
    const { engine } = await trained();
    const { vector } = clustered(new SeededRandom(3), 7, 1)[0]!;
    const scanned = async (targetRecall: number) =>
      (await ask(engine, vector, { targetRecall })).receipt.scanned;
    expect(await scanned(0.5)).toBeLessThan(await scanned(0.99));
    expect((await ask(engine, vector, { targetRecall: 1 })).receipt.exact).toBe(true);
    expect((await ask(engine, vector, { topK: 5000 })).ids).toHaveLength(ROWS);
  });

  it('I1 is there after opening again, without training', async () => {
    const { engine, storage } = await trained();
    engine.close(new VectorStoreError('CLOSED', 'closed'));
    const again = await reopen(storage);
    expect((await ask(again.engine, [1, 0, 0, 0, 0, 0, 0, 0])).receipt.plan).toBe('ivf');
    await again.engine.warmUp();
    expect(again.indexEvents).toEqual([]);
    expect(again.metrics.summary().train.count).toBe(0);
  });

  it('I1 I4 answers from storage, before its rows are in memory, without those that are deleted', async () => {
    const { engine, storage, records } = await trained();
    const { vector } = records[5]!;
    const near = nearest(records, vector, 4);
    await engine.delete({ ids: near.slice(0, 2) }, 'disk', callOptions());
    engine.close(new VectorStoreError('CLOSED', 'closed'));
    const { readPages } = storage;
    let isLoaded = false;
    let load = () => {};
    const loading = new Promise<void>((resolve) => {
      load = resolve;
    });
    let reads = 0;
    storage.readPages = async (...args) => {
      // The first to read vectors is what loads them all.
      if (args[2] === 'vectors' && reads++ === 0) await loading.then(() => (isLoaded = true));
      return readPages.apply(storage, args);
    };
    const again = await reopen(storage);
    await until(async () => reads > 0);
    const { ids, receipt } = await ask(again.engine, vector, { topK: 2 });
    expect([isLoaded, receipt.plan]).toEqual([false, 'ivf']);
    expect(ids).toEqual(near.slice(2));
    load();
    await again.engine.warmUp();
    expect((await ask(again.engine, vector, { topK: 3 })).ids.slice(0, 2)).toEqual(near.slice(2));
  });

  it('I1 is made by itself after a large write', async () => {
    const storage = new MemoryStorage();
    const { engine, indexEvents } = await reopen(storage);
    await put(engine, clustered(new SeededRandom(1), 0, ROWS));
    await until(async () => (await engine.stats()).index.kind === 'ivf');
    expect(indexEvents.at(-1)).toEqual({ collection: 'notes', state: 'trained' });
    expect(indexEvents[0]).toMatchObject({ state: 'training', progress: { done: 0 } });
  });

  it('I4 new rows count at once, replaced and deleted ones never again', async () => {
    const { engine, records } = await trained();
    const vector = records[5]!.vector;
    const near = nearest(records, vector, 3);
    await put(engine, [{ id: 'new', vector, metadata: { n: -1, cluster: -1 } }]);
    expect((await ask(engine, vector)).ids.slice(0, 2).sort()).toEqual(['new', 'r5']);
    await engine.delete({ ids: [near[0]!, near[1]!] }, 'disk', callOptions());
    const ids = (await ask(engine, vector)).ids;
    expect(ids[0]).toBe('new');
    for (const gone of near.slice(0, 2)) expect(ids).not.toContain(gone);
    await put(engine, [{ id: near[2]!, vector: vector.map((x) => -x), metadata: { n: 0, cluster: 0 } }]);
    expect((await ask(engine, vector)).ids).not.toContain(near[2]);
  });

  it('I2 answers exactly while it is made, and aborting the training changes nothing', async () => {
    const { engine, indexEvents } = await reopen(new MemoryStorage(), ROWS * DIMENSION);
    const records = clustered(new SeededRandom(1), 0, ROWS);
    await put(engine, records.slice(1));
    await put(engine, records.slice(0, 1));
    const before = await engine.stats();
    const controller = new AbortController();
    let during: Promise<unknown> | undefined;
    const onProgress = () => {
      if (during !== undefined || indexEvents.at(-1)?.state !== 'training') return;
      during = Promise.all([ask(engine, records[0]!.vector), engine.stats()]).then(([answer, stats]) => {
        controller.abort('enough');
        return { exact: answer.receipt.exact, training: stats.index.training };
      });
    };
    const call = engine.optimize({ ...callOptions(controller.signal), onProgress });
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await during).toEqual({ exact: true, training: { done: expect.any(Number), total: ROWS } });
    const after = await engine.stats();
    expect(after).toMatchObject({ generation: before.generation, index: { kind: 'flat' } });
    expect(after.index.training).toBeUndefined();
    await engine.optimize(callOptions());
    expect((await engine.stats()).index.kind).toBe('ivf');
  });

  it('I2 I4 what is written while it is made counts, then and afterwards', async () => {
    const { engine, indexEvents } = await reopen(new MemoryStorage(), ROWS * DIMENSION);
    const records = clustered(new SeededRandom(1), 0, ROWS + 10);
    await put(engine, records.slice(5, ROWS + 5));
    await put(engine, records.slice(0, 5));
    const moved = { ...records[200]!, vector: records[200]!.vector.map((x) => -x) };
    let written: Promise<unknown> | undefined;
    const onProgress = () => {
      if (indexEvents.at(-1)?.state !== 'training') return;
      written ??= Promise.all([
        engine.delete({ ids: ['r100', 'r2', 'r2999'] }, 'disk', callOptions()),
        put(engine, [...records.slice(ROWS + 5), moved]),
      ]);
    };
    await engine.optimize({ ...callOptions(), onProgress });
    await written;
    expect((await engine.stats()).index.kind).toBe('ivf');
    for (const gone of [100, 2, 2999]) {
      expect((await ask(engine, records[gone]!.vector, { topK: 3 })).ids).not.toContain(`r${gone}`);
    }
    expect((await ask(engine, records[200]!.vector)).ids).not.toContain('r200');
    expect((await ask(engine, moved.vector)).ids[0]).toBe('r200');
    expect((await ask(engine, records[ROWS + 7]!.vector)).ids[0]).toBe(`r${ROWS + 7}`);
    expect(await engine.count(undefined)).toBe(ROWS + 10 - 3);
  });

  it('I2 a training that ended with its tab is begun again at the next visit', async () => {
    const storage = new MemoryStorage();
    const first = await reopen(storage);
    await put(first.engine, clustered(new SeededRandom(1), 0, ROWS));
    const onProgress = () => first.engine.close(new VectorStoreError('CLOSED', 'the tab is gone'));
    await expect(first.engine.optimize({ ...callOptions(), onProgress })).rejects.toThrow();
    const second = await reopen(storage);
    expect((await second.engine.stats()).index.kind).toBe('flat');
    await second.engine.warmUp();
    await until(async () => (await second.engine.stats()).index.kind === 'ivf');
    expect((await second.engine.stats()).records).toBe(ROWS);
  });

  it.each(['list-centroids', 'list-starts'] as const)(
    'I3 is made again where its %s are damaged; the records are whole and answered exactly meanwhile',
    async (column) => {
      const { engine, storage, records } = await trained();
      engine.close(new VectorStoreError('CLOSED', 'closed'));
      const { readPages } = storage;
      storage.readPages = async (...args) => {
        if (args[2] === column && args[1] <= 2) throw damagedPage(args[1], column, 0, 'does not match');
        return readPages.apply(storage, args);
      };
      const again = await reopen(storage);
      const { vector } = records[9]!;
      const answer = await ask(again.engine, vector);
      expect(answer.receipt.exact).toBe(true);
      expect(answer.ids).toEqual(nearest(records, vector, 10));
      expect((await again.engine.stats()).index.kind).toBe('flat');
      storage.readPages = readPages;
      await again.engine.warmUp();
      await until(async () => (await again.engine.stats()).index.kind === 'ivf');
      const states = again.indexEvents.map(({ state }: IndexEvent) => state);
      expect([states[0], states.at(-1)]).toEqual(['damaged', 'trained']);
      expect(await again.engine.count(undefined)).toBe(ROWS);
      expect((await ask(again.engine, vector)).receipt.plan).toBe('ivf');
    },
  );

  it('I3 of an unknown version is not used, and made again', async () => {
    const { engine, storage } = await trained();
    engine.close(new VectorStoreError('CLOSED', 'closed'));
    const row = (await storage.readCollection('notes'))!;
    const segments = row.segments.map((segment) => ({
      ...segment,
      index: { ...segment.index!, version: 99 },
    }));
    await storage.commit({
      collection: row.id,
      expectedGeneration: row.generation,
      next: { ...row, generation: row.generation + 1, segments },
      pages: [],
      rowStates: [],
      removedSegments: [],
      durability: 'disk',
    });
    const again = await reopen(storage);
    expect((await ask(again.engine, [1, 0, 0, 0, 0, 0, 0, 0])).receipt.exact).toBe(true);
    await again.engine.optimize(callOptions());
    expect((await ask(again.engine, [1, 0, 0, 0, 0, 0, 0, 0])).receipt.plan).toBe('ivf');
  });

  it('I3 an order that leaves a record out is refused; the records stay, and merging goes on', async () => {
    const forgetful: Train = async (...args) => {
      const trained = await trainHere(...args);
      return { ...trained, order: trained.order.with(7, trained.order[8]!) };
    };
    const storage = new MemoryStorage();
    const { engine, indexEvents } = await openEngine(
      storage,
      configOf(),
      jsCompute(),
      MIN_COMPONENTS,
      forgetful,
    );
    const records = clustered(new SeededRandom(1), 0, ROWS);
    await put(engine, records);
    await expect(engine.optimize(callOptions())).rejects.toThrow('not one of 3000 rows');
    expect(indexEvents.at(-1)).toMatchObject({ state: 'failed' });
    expect(await engine.stats()).toMatchObject({ records: ROWS, index: { kind: 'flat' } });
    await put(engine, clustered(new SeededRandom(2), 0, 5));
    await expect(engine.optimize(callOptions())).rejects.toThrow('not one of 3000 rows');
    expect(await engine.stats()).toMatchObject({ records: ROWS, segments: 1, deadRecords: 0 });
    expect((await ask(engine, records[50]!.vector)).ids[0]).toBe('r50');
  });

  it('I7 I8 k records are returned at every selectivity, the right ones', async () => {
    const { engine, records } = await trained();
    const queries = clustered(new SeededRandom(4), 0, 40).map(({ vector }) => vector);
    for (const limit of [1, 3, 30, 300, 1500, ROWS]) {
      const passing = records.filter(({ metadata }) => metadata.n < limit);
      let hits = 0;
      let wanted = 0;
      for (const vector of queries) {
        const truth = nearest(passing, vector, 10);
        const { ids, receipt } = await ask(engine, vector, { filter: { n: { $lt: limit } } });
        expect(ids).toHaveLength(Math.min(10, limit));
        for (const id of ids) expect(passing.some((one) => one.id === id)).toBe(true);
        hits += ids.filter((id) => truth.includes(id)).length;
        wanted += truth.length;
        if (limit <= 300) expect(receipt).toMatchObject({ exact: true, scanned: limit });
      }
      expect(hits / wanted).toBeGreaterThan(0.93);
    }
  });

  it('I7 widens where the filter selects what is far from the query', async () => {
    const { engine, records } = await trained();
    // Half of the clusters pass, and the queries are in the other half.
    const passing = records.filter(({ metadata }) => metadata.cluster >= 20);
    let hits = 0;
    for (const { vector } of clustered(new SeededRandom(5), 0, 20)) {
      const truth = nearest(passing, vector, 10);
      const { ids } = await ask(engine, vector, { filter: { cluster: { $gte: 20 } } });
      expect(ids).toHaveLength(10);
      hits += ids.filter((id) => truth.includes(id)).length;
    }
    expect(hits / 200).toBeGreaterThanOrEqual(0.95);
  });

  it('I10 the same rows give the same index', async () => {
    const read = async ({ storage }: { storage: MemoryStorage }) => {
      const { id, segments } = (await storage.readCollection('notes'))!;
      const [segment] = segments;
      const starts = await storage.readPages(id, segment!.id, 'list-starts', 0, 1);
      const ids = await storage.readPages(id, segment!.id, 'ids', 0, 1);
      return { index: segment!.index, starts, ids };
    };
    expect(await read(await trained())).toEqual(await read(await trained()));
  });

  it('I11 the same question about the same generation is answered from what is known', async () => {
    const { engine, metrics, records } = await trained();
    const { vector } = records[1]!;
    const first = await ask(engine, vector);
    expect(await ask(engine, vector)).toEqual(first);
    expect(metrics.summary().query).toMatchObject({ cacheHits: 1, cacheMisses: 1 });
    await put(engine, [{ id: 'new', vector, metadata: { n: -1, cluster: -1 } }]);
    expect((await ask(engine, vector)).ids).toContain('new');
    expect(metrics.summary().query).toMatchObject({ cacheHits: 1, cacheMisses: 2 });
  });

  it.each(['cosine', 'dot', 'l2'] as const)(
    'I9 under %s: with every list probed the answer is the exact one, whatever is deleted',
    async (metric) => {
      const { engine, storage } = await trained(metric);
      engine.close(new VectorStoreError('CLOSED', 'closed'));
      const row = (await storage.readCollection('notes'))!;
      const { deviceId } = await storage.readStore();
      const state = await CollectionState.open(storage, holdingWith(jsCompute()), row, deviceId, () => {});
      const { sealed, segment } = state.current.views[0]!;
      const random = new SeededRandom(6);
      for (let round = 0; round < 20; round++) {
        const share = random.next();
        const excluded = createBitmap(segment.rows);
        for (let at = 0; at < segment.rows; at++) if (random.chance(share)) setBit(excluded, at);
        const vectors = Float32Array.from({ length: DIMENSION }, () => random.normal());
        const queries = { vectors, count: 1 };
        const exact = await sealed!.search(queries, 25, { excluded });
        const probes = segment.manifest.index!.lists;
        const probed = await sealed!.search(queries, 25, { excluded, probes });
        expect([exact.probed, probed.probed]).toEqual([false, true]);
        expect([...probed.best.rows]).toEqual([...exact.best.rows]);
      }
    },
  );
});
