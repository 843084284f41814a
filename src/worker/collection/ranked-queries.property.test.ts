import { expect, test } from 'vitest';
import type { Filter } from '../../shared/filter-types.js';
import type { MatchesOnWire, QueryOnWire } from '../../shared/worker-api.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import type { CollectionEngine } from './collection-engine.js';
import { callOptions, computeWith, openEngine, packRecords } from './engine.contract.js';
import {
  type Answered,
  type Asked,
  chooseAll,
  groupAll,
  type OracleRecord,
  rankAll,
  type Written,
  writeText,
} from './ranking-oracle.contract.js';
import { SEALED_ROWS } from './segment.js';

const DIMENSION = 3;
const KINDS: readonly unknown[] = ['a', 'b', 1, 1, true, null, ['a'], { a: 1 }, undefined, 'rare'];
const FILTERS: readonly [Filter | undefined, (record: OracleRecord) => boolean][] = [
  [undefined, () => true],
  [undefined, () => true],
  [{ n: { $lt: 6 } }, ({ metadata }) => metadata.n < 6],
  [{ kind: 'a' }, ({ metadata: { kind } }) => kind === 'a' || (Array.isArray(kind) && kind.includes('a'))],
  [{ n: 99 }, () => false],
];

interface Held extends OracleRecord {
  readonly text: string;
}

/** An engine and a plain map, written to alike. */
class World {
  readonly records = new Map<string, Held>();
  #written = 0;

  constructor(
    private readonly engine: CollectionEngine,
    private readonly random: SeededRandom,
  ) {}

  async upsert(count: number): Promise<void> {
    const batch = new Map(Array.from({ length: count }, () => this.#record()).map((each) => [each.id, each]));
    const packed = [...batch.values()].map(({ id, vector, metadata, text }) => ({
      id,
      vector,
      metadata,
      text,
    }));
    await this.engine.upsert(packRecords(packed, DIMENSION), 'upsert', 'disk', callOptions());
    for (const [id, record] of batch) this.records.set(id, record);
  }

  async step(): Promise<void> {
    const { engine, random, records } = this;
    const what = random.below(10);
    if (what < 5) return this.upsert(1 + random.below(40));
    if (what < 8) {
      const ids = random.sample([...records.keys()], random.below(20));
      await engine.delete({ ids }, 'disk', callOptions());
      for (const id of ids) records.delete(id);
    } else if (what === 8) {
      const n = random.below(12);
      await engine.delete({ filter: { n } }, 'disk', callOptions());
      for (const [id, { metadata }] of records) if (metadata.n === n) records.delete(id);
    } else await engine.optimize(callOptions());
  }

  async ask(): Promise<void> {
    const { random } = this;
    const [filter, passes] = random.pick(FILTERS);
    const topK = 1 + random.below(12);
    const { text, words } = writeText(random, 4);
    const withTitle = random.chance(0.3);
    const axis = [1, -1].map((sign) => Array.from({ length: DIMENSION }, (_, i) => (i === 1 ? sign : 0)));
    const vector = random.pick(axis);
    const fields = withTitle ? { fields: ['title'] } : {};
    const mode = random.pick(['vector', 'keyword', 'hybrid'] as const);
    const weights = random.pick([undefined, { vector: 2, keyword: 1 }, { vector: 0, keyword: 3 }]);
    const rankConstant = random.pick([undefined, 0, 10]);
    const query: QueryOnWire = {
      topK,
      ...(filter !== undefined && { filter: filter as NonNullable<QueryOnWire['filter']> }),
      ...(mode !== 'keyword' && { vector: Float32Array.from(vector) }),
      ...(mode !== 'vector' && { text }),
      ...(mode === 'keyword' && { keyword: fields }),
      ...(mode === 'hybrid' && {
        hybrid: {
          ...fields,
          ...(weights && { weights }),
          ...(rankConstant !== undefined && { rankConstant }),
        },
      }),
    };
    const asked: Omit<Asked, 'depth'> = {
      passes,
      withTitle,
      ...(mode !== 'vector' && { words }),
      ...(mode !== 'keyword' && { vector }),
      ...(weights && { weights }),
      ...(rankConstant !== undefined && { rankConstant }),
    };
    const shape = random.below(4);
    if (shape === 0) return this.#askGroups(query, asked, topK);
    if (shape === 1) return this.#askDiverse(query, asked, topK);
    const minScore = mode !== 'keyword' && random.chance(0.2) ? random.below(4000) - 2000 : undefined;
    const answer = await this.#answer({ ...query, ...(minScore !== undefined && { minScore }) });
    const expected = this.#rank(asked, topK).filter(
      ({ score }) => minScore === undefined || score >= minScore,
    );
    expectSame(answer, expected.slice(0, topK));
  }

  async #askGroups(query: QueryOnWire, asked: Omit<Asked, 'depth'>, topK: number): Promise<void> {
    const groupSize = 1 + this.random.below(3);
    const answer = await this.#answer({ ...query, groupBy: 'kind', groupSize });
    for (let k = Math.max(64, topK * groupSize); ; k *= 4) {
      const ranking = this.#rank(asked, k);
      // The ranks of a hybrid query reach as deep as it has to look.
      const seen = query.hybrid === undefined ? ranking : ranking.slice(0, k);
      const groups = groupAll(seen, topK, groupSize);
      const isFull = groups.length === topK && groups.every(({ matches }) => matches.length === groupSize);
      if (query.hybrid !== undefined && !isFull && ranking.length >= k) continue;
      expectSame(
        answer,
        groups.flatMap(({ matches }) => matches),
      );
      let start = 0;
      const starts = groups.map(({ value, matches }) => ({
        value,
        start: (start += matches.length) - matches.length,
      }));
      expect(answer.groups).toEqual(starts);
      return;
    }
  }

  async #askDiverse(query: QueryOnWire, asked: Omit<Asked, 'depth'>, topK: number): Promise<void> {
    const diversity = this.random.pick([0.2, 0.5, 1]);
    const answer = await this.#answer({ ...query, diversity });
    const size = Math.max(50, 5 * topK);
    const pool = this.#rank(asked, size).slice(0, size);
    const own = pool.map((each) => each.fusedScore ?? (query.keyword ? each.keywordScore! : each.score));
    const scale = query.keyword || query.hybrid ? Math.max(...own) : 1;
    const alike = (i: number, j: number) =>
      pool[i]!.record.vector.reduce((sum, value, at) => sum + value * pool[j]!.record.vector[at]!, 0);
    const chosen = chooseAll(
      own.map((value) => value / scale),
      alike,
      topK,
      diversity,
    );
    expect(answer.ids).toEqual(chosen.map((i) => pool[i]!.id));
  }

  #rank(asked: Omit<Asked, 'depth'>, wanted: number) {
    return rankAll([...this.records.values()], { ...asked, depth: Math.max(100, 4 * wanted) });
  }

  async #answer(query: QueryOnWire): Promise<MatchesOnWire> {
    return (await this.engine.query([query], callOptions()))[0]!;
  }

  /** Every number of its vector is another than in any other record, so that no ranking by vector has ties. */
  #record(): Held {
    const { random } = this;
    const n = this.#written++;
    const unique = (multiplier: number) => ((n * multiplier) % 4093) - 2046;
    const words: Written = random.chance(0.1) ? { text: '', words: [] } : writeText(random, 8);
    const title = random.chance(0.5) ? writeText(random, 2) : undefined;
    const kind = random.pick(KINDS);
    return {
      id: `r${random.below(400) + 400 * Math.floor(n / 400)}`,
      vector: [unique(7), unique(1031), unique(2003)],
      metadata: {
        n: random.below(12),
        ...(kind !== undefined && { kind }),
        ...(title && { title: title.text }),
      },
      text: words.text,
      words: words.words,
      titleWords: title?.words ?? [],
    };
  }
}

function expectSame(answer: MatchesOnWire, expected: readonly Answered[]): void {
  expect(answer.ids).toEqual(expected.map(({ id }) => id));
  expect(answer.scores).toEqual(expected.map(({ score }) => score));
  for (const [i, { keywordScore, fusedScore }] of expected.entries()) {
    if (keywordScore === undefined) expect(answer.keywordScores?.[i]).toBeUndefined();
    else expect(answer.keywordScores![i]).toBeCloseTo(keywordScore, 8);
    if (fusedScore !== undefined) expect(answer.fusedScores![i]).toBeCloseTo(fusedScore, 12);
  }
}

async function run(seed: number, bulk: number, steps: number): Promise<void> {
  const random = new SeededRandom(seed);
  const config = { name: 'notes', dimension: DIMENSION, metric: 'dot' as const };
  const { engine } = await openEngine(new MemoryStorage(), config, computeWith('auto'));
  const world = new World(engine, random);
  if (bulk > 0) {
    await world.upsert(bulk);
    expect(world.records.size).toBeGreaterThanOrEqual(SEALED_ROWS);
  }
  for (let step = 0; step < steps; step++) {
    await world.step();
    for (let i = 0; i < 4; i++) await world.ask();
  }
  expect(await engine.count(undefined)).toBe(world.records.size);
}

test.each([1, 2, 3])('J1 to J12 after random writes answers are those of the oracle (seed %d)', (seed) =>
  run(seed, 0, 30),
);

test('J1 to J12 so it is with a sealed segment', () => run(7, 3600, 12), 60_000);
