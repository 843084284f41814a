import { beforeAll, describe, expect, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import type { MatchesOnWire } from '../../shared/worker-api.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import type { CollectionEngine } from './collection-engine.js';
import { callOptions, jsCompute, openEngine, packRecords, trueScore } from './engine.contract.js';
import { chooseAll } from './ranking-oracle.contract.js';

// Groups and diversity where the rows are in the order of lists, beside rows that are not.

const DIMENSION = 8;
const TRAINED = 2600;
const FRESH = 150;

interface Row {
  readonly id: string;
  readonly vector: readonly number[];
  readonly metadata: { readonly kind?: string | number };
  readonly text: string;
}

/** Rows in 40 clusters and of various lengths; a few of a rare kind, some of none. */
function rowsOf(random: SeededRandom, from: number, count: number): Row[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const centre = new SeededRandom(1000 + (n % 40));
    const length = 0.5 + random.next();
    const vector = Array.from(
      { length: DIMENSION },
      () => length * Math.fround(centre.normal() + 0.3 * random.normal()),
    ).map(Math.fround);
    const kind = n % 700 === 3 ? 'rare' : n % 11 === 0 ? undefined : n % 7;
    return { id: `r${n}`, vector, metadata: kind === undefined ? {} : { kind }, text: `tide ${n % 40}` };
  });
}

async function ask(
  engine: CollectionEngine,
  vector: readonly number[],
  more: object,
): Promise<MatchesOnWire> {
  const [answer] = await engine.query([{ vector: Float32Array.from(vector), ...more }], callOptions());
  return answer!;
}

describe.each(['cosine', 'l2', 'dot'] as Metric[])('with a trained segment, by %s', (metric) => {
  let engine: CollectionEngine;
  let rows: Map<string, Row>;
  let queries: (readonly number[])[];

  beforeAll(async () => {
    const config = { name: 'notes', dimension: DIMENSION, metric };
    ({ engine } = await openEngine(new MemoryStorage(), config, jsCompute(), 2048 * DIMENSION));
    const put = (batch: readonly Row[]) =>
      engine.upsert(packRecords(batch, DIMENSION), 'upsert', 'disk', callOptions());
    const random = new SeededRandom(1);
    const trained = rowsOf(random, 0, TRAINED);
    await put(trained);
    await engine.optimize(callOptions());
    const fresh = rowsOf(random, TRAINED, FRESH);
    await put(fresh);
    rows = new Map([...trained, ...fresh].map((row) => [row.id, row]));
    const gone = trained.filter((_, i) => i % 13 === 0).map(({ id }) => id);
    await engine.delete({ ids: gone }, 'disk', callOptions());
    for (const id of gone) rows.delete(id);
    expect((await engine.stats()).index).toMatchObject({ kind: 'ivf', indexedRows: TRAINED });
    queries = rowsOf(new SeededRandom(2), 0, 8).map(({ vector }) => vector);
  });

  const vectorOf = (id: string) => rows.get(id)!.vector;

  /** Everything, best first. */
  const ranked = (vector: readonly number[]) =>
    [...rows.values()]
      .map(({ id, vector: own, metadata }) => ({
        id,
        kind: metadata.kind,
        score: trueScore(metric, own, vector),
      }))
      .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));

  /** What maximal marginal relevance chooses of a pool. */
  const chosen = (ids: readonly string[], relevances: readonly number[], topK: number, diversity: number) =>
    chooseAll(
      relevances,
      (i, j) => trueScore(metric, vectorOf(ids[i]!), vectorOf(ids[j]!)),
      topK,
      diversity,
    ).map((i) => ids[i]!);

  it.each([0.1, 0.5, 0.9, 1])(
    'J12 diversity %d chooses of the exact best by similarity',
    async (diversity) => {
      let moved = 0;
      for (const vector of queries) {
        const pool = ranked(vector).slice(0, 50);
        const expected = chosen(
          pool.map(({ id }) => id),
          pool.map(({ score }) => score),
          8,
          diversity,
        );
        const answer = await ask(engine, vector, { diversity, topK: 8, exact: true });
        expect(answer.ids).toEqual(expected);
        for (const [i, id] of answer.ids.entries())
          expect(answer.scores[i]).toBeCloseTo(trueScore(metric, vectorOf(id), vector), 4);
        if (
          answer.ids.join() !==
          pool
            .slice(0, 8)
            .map(({ id }) => id)
            .join()
        )
          moved++;
      }
      // It does something: the choice is not the ranking.
      expect(moved).toBeGreaterThan(queries.length / 2);
    },
  );

  it('J12 by the index it chooses of what the index finds', async () => {
    let probed = 0;
    for (const vector of queries) {
      const pool = await ask(engine, vector, { topK: 50, targetRecall: 0.5 });
      const answer = await ask(engine, vector, { diversity: 0.5, topK: 8, targetRecall: 0.5 });
      expect(answer.receipt.plan).toBe(pool.receipt.plan);
      expect(answer.ids).toEqual(chosen(pool.ids, pool.scores, 8, 0.5));
      if (answer.receipt.plan === 'ivf') probed++;
    }
    expect(probed).toBeGreaterThan(queries.length / 2);
  });

  it('J12 J4 a hybrid query is chosen of by its fused scores', async () => {
    for (const vector of queries.slice(0, 4)) {
      const hybrid = { text: 'tide 5', hybrid: {}, exact: true };
      const pool = await ask(engine, vector, { ...hybrid, topK: 50 });
      const fused = pool.fusedScores!.map((score) => score / pool.fusedScores![0]!);
      // Of the ranks of a pool of 50, not of 8.
      const answer = await ask(engine, vector, { ...hybrid, diversity: 0.4, topK: 8 });
      expect(answer.ids).toEqual(chosen(pool.ids, fused, 8, 0.4));
    }
  });

  it.each([
    [3, 2],
    [7, 1],
    [8, 3],
  ])('J11 the best %d groups of %d are those of all records', async (topK, groupSize) => {
    for (const vector of queries) {
      const all = ranked(vector);
      const kinds = [...new Set(all.map(({ kind }) => kind))]
        .filter((kind) => kind !== undefined)
        .slice(0, topK);
      const expected = kinds.map((kind) => all.filter((row) => row.kind === kind).slice(0, groupSize));
      const answer = await ask(engine, vector, { groupBy: 'kind', groupSize, topK, exact: true });
      expect(answer.ids).toEqual(expected.flat().map(({ id }) => id));
      expect(answer.groups!.map(({ value }) => value)).toEqual(kinds);
      // The rarest kind has three records, far from most queries.
      if (topK === 8) expect(kinds).toContain('rare');
    }
  });

  it('J11 by the index the groups are full, and nearly all of them those of all records', async () => {
    let hits = 0;
    for (const vector of queries) {
      const exact = await ask(engine, vector, { groupBy: 'kind', groupSize: 2, topK: 3, exact: true });
      const answer = await ask(engine, vector, { groupBy: 'kind', groupSize: 2, topK: 3 });
      expect(answer.receipt).toMatchObject({ plan: 'ivf', exact: false });
      expect(answer.groups).toHaveLength(3);
      expect(answer.ids).toHaveLength(6);
      for (const [g, { value, start }] of answer.groups!.entries()) {
        const end = answer.groups![g + 1]?.start ?? answer.ids.length;
        for (let i = start; i < end; i++) expect(rows.get(answer.ids[i]!)!.metadata.kind).toBe(value);
      }
      hits += answer.ids.filter((id) => exact.ids.includes(id)).length;
    }
    expect(hits / (6 * queries.length)).toBeGreaterThan(0.9);
  });
});
