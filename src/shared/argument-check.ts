import { VectorStoreError } from './errors.js';
import { kindOf, shown } from './plain-object.js';
import type { Metric } from './types.js';

const MAX_DIMENSION = 4_096;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const METRICS: readonly unknown[] = ['cosine', 'dot', 'l2'] satisfies Metric[];

/** Throws `INVALID_ARGUMENT` unless it can name a store or a collection. */
export function checkName(kind: 'store' | 'collection', name: unknown): asserts name is string {
  if (typeof name === 'string' && NAME.test(name)) return;
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `The ${kind}'s name is ${typeof name === 'string' ? shown(name) : kindOf(name)}. It becomes part of database, lock and file names. ` +
      'Use 1 to 64 of the letters A-Z and a-z, digits, ".", "_" and "-", the first one a letter or a digit.',
  );
}

/** Throws `INVALID_ARGUMENT` unless it is a whole number from 1 to 4,096. */
export function checkDimension(dimension: unknown): asserts dimension is number {
  if (Number.isInteger(dimension) && (dimension as number) >= 1 && (dimension as number) <= MAX_DIMENSION)
    return;
  const what = typeof dimension === 'number' ? String(dimension) : kindOf(dimension);
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `dimension is ${what}. Every vector of a collection has the same length, a whole number from 1 to ${MAX_DIMENSION}. ` +
      "Give the length of your model's vectors.",
  );
}

/** Throws `INVALID_ARGUMENT` unless it is a whole number from 1. */
export function checkMaxRecords(maxRecords: unknown): asserts maxRecords is number {
  if (Number.isSafeInteger(maxRecords) && (maxRecords as number) >= 1) return;
  const what = typeof maxRecords === 'number' ? String(maxRecords) : kindOf(maxRecords);
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `maxRecords is ${what}. Records beyond it are evicted, so a wrong one would lose data. Give a whole number from 1, or leave it out to keep all.`,
  );
}

/** Throws `INVALID_ARGUMENT` unless it is a whole number from 1. */
export function checkBatchSize(batchSize: unknown): asserts batchSize is number {
  if (Number.isSafeInteger(batchSize) && (batchSize as number) >= 1) return;
  const what = typeof batchSize === 'number' ? String(batchSize) : kindOf(batchSize);
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `The embedder's batchSize is ${what}. It is how many texts it is given at a time. Give a whole number from 1, or leave it out for 64.`,
  );
}

/** Throws `INVALID_ARGUMENT` unless it is a metric. */
export function checkMetric(metric: unknown): asserts metric is Metric {
  if (METRICS.includes(metric)) return;
  const what = typeof metric === 'string' ? shown(metric) : kindOf(metric);
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `metric is ${what}. It decides how scores are computed. Use 'cosine', 'dot' or 'l2', the one your model was trained for.`,
  );
}

export function checkChoice(option: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return;
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `${option} is ${JSON.stringify(value)}. There is no such ${option}, and guessing could keep data in the wrong place. Give one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}.`,
  );
}
