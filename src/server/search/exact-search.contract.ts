import { describe, expect, test } from 'vitest';
import type { RemoteRecord } from '../../shared/sync/remote.js';
import type { Metric } from '../../shared/types.js';
import type { ChangeLog } from '../change-log.js';
import { descriptorOf } from './memory-log.contract.js';
import { SearchWorld, trueBest } from './search-world.contract.js';

// What queries, gets, lists and counts promise on any log.

const DIMENSION = 12;

export function testExactSearch(openLog: () => Promise<ChangeLog>, rows: number): void {
  async function filledWorld(metric: Metric = 'cosine', options = {}) {
    const log = await openLog();
    const world = new SearchWorld(log, descriptorOf({ dimension: DIMENSION, metric }), 11, options);
    const records = Array.from({ length: rows }, (_, i) => recordOf(world, `r${i}`));
    await world.push(records);
    return { world, records };
  }

  function recordOf(world: SearchWorld, id: string): RemoteRecord {
    const n = world.random.below(10);
    return {
      id,
      vector: world.vector(),
      metadata: `{"n":${n}}`,
      ...(n < 5 ? { text: `text of ${id}` } : {}),
    };
  }

  describe.each(['cosine', 'dot', 'l2'] as const)('%s', (metric) => {
    test('O2 scores, distances and order are those of a double-precision oracle', async () => {
      const { world, records } = await filledWorld(metric);
      for (const topK of [1, 10, 100]) {
        const vector = world.vector();
        const { ids, scores, distances, receipt } = await world.query({ vector: own(vector), topK });
        const wanted = trueBest(metric, records, vector, topK);
        expect(ids).toEqual(wanted.map(({ id }) => id));
        for (const [i, { score, distance }] of wanted.entries()) {
          expect(Math.abs(scores[i]! - score)).toBeLessThan(1e-12 * Math.max(1, Math.abs(score)));
          expect(Math.abs(distances[i]! - distance)).toBeLessThan(1e-12 * Math.max(1, Math.abs(distance)));
        }
        expect(receipt).toMatchObject({
          engine: 'exact',
          exact: true,
          complete: true,
          scanned: rows,
          shards: { asked: 4, answered: 4 },
        });
      }
    });

    test('O2 minScore keeps what scores at least that, and the list goes on after any match', async () => {
      const { world, records } = await filledWorld(metric);
      const vector = own(world.vector());
      const all = await world.query({ vector, topK: rows });
      expect(all.ids.length).toBe(records.length);
      const middle = Math.floor(rows / 2);
      const above = await world.query({ vector, topK: rows, minScore: all.scores[middle]! });
      expect(above.ids).toEqual(all.ids.slice(0, middle + 1));
      const paged: string[] = [];
      for (let after: { id: string; score: number } | undefined; ; ) {
        const page = await world.query({ vector, topK: 37, ...(after === undefined ? {} : { after }) });
        paged.push(...page.ids);
        if (page.ids.length < 37) break;
        after = { id: page.ids.at(-1)!, score: page.scores.at(-1)! };
      }
      expect(paged).toEqual(all.ids);
    });
  });

  test('O1 if k records pass the filter, k come; the others are not among them', async () => {
    const { world, records } = await filledWorld();
    const vector = world.vector();
    const passing = records.filter(({ metadata }) => metadata === '{"n":3}');
    const { ids, receipt } = await world.query({ vector: own(vector), topK: rows, filter: { n: 3 } });
    expect(ids).toEqual(trueBest('cosine', passing, vector, rows).map(({ id }) => id));
    expect(receipt.scanned).toBe(passing.length);
    expect(await world.count({ n: 3 })).toBe(passing.length);
    expect(await world.count()).toBe(rows);
  });

  test('O2 equal scores come in the order of id', async () => {
    const { world } = await filledWorld();
    const vector = world.vector();
    const twins = Array.from({ length: 30 }, (_, i) => ({ id: `twin${i}`, vector }));
    await world.push(twins);
    const { ids } = await world.query({ vector: own(vector), topK: 20 });
    const sorted = twins.map(({ id }) => id).sort();
    expect(ids).toEqual(sorted.slice(0, 20));
  });

  test('O1 vectors, metadata and texts come where they are wanted, bit for bit', async () => {
    const { world, records } = await filledWorld();
    const vector = own(world.vector());
    const full = await world.query({ vector, topK: 10, includeVectors: true });
    for (const [i, id] of full.ids.entries()) {
      const record = records.find((each) => each.id === id)!;
      expect(full.metadata?.[i]).toBe(record.metadata);
      expect(full.texts?.[i]).toBe(record.text);
      expect(full.vectors!.slice(i * DIMENSION, (i + 1) * DIMENSION)).toEqual(record.vector);
    }
    const bare = await world.query({ vector, topK: 10, includeMetadata: false });
    expect(bare.ids).toEqual(full.ids);
    expect([bare.metadata, bare.texts, bare.vectors]).toEqual([undefined, undefined, undefined]);
  });

  test('O1 a query by id is the query with its vector; an id that is not there is refused', async () => {
    const { world, records } = await filledWorld();
    const { id, vector } = records[5]!;
    const byId = await world.query({ id, topK: 5 });
    const byVector = await world.query({ vector: own(vector), topK: 5 });
    expect([byId.ids, byId.scores]).toEqual([byVector.ids, byVector.scores]);
    expect(byId.ids[0]).toBe(id);
    await expect(world.query({ id: 'nobody', topK: 5 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test.each([
    ['in memory', {}],
    ['scanned as they are read', { cacheBytes: 1_000 }],
  ])('O6 what was written, replaced and deleted counts at once, with shards %s', async (_, options) => {
    const { world, records } = await filledWorld('l2', options);
    const live = new Map(records.map((record) => [record.id, record]));
    for (let round = 0; round < 8; round++) {
      const written = Array.from({ length: 20 }, () => recordOf(world, `r${world.random.below(rows + 50)}`));
      const changed = [...new Map(written.map((record) => [record.id, record])).values()];
      const deleted = world.random
        .sample([...live.keys()], 10)
        .filter((id) => !changed.some((record) => record.id === id));
      await world.push(changed, deleted);
      for (const record of changed) live.set(record.id, record);
      for (const id of deleted) live.delete(id);
      const vector = world.vector();
      const { ids, scores } = await world.query({ vector: own(vector), topK: 15 });
      const wanted = trueBest('l2', [...live.values()], vector, 15);
      expect(ids).toEqual(wanted.map(({ id }) => id));
      expect(scores[0]).toBeCloseTo(wanted[0]!.score, 12);
      expect(await world.count()).toBe(live.size);
    }
  });

  test('O1 get answers in the order asked', async () => {
    const { world, records } = await filledWorld();
    const { found, records: got } = await world.get(['r9', 'nobody', 'r2']);
    expect(found).toEqual([true, false, true]);
    expect(got.ids).toEqual(['r9', 'r2']);
    expect(got.metadata).toEqual([records[9]!.metadata, records[2]!.metadata]);
    expect(got.vectors!.subarray(DIMENSION)).toEqual(records[2]!.vector);
    expect((await world.get(['r9'], false)).records.vectors).toBeUndefined();
  });

  test('O1 list pages in the order of id, each record once', async () => {
    const { world, records } = await filledWorld();
    const wanted = records.filter(({ metadata }) => metadata !== '{"n":3}').map(({ id }) => id);
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      const options = { limit: 17, filter: { n: { $ne: 3 } } };
      const page = await world.list(cursor === undefined ? options : { ...options, cursor });
      expect(page.records.ids.length).toBeLessThanOrEqual(17);
      expect(page.records.metadata?.length).toBe(page.records.ids.length);
      listed.push(...page.records.ids);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(listed).toEqual(wanted.sort());
  });
}

function own(vector: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(vector);
}
