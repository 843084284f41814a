import { expect } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import type { CollectionStats } from '../../shared/types.js';
import { jsKernels } from '../compute/js-kernels.js';
import { queriesOf, rowsFrom } from '../compute/kernels-oracle.contract.js';
import { simdKernels } from '../compute/simd-kernels.js';
import { trainInWorker } from '../index/train-in-worker.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import type { CollectionEngine } from './collection-engine.js';
import { dueMerge, dueTraining } from './compact.js';
import {
  callOptions,
  computeWith,
  holdingWith,
  jsCompute,
  openEngine,
  packRecords,
} from './engine.contract.js';
import type { Train } from './list-order.js';
import { CollectionState } from './state.js';

// What happens to an indexed collection in use: many of its records are replaced while maintenance goes on by itself.

const TOP_K = 10;
/** Scores this far below the k-th true one are still hits: float32 sums in another order are not misses. */
const EQUAL = 1e-5;

export interface UpsertHeavy {
  readonly dimension: number;
  /** rows × dimension. */
  readonly base: Float32Array<ArrayBuffer>;
  /** updates × dimension: fewer than the base. */
  readonly replacements: Float32Array<ArrayBuffer>;
  readonly queries: readonly Float32Array<ArrayBuffer>[];
  /** Records per upsert. */
  readonly batch: number;
  /** How often it stops, for maintenance to come to its end and for recall to be measured. */
  readonly checks: number;
  readonly minComponents: number;
}

export interface RecallSeen {
  readonly recall: number;
  /** Rows considered per query. */
  readonly scanned: number;
}

/** With the SIMD kernels, on this thread. */
export const trainBySimd: Train = (rows, { dimension, metric }, options) =>
  trainInWorker(
    rows,
    { dimension, metric },
    {
      ...options,
      seed: 1,
      startTrainer: undefined,
      assetBaseUrl: undefined,
      kernelsHere: simdKernels()!,
    },
  );

/** What was seen once maintenance had nothing left to do. */
export interface Check {
  readonly replaced: number;
  readonly kept: RecallSeen;
  /** By a fresh build over the same records. */
  readonly fresh: RecallSeen;
  readonly stats: CollectionStats;
}

/** Recall again and again while records are replaced, beside a fresh build each time. */
export async function runUpsertHeavy(run: UpsertHeavy): Promise<Check[]> {
  const { dimension, base, replacements, batch, checks } = run;
  const count = base.length / dimension;
  const updates = replacements.length / dimension;
  const vectors = base.slice();
  const { engine, storage } = await open(run);
  await upsert(engine, vectors, dimension, numbers(0, count));
  await settled(engine, storage, run);
  expect((await engine.stats()).index).toMatchObject({ kind: 'ivf', indexedRows: count });

  const replaced = new SeededRandom(11).sample(numbers(0, count), updates);
  const seen: Check[] = [];
  for (let from = 0; from < updates; from += batch) {
    const rows = replaced.slice(from, from + batch);
    for (const [i, row] of rows.entries()) {
      const own = replacements.subarray((from + i) * dimension, (from + i + 1) * dimension);
      vectors.set(own, row * dimension);
    }
    await upsert(engine, vectors, dimension, rows);
    const until = from + rows.length;
    if (Math.floor((until * checks) / updates) === Math.floor((from * checks) / updates)) continue;
    await settled(engine, storage, run);
    const stats = await engine.stats();
    expect(stats.records).toBe(count);
    const truth = await truthOf(vectors, run);
    const kept = await recallOf(engine, truth, run);
    seen.push({ replaced: until, kept, fresh: await freshRecall(vectors, truth, run), stats });
  }
  engine.close(closed());
  return seen;
}

async function freshRecall(vectors: Float32Array, truth: readonly number[], run: UpsertHeavy) {
  const { engine } = await open(run);
  await upsert(engine, vectors, run.dimension, numbers(0, vectors.length / run.dimension));
  await engine.optimize(callOptions());
  const seen = await recallOf(engine, truth, run);
  engine.close(closed());
  return seen;
}

async function open({ dimension, minComponents }: UpsertHeavy) {
  const storage = new MemoryStorage();
  const config = { name: 'notes', dimension, metric: 'cosine' } as const;
  const { engine } = await openEngine(storage, config, computeWith('wasm'), minComponents, trainBySimd);
  return { engine, storage };
}

function upsert(
  engine: CollectionEngine,
  vectors: Float32Array,
  dimension: number,
  rows: readonly number[],
): Promise<unknown> {
  const records = rows.map((row) => ({
    id: `r${row}`,
    vector: vectors.subarray(row * dimension, (row + 1) * dimension),
  }));
  return engine.upsert(packRecords(records, dimension), 'upsert', 'disk', callOptions());
}

/** When maintenance has nothing left to do, as another tab sees it. */
async function settled(
  engine: CollectionEngine,
  storage: MemoryStorage,
  { minComponents }: UpsertHeavy,
): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if ((await engine.stats()).index.training !== undefined) continue;
    const row = (await storage.readCollection('notes'))!;
    const { deviceId } = await storage.readStore();
    const { current } = await CollectionState.open(
      storage,
      holdingWith(jsCompute()),
      row,
      deviceId,
      () => {},
    );
    const training = { train: trainBySimd, minComponents };
    if (dueMerge(current).length + dueTraining(current, training).length === 0) return;
  }
}

/** Per query the score of the last of its true neighbours, by plain JS. */
async function truthOf(
  vectors: Float32Array<ArrayBuffer>,
  { dimension, queries }: UpsertHeavy,
): Promise<number[]> {
  const block = await jsKernels.pass(rowsFrom(vectors, dimension), dimension, 'cosine');
  const scores: number[] = [];
  for (const query of queries) {
    const { similarities } = await block.search(queriesOf('cosine', dimension, query), TOP_K, {});
    scores.push(similarities.at(-1)!);
  }
  return scores;
}

/** At the default target. */
async function recallOf(
  engine: CollectionEngine,
  truth: readonly number[],
  { queries }: UpsertHeavy,
): Promise<RecallSeen> {
  let hits = 0;
  let scanned = 0;
  for (const [q, vector] of queries.entries()) {
    const [answer] = await engine.query([{ vector, topK: TOP_K }], callOptions());
    expect(answer!.receipt.plan).toBe('ivf');
    hits += answer!.scores.filter((score) => score >= truth[q]! - EQUAL).length;
    scanned += answer!.receipt.scanned;
  }
  return { recall: hits / (TOP_K * queries.length), scanned: Math.round(scanned / queries.length) };
}

function closed(): VectorStoreError {
  return new VectorStoreError('CLOSED', 'The test has closed it.');
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
