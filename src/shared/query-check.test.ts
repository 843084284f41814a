import { describe, expect, test } from 'vitest';
import { checkDimension, checkMetric, checkName } from './argument-check.js';
import type { VectorStoreError } from './errors.js';
import { type ValidateOptions, validateQuery } from './validate.js';

const OPTIONS: ValidateOptions = { dimension: 3 };
const vector = [1, 2, 3];

function queryProblem(query: unknown, options: Partial<ValidateOptions> = {}) {
  const result = validateQuery(query, { ...OPTIONS, ...options });
  expect(result).toMatchObject({ valid: false, problemCount: 1, problems: [{ position: 0 }] });
  return result.problems[0]!;
}

describe('validateQuery', () => {
  test('V9 a query has exactly one target', () => {
    for (const query of [{ vector }, { vector: new Float32Array(vector), text: undefined }, { id: 'a' }]) {
      expect(validateQuery(query, OPTIONS)).toEqual({ valid: true, problems: [], problemCount: 0 });
    }
    expect(validateQuery({ text: 'x' }, { ...OPTIONS, canEmbed: true }).valid).toBe(true);
    expect(queryProblem({ text: 'x' }).message).toMatch(/no embedder/);
    expect(queryProblem({ text: '' }, { canEmbed: true }).message).toMatch(/empty string/);
    expect(queryProblem({}).message).toMatch(/neither vector, text nor id/);
    expect(queryProblem({ vector, id: 'a' }).message).toMatch(/has vector and id\./);
    expect(queryProblem({ id: 1 }).message).toMatch(/id is a number/);
    expect(queryProblem({ vector: [1] })).toMatchObject({ code: 'DIMENSION_MISMATCH' });
    expect(queryProblem({ vector: [0, 0, 0] }).message).toMatch(/all zeros/);
    expect(validateQuery({ vector: [0, 0, 0] }, { ...OPTIONS, metric: 'l2' }).valid).toBe(true);
    expect(queryProblem(vector).message).toMatch(/the query is an array/);
  });

  test.each<[string, unknown[], unknown[]]>([
    ['topK', [1, 10, 1e6], [0, -1, 1.5, Number.NaN, Infinity, '10', null, 2 ** 53]],
    ['minScore', [0, -1, 0.5], [Number.NaN, Infinity, '0.5', null]],
    ['targetRecall', [0.01, 0.95, 1], [0, -0.1, 1.01, Number.NaN, '1', null]],
    ['exact', [true, false], [1, 'true', null]],
    ['includeVectors', [true, false], [1, 'true', null]],
    ['includeMetadata', [true, false], [0, 'false', null]],
    ['where', [() => true], [{ a: 1 }, 'x', null]],
    ['filter', [{}, { a: 1 }, { a: { $gt: 1 } }], [null, [], 'x', { a: [1] }]],
    ['signal', [new AbortController().signal], [{}, true, null, new AbortController()]],
  ])('V9 %s', (name, good, bad) => {
    for (const value of [...good, undefined])
      expect(validateQuery({ vector, [name]: value }, OPTIONS).valid).toBe(true);
    for (const value of bad)
      expect(queryProblem({ vector, [name]: value }).message).toMatch(new RegExp(`^${name}(\\.a)? is `));
  });

  test('V9 a wrong filter is named by its place, beside everything else', () => {
    const { message } = queryProblem({ vector, topK: 0, filter: { $or: [{ a: 1 }, { a: { $gtt: 1 } }] } });
    expect(message).toMatch(
      /topK is 0.* Also: filter\.\$or\[1\]\.a\.\$gtt is not an operator.*Did you mean \$gt\?/,
    );
  });

  test.each([
    ['k', 'topK'],
    ['limit', 'topK'],
    ['topk', 'topK'],
    ['top_k', 'topK'],
    ['threshold', 'minScore'],
    ['includeVector', 'includeVectors'],
    ['embedding', 'vector'],
    ['filters', 'filter'],
  ])('V7 the unknown key %s of a query suggests %s', (key, right) => {
    expect(queryProblem({ vector, [key]: 5 }).message).toContain(
      `unknown key "${key}" (did you mean "${right}"?)`,
    );
  });
});

describe('arguments', () => {
  const code = (check: () => void) => {
    try {
      check();
    } catch (error) {
      return (error as VectorStoreError).code;
    }
    return undefined;
  };

  test('V10 names', () => {
    for (const name of ['a', '0', 'Field-guide_2.0', 'x'.repeat(64)]) checkName('store', name);
    for (const name of ['', '.a', '-a', '_a', 'a/b', 'a b', 'é', 'a\n', 'x'.repeat(65), 1, null, undefined]) {
      expect(code(() => checkName('collection', name))).toBe('INVALID_ARGUMENT');
    }
  });
  test('V10 dimensions', () => {
    for (const dimension of [1, 384, 4_096]) checkDimension(dimension);
    for (const dimension of [0, -1, 1.5, 4_097, Number.NaN, Infinity, '384', null, undefined]) {
      expect(code(() => checkDimension(dimension))).toBe('INVALID_ARGUMENT');
    }
  });
  test('V10 metrics', () => {
    for (const metric of ['cosine', 'dot', 'l2']) checkMetric(metric);
    for (const metric of ['Cosine', 'euclidean', '', null, undefined]) {
      expect(code(() => checkMetric(metric))).toBe('INVALID_ARGUMENT');
    }
  });
});
