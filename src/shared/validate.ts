import { checkDimension, checkMetric } from './argument-check.js';
import { BatchCheck, batchShapeProblem } from './batch-check.js';
import type { Problem } from './errors.js';
import { queryProblem } from './query-check.js';
import { type Fault, unreadable } from './record-check.js';
import type { Metric, VectorBatch } from './types.js';

/** What the records or the query are for. */
export interface ValidateOptions {
  /** The collection's dimension, 1 to 4,096. */
  dimension: number;
  /** The collection's metric. Default `'cosine'`. */
  metric?: Metric;
  /** Whether the collection has an embedder, so that a text can stand in for a vector. Default false. */
  canEmbed?: boolean;
}

/** What is wrong, if anything. */
export interface ValidationResult {
  /** Whether the store would take it. */
  readonly valid: boolean;
  /**
   * One for each bad position, in order, the first 100; each names everything that is wrong there. Position −1
   * stands for the batch as a whole, where its columns do not fit together.
   */
  readonly problems: readonly Problem[];
  /** How many positions are bad in all. */
  readonly problemCount: number;
}

/**
 * Checks records as `upsert` would, without a store: an array of `VectorRecord` or a `VectorBatch`. Finds every bad
 * position and changes nothing.
 *
 * @throws {VectorStoreError} `INVALID_ARGUMENT` for wrong options; never for wrong records.
 */
export function validateRecords(records: unknown, options: ValidateOptions): ValidationResult {
  const rules = { ...rulesFrom(options), vectorValues: true };
  const check = new BatchCheck(rules);
  if (Array.isArray(records)) {
    // Not forEach(): it skips holes.
    for (let position = 0; position < records.length; position++) check.record(position, records[position]);
  } else {
    try {
      const fault = batchShapeProblem(records, rules.dimension);
      if (fault !== undefined) return invalidBecause(-1, fault);
      const batch = records as VectorBatch;
      for (let position = 0; position < batch.ids.length; position++) check.row(position, batch);
    } catch (error) {
      return invalidBecause(-1, unreadable('the batch', error));
    }
  }
  return { valid: check.problemCount === 0, problems: check.problems, problemCount: check.problemCount };
}

/**
 * Checks a query as `query` would, without a store. A problem's position is 0.
 *
 * @throws {VectorStoreError} `INVALID_ARGUMENT` for wrong options; never for a wrong query.
 */
export function validateQuery(query: unknown, options: ValidateOptions): ValidationResult {
  const fault = queryProblem(query, rulesFrom(options));
  return fault === undefined ? { valid: true, problems: [], problemCount: 0 } : invalidBecause(0, fault);
}

function invalidBecause(position: number, fault: Fault): ValidationResult {
  return { valid: false, problems: [{ position, ...fault }], problemCount: 1 };
}

function rulesFrom({ dimension, metric = 'cosine', canEmbed = false }: ValidateOptions) {
  checkDimension(dimension);
  checkMetric(metric);
  return { dimension, metric, canEmbed };
}
