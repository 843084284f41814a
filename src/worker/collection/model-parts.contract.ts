import { expect } from 'vitest';
import type { Backend, CollectionConfig, Metric, Query, Receipt } from '../../shared/types.js';
import type { Compute } from '../compute/compute.js';
import type { Storage } from '../storage/storage.js';
import { type HoldingOptions, trueScore } from './engine.contract.js';

// What the model test runs on, and what its records look like.

/** Makes a segment that is sealed. */
export const BIG_BATCH = 2_100;
export const IDS = Array.from({ length: 5_000 }, (_, i) => `${'rstαz🦀'.at(i % 5)!}${i}`);

export interface ModelWorld {
  readonly config: CollectionConfig;
  /** Reaches the same data each time. */
  connect(): Promise<Storage>;
  readonly compute: Compute;
  /** What has to score the records. */
  readonly backend: Backend;
  /** Of segments that get an index. */
  readonly minComponents: number;
  /** The memory budget. */
  readonly mostVectorBytes?: number;
  /** How rows are held; each time it is opened. */
  readonly holding?: () => HoldingOptions;
}

export interface Metadata {
  readonly n: number;
  readonly tag: string | null;
  readonly deep?: { readonly on: boolean };
}

export interface Asked {
  readonly wire: Pick<Query, 'topK' | 'minScore' | 'includeVectors' | 'includeMetadata' | 'exact'>;
  readonly vector: Float32Array;
  passes(metadata: Metadata | undefined): boolean;
}

export interface ModelRecord {
  readonly vector: Float32Array;
  readonly metadata: Metadata | undefined;
  readonly text: string | undefined;
}

type Filter = NonNullable<Query['filter']>;

/** Filters, and what they mean, said a second time. */
export const FILTERS: readonly [Filter, (metadata: Metadata | undefined) => boolean][] = [
  [{}, () => true],
  [{ n: 3 }, (m) => m?.n === 3],
  [{ n: { $gte: 2, $lt: 7 } }, (m) => m !== undefined && m.n >= 2 && m.n < 7],
  [{ tag: { $in: ['a', 'b'] } }, (m) => m?.tag === 'a' || m?.tag === 'b'],
  [{ tag: { $ne: 'a' } }, (m) => m?.tag !== 'a'],
  [{ 'deep.on': true }, (m) => m?.deep?.on === true],
  [{ deep: { $exists: false } }, (m) => m?.deep === undefined],
  [{ $or: [{ n: 0 }, { $not: { tag: 'c' } }] }, (m) => m?.n === 0 || m?.tag !== 'c'],
  [{ tag: null }, (m) => m !== undefined && m.tag === null],
  [{ n: 99 }, () => false],
];

export function within(value: number, expected: number, difference: number, about: string): void {
  if (Math.abs(value - expected) <= difference) return;
  expect.fail(`score or distance of ${about} is ${value}, not within ${difference} of ${expected}`);
}

/**
 * Of answers for targets of 0.5 to 0.95. Random vectors of few dimensions are what lists are worst at; filters and
 * deletes make it no easier.
 */
export function expectRecall(recalls: readonly number[]): void {
  expect(recalls.length).toBeGreaterThan(0);
  // Less two standard errors, at a deviation of a quarter: a run may have few such answers.
  const least = 0.6 - 0.5 / Math.sqrt(recalls.length);
  expect(recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length).toBeGreaterThan(least);
}

/** How much less precise scores may be: int16 of eight numbers is off by up to half a 32,258th of the greatest in each. */
export function roundingIn({ holding }: ModelWorld): number {
  const { quantization, memory } = holding?.() ?? {};
  return quantization === 'int16' || memory?.isLimited === true ? 10 : 1;
}

/** @param passing records that pass the filter */
export function expectReceipt(
  world: ModelWorld,
  { exact, complete, plan, scanned }: Receipt,
  passing: number,
): void {
  expect(complete).toBe(true);
  if (exact) expect([plan, scanned]).toEqual([passing === 0 ? 'empty' : 'flat', passing]);
  else if (roundingIn(world) === 1) expect(plan).toBe('ivf');
}

/** Score all, sort, slice. */
export function bestScores(
  metric: Metric,
  records: readonly (readonly [string, ModelRecord])[],
  vector: Float32Array,
  { minScore, topK = 10 }: Pick<Query, 'minScore' | 'topK'>,
): number[] {
  return records
    .map(([, record]) => trueScore(metric, record.vector, vector))
    .filter((score) => minScore === undefined || score >= minScore)
    .sort((a, b) => b - a)
    .slice(0, topK);
}

/** Takes steps of a model; what fails tells the seed, the step, and what it was doing. */
export async function runSteps(
  model: { readonly doing: string; step(): Promise<void> },
  seed: number,
  steps: number,
): Promise<void> {
  for (let step = 0; step < steps; step++) {
    try {
      await model.step();
    } catch (error) {
      throw new Error(`seed ${seed}, step ${step} (${model.doing}): ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
