import { expect } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import { packStrings } from '../../shared/string-column.js';
import type { MatchesOnWire } from '../../shared/worker-api.js';
import { SeededRandom } from '../seeded-random.contract.js';
import type { Storage } from '../storage/storage.js';
import type { CollectionEngine } from './collection-engine.js';
import {
  callOptions,
  openEngine,
  type PlainRecord,
  packRecords,
  trueScore,
  unpackRecords,
} from './engine.contract.js';
import {
  type Asked,
  BIG_BATCH,
  bestScores,
  expectReceipt,
  FILTERS,
  IDS,
  type Metadata,
  type ModelRecord,
  type ModelWorld,
  roundingIn,
  runSteps,
  within,
} from './model-parts.contract.js';

// The model test: random calls to a collection engine and to a plain Map, which must never disagree. An answer of
// the Map is: score every record, sort, slice.

export async function runModel(
  world: ModelWorld,
  seed: number,
  steps: number,
): Promise<{ sealed: boolean; recalls: readonly number[] }> {
  const model = new Model(world, seed);
  await model.open();
  await runSteps(model, seed, steps);
  await model.checkEverything();
  await model.close();
  return { sealed: model.wasSealed, recalls: model.recalls };
}

class Model {
  doing = 'open';
  wasSealed = false;
  /** Of the answers that were not exact. */
  readonly recalls: number[] = [];
  readonly #records = new Map<string, ModelRecord>();
  readonly #random: SeededRandom;
  #storage!: Storage;
  #engine!: CollectionEngine;
  /** Of the last write; merges raise it, too. */
  #generation = 0;

  constructor(
    private readonly world: ModelWorld,
    seed: number,
  ) {
    this.#random = new SeededRandom(seed);
  }

  async open(): Promise<void> {
    this.#storage = await this.world.connect();
    const { config, compute, minComponents, backend, holding } = this.world;
    const { engine } = await openEngine(
      this.#storage,
      config,
      compute,
      minComponents,
      undefined,
      holding?.(),
    );
    this.#engine = engine;
    if (backend === 'wasm') await engine.warmUp();
  }

  async close(): Promise<void> {
    await this.#engine.close(new VectorStoreError('CLOSED', 'The test has closed it.'));
    await this.#storage.close();
  }

  async step(): Promise<void> {
    const steps: [weight: number, name: string, run: () => Promise<unknown>][] = [
      [20, 'upsert', () => this.#upsert(1 + this.#random.below(20), 'upsert')],
      [6, 'insert', () => this.#upsert(1 + this.#random.below(3), 'insert')],
      [2, 'big upsert', () => this.#upsert(BIG_BATCH, 'upsert')],
      [3, 'bad upsert', () => this.#refusedUpsert()],
      [8, 'delete ids', () => this.#deleteIds()],
      [1, 'delete filter', () => this.#deleteFilter()],
      [6, 'setMetadata', () => this.#setMetadata()],
      [30, 'query', () => this.#query(1)],
      [8, 'overlapping queries', () => this.#query(4)],
      [6, 'queryMany', () => this.#queryMany()],
      [6, 'query by id', () => this.#queryById()],
      [4, 'list', () => this.#list()],
      [8, 'get', () => this.#get()],
      [4, 'count', () => this.#count()],
      [4, 'optimize', () => this.#optimize()],
      [1, 'reopen', () => this.#reopen()],
    ];
    let left = this.#random.below(steps.reduce((sum, [weight]) => sum + weight, 0));
    const chosen = steps.find(([weight]) => (left -= weight) < 0)!;
    this.doing = chosen[1];
    await chosen[2]();
    const stats = await this.#engine.stats();
    expect(stats.records).toBe(this.#records.size);
    expect(stats.vectorBytes).toBeLessThanOrEqual(this.world.mostVectorBytes ?? Number.POSITIVE_INFINITY);
    if (stats.records + stats.deadRecords >= BIG_BATCH) this.wasSealed = true;
  }

  async checkEverything(): Promise<void> {
    this.doing = 'check everything';
    await this.#reopen();
    const ids = [...this.#records.keys()];
    await this.#expectRecords(ids);
    await this.#walk(undefined, 1_000);
    this.doing = 'ask a large, indexed collection';
    for (let i = 0; i < 2; i++) await this.#upsert(BIG_BATCH, 'upsert');
    await this.#optimize();
    for (let i = 0; i < 20; i++) await this.#query(1);
  }

  #newRecord(id: string): PlainRecord {
    const random = this.#random;
    const { dimension } = this.world.config;
    const metadata: Metadata | undefined = random.chance(0.2)
      ? undefined
      : {
          n: random.below(10),
          tag: random.pick(['a', 'b', 'c', null]),
          ...(random.chance(0.3) ? { deep: { on: random.chance(0.5) } } : {}),
        };
    const twin = random.chance(0.05) ? this.#someVector() : undefined;
    const vector = twin ?? Float32Array.from({ length: dimension }, () => random.normal());
    return { id, vector, metadata, text: random.chance(0.2) ? `text of ${id} 🦀` : undefined };
  }

  #remember(records: readonly PlainRecord[]): void {
    for (const { id, vector, metadata, text } of records) {
      this.#records.set(id, {
        vector: Float32Array.from(vector),
        metadata: metadata as Metadata | undefined,
        text,
      });
    }
  }

  async #upsert(count: number, mode: 'upsert' | 'insert'): Promise<void> {
    const records = this.#random.sample(IDS, count).map((id) => this.#newRecord(id));
    const packed = packRecords(records, this.world.config.dimension);
    const durability = this.#random.pick(['disk', 'memory'] as const);
    const call = this.#engine.upsert(packed, mode, durability, callOptions());
    if (mode === 'insert' && records.some(({ id }) => this.#records.has(id))) {
      const positions = records.flatMap(({ id }, i) => (this.#records.has(id) ? [i] : []));
      const error = await call.then(
        () => expect.fail('the insert was not refused'),
        (refusal) => refusal,
      );
      expect(error).toMatchObject({ code: 'DUPLICATE_ID', problemCount: positions.length });
      expect(error.problems.map((problem: { position: number }) => problem.position)).toEqual(positions);
      return;
    }
    this.#wrote(await call, count);
    this.#remember(records);
  }

  async #refusedUpsert(): Promise<void> {
    const records = this.#random.sample(IDS, 3).map((id) => this.#newRecord(id));
    const packed = packRecords(records, this.world.config.dimension);
    packed.vectors[this.#random.below(packed.vectors.length)] = this.#random.pick([NaN, Infinity, 1e38]);
    const call = this.#engine.upsert(packed, 'upsert', 'disk', callOptions());
    await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', problemCount: 1 });
  }

  async #deleteIds(): Promise<void> {
    const ids = this.#random.sample(IDS, 1 + this.#random.below(30));
    if (this.#random.chance(0.1)) ids.push(...this.#random.sample([...this.#records.keys()], 1_000));
    const there = new Set(ids.filter((id) => this.#records.has(id)));
    const durability = 'memory';
    this.#wrote(await this.#engine.delete({ ids }, durability, callOptions()), there.size);
    for (const id of there) this.#records.delete(id);
  }

  async #deleteFilter(): Promise<void> {
    const [filter, passes] = this.#random.pick(FILTERS);
    const there = [...this.#records].filter(([, record]) => passes(record.metadata));
    this.#wrote(await this.#engine.delete({ filter }, 'memory', callOptions()), there.length);
    for (const [id] of there) this.#records.delete(id);
  }

  async #setMetadata(): Promise<void> {
    const known = this.#random.sample([...this.#records.keys()], 1 + this.#random.below(5));
    const absent = this.#random.chance(0.1) ? ['nobody'] : [];
    const updates = [...known, ...absent].map((id) => this.#newRecord(id));
    const ids = packStrings(updates.map(({ id }) => id));
    const metadata = packStrings(
      updates.map((update) => (update.metadata === undefined ? '' : JSON.stringify(update.metadata))),
    );
    const call = this.#engine.setMetadata(ids, metadata, 'memory', callOptions());
    if (absent.length > 0) {
      await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', problemCount: 1 });
      return;
    }
    this.#wrote(await call, updates.length);
    for (const update of updates) {
      const before = this.#records.get(update.id)!;
      this.#records.set(update.id, { ...before, metadata: update.metadata as Metadata | undefined });
    }
  }

  #wrote({ count, generation }: { count: number; generation: number }, expected: number): void {
    expect(count).toBe(expected);
    expect(generation).toBeGreaterThanOrEqual(this.#generation + (expected > 0 ? 1 : 0));
    this.#generation = generation;
  }

  async #query(atOnce: number): Promise<void> {
    const asked = Array.from({ length: atOnce }, () => this.#newQuery());
    const answers = await Promise.all(asked.map(({ wire }) => this.#engine.query([wire], callOptions())));
    for (const [i, [answer]] of answers.entries()) this.#expectMatches(asked[i]!, answer!);
  }

  async #queryMany(): Promise<void> {
    const asked = Array.from({ length: 1 + this.#random.below(8) }, () => this.#newQuery());
    const answers = await this.#engine.query(
      asked.map(({ wire }) => wire),
      callOptions(),
    );
    for (const [i, answer] of answers.entries()) this.#expectMatches(asked[i]!, answer);
  }

  async #queryById(): Promise<void> {
    const id = this.#random.pick([...this.#records.keys(), 'nobody']);
    const call = this.#engine.query([{ id, topK: 5 }], callOptions());
    const record = this.#records.get(id);
    if (record === undefined) {
      await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      return;
    }
    const wire = { topK: 5 };
    this.#expectMatches({ wire, vector: record.vector, passes: () => true }, (await call)[0]!);
  }

  #newQuery() {
    const random = this.#random;
    const fresh = Float32Array.from({ length: this.world.config.dimension }, () => random.normal());
    const vector = (random.chance(0.2) ? this.#someVector()?.slice() : undefined) ?? fresh;
    const [filter, passes] = random.chance(0.5) ? random.pick(FILTERS) : [undefined, () => true];
    const topK = random.pick([1, 2, 10, 10, 50, 10_000]);
    const includeVectors = random.chance(0.2);
    const includeMetadata = random.chance(0.7);
    const minScore = random.chance(0.2) ? this.#scoreInAGap(vector) : undefined;
    const wire = {
      vector,
      topK,
      exact: random.chance(0.5),
      targetRecall: random.pick([0.5, 0.7, 0.95]),
      includeVectors,
      includeMetadata,
      ...(filter === undefined ? {} : { filter }),
      ...(minScore === undefined ? {} : { minScore }),
    };
    return { wire, vector: vector.slice(), passes };
  }

  /** A threshold that no rounding can reach. */
  #scoreInAGap(vector: Float32Array): number | undefined {
    const { metric } = this.world.config;
    const scores = Float64Array.from(
      [...this.#records.values()].map((record) => trueScore(metric, record.vector, vector)),
    ).sort();
    const at = this.#random.below(scores.length);
    const [low, high] = [scores[at] ?? 0, scores[at + 1] ?? 0];
    return Math.abs(high - low) > 1e-3 ? (low + high) / 2 : undefined;
  }

  #expectMatches({ wire, vector, passes }: Asked, answer: MatchesOnWire): void {
    const { metric, dimension } = this.world.config;
    const passing = [...this.#records].filter(([, record]) => passes(record.metadata));
    const oracle = bestScores(metric, passing, vector, wire);
    const { ids, scores, distances, receipt } = answer;
    const { exact } = receipt;
    expectReceipt(this.world, receipt, passing.length);
    if (wire.exact) expect(exact).toBe(true);
    expect(receipt.generation).toBeGreaterThanOrEqual(this.#generation);
    if (passing.length > 0) expect(receipt.backend).toBe(this.world.backend);
    if (!exact && oracle.length > 0) {
      const enough = oracle.at(-1)! - 1e-5;
      this.recalls.push(scores.filter((score) => score >= enough).length / oracle.length);
    }
    if (exact || wire.minScore === undefined) expect(ids).toHaveLength(oracle.length);
    expect(new Set(ids).size).toBe(ids.length);
    const found = unpackRecords(answer, dimension);
    const rounding = exact ? 1 : roundingIn(this.world);
    const tolerance = rounding * (metric === 'dot' ? 1e-5 * 30 : 1e-5);
    for (const [rank, id] of ids.entries()) {
      const record = this.#records.get(id)!;
      if (record === undefined || !passes(record.metadata)) expect.fail(`${id} must not be there`);
      const score = scores[rank]!;
      within(score, trueScore(metric, record.vector, vector), tolerance, id);
      if (exact) within(score, oracle[rank]!, tolerance, id);
      const distance = metric === 'cosine' ? 1 - score : metric === 'dot' ? -score : 1 / score - 1;
      within(distances[rank]!, distance, rounding * 1e-5 * Math.max(1, Math.abs(distance)), id);
      const before = rank === 0 ? Number.POSITIVE_INFINITY : scores[rank - 1]!;
      if (before < score || (before === score && ids[rank - 1]! > id)) expect.fail(`${id} is out of order`);
      if (rank >= 20) continue;
      const { includeMetadata, includeVectors } = wire;
      if (includeMetadata)
        expect([found[rank]!.metadata, found[rank]!.text]).toEqual([record.metadata, record.text]);
      if (includeVectors) expect(found[rank]!.vector).toEqual([...record.vector]);
    }
  }

  async #get(): Promise<void> {
    await this.#expectRecords(this.#random.sample(IDS, 1 + this.#random.below(10)));
  }

  async #expectRecords(ids: readonly string[]): Promise<void> {
    const { dimension } = this.world.config;
    const { found, records } = await this.#engine.get(ids, true);
    expect(found).toEqual(ids.map((id) => this.#records.has(id)));
    const expected = ids
      .filter((id) => this.#records.has(id))
      .map((id) => ({ id, ...this.#records.get(id)! }));
    const got = unpackRecords(records, dimension);
    expect(got).toEqual(expected.map((record) => ({ ...record, vector: [...record.vector] })));
  }

  async #count(): Promise<void> {
    const [filter, passes] = this.#random.pick(FILTERS);
    const expected = [...this.#records.values()].filter((record) => passes(record.metadata)).length;
    expect(await this.#engine.count(filter)).toBe(expected);
    expect(await this.#engine.count(undefined)).toBe(this.#records.size);
  }

  #list(): Promise<void> {
    const filtered = this.#random.chance(0.5) ? this.#random.pick(FILTERS) : undefined;
    return this.#walk(filtered, this.#random.pick([7, 100, 1_000, 10_000]));
  }

  async #walk(filtered: (typeof FILTERS)[number] | undefined, limit: number): Promise<void> {
    const [filter, passes] = filtered ?? [undefined, () => true];
    const listed: string[] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await this.#engine.list({
        limit,
        ...(filter === undefined ? {} : { filter }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      listed.push(...page.records.ids);
      cursor = page.cursor;
      if (cursor !== undefined) expect(page.records.ids).toHaveLength(limit);
      // Small pages of a large collection: the beginning is enough.
      if (listed.length > 50 * limit) break;
    }
    const expected = [...this.#records].filter(([, record]) => passes(record.metadata)).map(([id]) => id);
    expect(listed).toEqual(expected.sort().slice(0, listed.length > 50 * limit ? listed.length : undefined));
  }

  async #optimize(): Promise<void> {
    const optimized = this.#engine.optimize(callOptions());
    await this.#query(2);
    await this.#upsert(3, 'upsert');
    await this.#deleteIds();
    await optimized;
    await this.#query(1);
  }

  async #reopen(): Promise<void> {
    await this.close();
    await this.open();
    const { generation } = await this.#engine.stats();
    expect(generation).toBeGreaterThanOrEqual(this.#generation);
  }

  #someVector(): Float32Array | undefined {
    for (let tries = 0; tries < 20; tries++) {
      const record = this.#records.get(this.#random.pick(IDS));
      if (record !== undefined) return record.vector;
    }
    return undefined;
  }
}
