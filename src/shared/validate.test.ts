import { describe, expect, it, test } from 'vitest';
import { BatchCheck } from './batch-check.js';
import { VectorStoreError } from './errors.js';
import { MAX_NORM, MIN_COSINE_NORM, rowProblem } from './record-check.js';
import type { Metric } from './types.js';
import { type ValidateOptions, validateQuery, validateRecords } from './validate.js';

const OPTIONS: ValidateOptions = { dimension: 3 };
const vector = [1, 2, 3];

/** The one problem of a record that has one. */
function recordProblem(record: unknown, options: Partial<ValidateOptions> = {}) {
  const result = validateRecords([record], { ...OPTIONS, ...options });
  expect(result).toMatchObject({ valid: false, problemCount: 1 });
  return result.problems[0]!;
}

function accepts(record: object, options: Partial<ValidateOptions> = {}) {
  expect(validateRecords([{ id: 'a', vector, ...record }], { ...OPTIONS, ...options })).toEqual({
    valid: true,
    problems: [],
    problemCount: 0,
  });
}

describe('validateRecords', () => {
  test('V1 every bad position is counted, the first 100 are listed, each with all its faults', () => {
    const records = Array.from({ length: 1_000 }, (_, i) =>
      i % 4 === 0 ? { id: '', vector: [1, Number.NaN, 3] } : { id: `r${i}`, vector },
    );
    const result = validateRecords(records, OPTIONS);
    expect(result).toMatchObject({ valid: false, problemCount: 250 });
    expect(result.problems.map(({ position }) => position)).toEqual(
      Array.from({ length: 100 }, (_, i) => i * 4),
    );
    expect(result.problems[7]!.message).toMatch(/vector\[1\] is NaN.* Also: id is an empty string/);
    expect(validateRecords([], OPTIONS).valid).toBe(true);
  });

  test('V1 whatever the data is, the check does not throw', () => {
    const hostile = [
      null,
      undefined,
      1,
      'x',
      [],
      () => 1,
      Symbol('s'),
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('trap');
          },
          ownKeys: () => {
            throw new Error('trap');
          },
        },
      ),
      {
        get id() {
          throw new Error('getter');
        },
      },
    ];
    const result = validateRecords(hostile, OPTIONS);
    expect(result.problemCount).toBe(hostile.length);
    expect(result.problems[8]!.message).toMatch(/could not be read \(getter\)/);
    for (const value of hostile) {
      expect(validateQuery(value, OPTIONS).valid).toBe(false);
      if (!Array.isArray(value)) expect(validateRecords(value, OPTIONS).valid).toBe(false);
    }
    expect(validateRecords(new Array(2), OPTIONS).problemCount).toBe(2);
  });

  test('V1 the code is that of the first fault, the id is named where it is usable', () => {
    expect(recordProblem({ id: 'a', vector: [1] })).toMatchObject({
      position: 0,
      id: 'a',
      code: 'DIMENSION_MISMATCH',
    });
    expect(recordProblem({ id: 7, vector })).not.toHaveProperty('id');
  });

  test('V1 wrong options throw, for they are no data', () => {
    expect(() => validateRecords([], { dimension: 0 })).toThrow(VectorStoreError);
    expect(() => validateQuery({ vector }, { dimension: 3, metric: 'cos' as Metric })).toThrow(
      /metric is "cos"/,
    );
  });

  test('V2 an id is a string of 1 to 512 bytes of UTF-8', () => {
    for (const id of [
      'a',
      'é'.repeat(256),
      '€'.repeat(170),
      '\u{1f600}'.repeat(128),
      'x'.repeat(512),
      '\u0000',
      '__proto__',
    ]) {
      accepts({ id });
    }
    for (const id of ['é'.repeat(257), '€'.repeat(171), '\u{1f600}'.repeat(129), 'x'.repeat(513)]) {
      expect(recordProblem({ id, vector }).message).toMatch(/id is 51[3-6] bytes of UTF-8, more than 512/);
    }
    expect(recordProblem({ id: '', vector }).message).toMatch(/empty string/);
    expect(recordProblem({ id: 5, vector }).message).toMatch(/id is a number.*String\(id\)/);
    expect(recordProblem({ vector }).message).toMatch(/id is undefined/);
    for (const id of ['\ud83d', 'a\ude00', '\ude00\ud83d']) {
      expect(recordProblem({ id, vector }).message).toMatch(/surrogate/);
    }
  });

  test('V3 each later position of an id is a DUPLICATE_ID', () => {
    const ids = ['a', 'b', 'a', 'c', 'a', 'b'];
    const expected = [
      { position: 2, id: 'a', code: 'DUPLICATE_ID' },
      { position: 4, id: 'a', code: 'DUPLICATE_ID' },
      { position: 5, id: 'b', code: 'DUPLICATE_ID' },
    ];
    const asRecords = validateRecords(
      ids.map((id) => ({ id, vector })),
      OPTIONS,
    );
    expect(asRecords.problems).toMatchObject(expected);
    expect(asRecords.problems[1]!.message).toMatch(/already at position 0/);
    const asBatch = validateRecords({ ids, vectors: new Float32Array(18).fill(1) }, OPTIONS);
    expect(asBatch.problems).toMatchObject(expected);
    expect(asBatch.problemCount).toBe(3);
  });

  test('V4 vectors are Float32Array, Float64Array or arrays of numbers', () => {
    accepts({ vector: new Float32Array(vector) });
    accepts({ vector: new Float64Array(vector) });
    accepts({ vector: Object.freeze([...vector]) });
    accepts({ vector: new Float32Array(new SharedArrayBuffer(12)).fill(1) });
    expect(recordProblem({ id: 'a', vector: '1,2,3' }).message).toMatch(/vector is a string/);
    expect(recordProblem({ id: 'a', vector: null }).message).toMatch(/vector is null/);
    expect(recordProblem({ id: 'a', vector: new Int8Array(3) }).message).toMatch(
      /an Int8Array.*Float32Array\.from/,
    );
    expect(recordProblem({ id: 'a', vector: new DataView(new ArrayBuffer(3)) }).message).toMatch(
      /a DataView/,
    );
    expect(recordProblem({ id: 'a', vector: { 0: 1, 1: 2, 2: 3, length: 3 } }).message).toMatch(
      /vector is an object/,
    );
    expect(recordProblem({ id: 'a', vector: { data: new Float32Array(3), dims: [1, 3] } }).message).toMatch(
      /tensor/,
    );
    expect(recordProblem({ id: 'a', vector: [1, '2', 3] }).message).toMatch(/vector\[1\] is a string/);
    expect(recordProblem({ id: 'a', vector: [1, null, 3] }).message).toMatch(/vector\[1\] is null/);
    // biome-ignore lint/suspicious/noSparseArray: the case
    expect(recordProblem({ id: 'a', vector: [1, , 3] }).message).toMatch(/vector\[1\] is undefined/);
  });

  test('V4 a vector has dimension numbers, and the message has both lengths', () => {
    for (const wrong of [[], [1, 2], [1, 2, 3, 4], new Float32Array(2)]) {
      const problem = recordProblem({ id: 'a', vector: wrong });
      expect(problem.code).toBe('DIMENSION_MISMATCH');
      expect(problem.message).toContain(`${wrong.length} numbers, the collection's dimension is 3`);
    }
  });

  test.each<[Metric]>([['cosine'], ['dot'], ['l2']])(
    'V4 under %s, numbers are finite in float32',
    (metric) => {
      for (const value of [Number.NaN, Infinity, -Infinity]) {
        expect(recordProblem({ id: 'a', vector: [1, value, 3] }, { metric }).message).toContain(
          `vector[1] is ${value}.`,
        );
        const floats = new Float32Array([1, 2, value]);
        expect(recordProblem({ id: 'a', vector: floats }, { metric }).message).toContain(
          `vector[2] is ${value}.`,
        );
      }
      expect(recordProblem({ id: 'a', vector: [1, 2, 1e39] }, { metric }).message).toMatch(
        /1e\+39, which is Infinity in float32/,
      );
    },
  );

  test('V5 the norm is at most 2^62', () => {
    const root = Math.sqrt(0.5) * MAX_NORM;
    for (const metric of ['cosine', 'dot', 'l2'] as const) {
      accepts({ vector: [MAX_NORM, 0, 0] }, { metric });
      accepts({ vector: [0, root * 0.999, root * 0.999] }, { metric });
      expect(recordProblem({ id: 'a', vector: [0, root * 1.001, root * 1.001] }, { metric }).message).toMatch(
        /more than 2\^62/,
      );
      expect(recordProblem({ id: 'a', vector: [3e38, 3e38, 3e38] }, { metric }).message).toMatch(
        /norm 5\.20e\+38/,
      );
    }
  });

  test('V5 no float32 score of two allowed vectors overflows', () => {
    const f = Math.fround;
    const dimension = 4_096;
    const component = f(MAX_NORM / 64);
    expect(component * 64).toBe(MAX_NORM);
    let dot = 0;
    let squares = 0;
    for (let i = 0; i < dimension; i++) {
      dot = f(dot + f(component * component));
      const difference = f(component - -component);
      squares = f(squares + f(difference * difference));
    }
    expect(dot).toBe(2 ** 124);
    expect(squares).toBe(2 ** 126);
    // Twice the norm would overflow the distance.
    expect(f(4 * squares)).toBe(Infinity);
  });

  test('V5 under cosine, the norm is at least 2^-62', () => {
    accepts({ vector: [0, MIN_COSINE_NORM, 0] });
    expect(Math.fround(MIN_COSINE_NORM * MIN_COSINE_NORM)).toBeGreaterThanOrEqual(2 ** -126);
    expect(recordProblem({ id: 'a', vector: [0, MIN_COSINE_NORM * 0.99, 0] }).message).toMatch(
      /less than 2\^-62/,
    );
    expect(recordProblem({ id: 'a', vector: [0, -0, 0] }).message).toMatch(/all zeros/);
    // Zero once rounded to float32.
    expect(recordProblem({ id: 'a', vector: [1e-50, 0, 0] }).message).toMatch(/all zeros/);
    for (const metric of ['dot', 'l2'] as const) {
      accepts({ vector: [0, 0, 0] }, { metric });
      accepts({ vector: [1e-30, 0, 0] }, { metric });
    }
  });

  test('V5 rowProblem judges a norm alone', () => {
    expect(rowProblem(1, 'cosine')).toBeUndefined();
    expect(rowProblem(0, 'l2')).toBeUndefined();
    expect(rowProblem(0, 'cosine')!.message).toMatch(/all zeros/);
    expect(rowProblem(Number.NaN, 'dot')!.message).toMatch(/holds NaN or Infinity/);
    expect(rowProblem(Infinity, 'l2')!.message).toMatch(/holds NaN or Infinity/);
    expect(rowProblem(MAX_NORM * 1.01, 'l2')!.message).toMatch(/2\^62/);
  });

  test('V6 a text stands in for a vector where there is an embedder', () => {
    expect(validateRecords([{ id: 'a', text: 'x' }], { ...OPTIONS, canEmbed: true }).valid).toBe(true);
    accepts({ text: 'x' });
    expect(recordProblem({ id: 'a', text: 'x' }).message).toMatch(/no embedder/);
    expect(recordProblem({ id: 'a' }).message).toMatch(/neither vector nor text.* Give it a vector\./);
    expect(recordProblem({ id: 'a' }, { canEmbed: true }).message).toMatch(/a vector or a text/);
    for (const canEmbed of [true, false]) {
      expect(recordProblem({ id: 'a', vector, text: '' }, { canEmbed }).message).toMatch(
        /text is an empty string/,
      );
      expect(recordProblem({ id: 'a', vector, text: 7 }, { canEmbed }).message).toMatch(/text is a number/);
      expect(recordProblem({ id: 'a', vector, text: 'a\ud800b' }, { canEmbed }).message).toMatch(
        /text holds half/,
      );
    }
  });

  test.each([
    ['metdata', 'metadata'],
    ['meta', 'metadata'],
    ['Metadata', 'metadata'],
    ['values', 'vector'],
    ['embedding', 'vector'],
    ['vectro', 'vector'],
    ['ID', 'id'],
    ['_id', 'id'],
    ['pageContent', 'text'],
  ])('V7 the unknown key %s suggests %s', (key, right) => {
    expect(recordProblem({ id: 'a', vector, [key]: 1 }).message).toContain(
      `unknown key "${key}" (did you mean "${right}"?)`,
    );
  });
  test('V7 other unknown keys are named, keys without a value are not', () => {
    expect(recordProblem({ id: 'a', vector, score: 1, zzz: 2 }).message).toMatch(
      /unknown keys "score", "zzz"\./,
    );
    accepts({ zzz: undefined, text: undefined, metadata: undefined });
    expect(
      validateRecords({ ids: ['a'], vectors: new Float32Array(vector), embeddings: [] }, OPTIONS).problems[0]!
        .message,
    ).toMatch(/"embeddings" \(did you mean "vectors"\?\)/);
  });

  test('V1 metadata is checked by its own rules', () => {
    accepts({ metadata: { a: [1, null, { b: 'x' }] } });
    expect(recordProblem({ id: 'a', vector, metadata: { a: [1n] } }).message).toMatch(
      /metadata\.a\[0\] is a bigint/,
    );
    expect(recordProblem({ id: 'a', vector, metadata: null }).message).toMatch(/metadata is null/);
    const metadata = [undefined, { a: Number.NaN }];
    const batch = { ids: ['a', 'b'], vectors: new Float32Array(6).fill(1), metadata };
    expect(validateRecords(batch, OPTIONS).problems).toMatchObject([{ position: 1, id: 'b' }]);
  });

  test('V8 a batch gets the same answers as its records', () => {
    const rows = [
      [1, 2, 3],
      [0, 0, 0],
      [1, Number.NaN, 3],
      [1e-30, 0, 0],
      [3e38, 3e38, 0],
    ];
    const ids = ['a', 'b', '', 'd', 'a'];
    const metadata = [{ x: 1 }, undefined, { y: new Date(0) }, undefined, {}];
    const texts = [undefined, 'x', '', 'y', 'z'];
    for (const metric of ['cosine', 'dot', 'l2'] as const) {
      const options = { dimension: 3, metric };
      const batch = validateRecords(
        { ids, vectors: Float32Array.from(rows.flat()), metadata, texts },
        options,
      );
      const records = rows.map((row, i) => ({
        id: ids[i],
        vector: Float32Array.from(row),
        metadata: metadata[i],
        text: texts[i],
      }));
      expect(batch).toEqual(validateRecords(records, options));
      expect(batch.problemCount).toBe(metric === 'cosine' ? 4 : 2);
    }
  });

  test('V8 columns that do not fit together refuse the batch as a whole', () => {
    const ids = ['a', 'b'];
    const vectors = new Float32Array(6).fill(1);
    const whole = (batch: unknown) => {
      const result = validateRecords(batch, OPTIONS);
      expect(result).toMatchObject({ valid: false, problemCount: 1, problems: [{ position: -1 }] });
      return result.problems[0]!;
    };
    expect(validateRecords({ ids, vectors, metadata: undefined }, OPTIONS).valid).toBe(true);
    expect(whole({ ids, vectors: vectors.subarray(1) })).toMatchObject({
      code: 'DIMENSION_MISMATCH',
      message: expect.stringMatching(/holds 5 numbers; 2 ids × dimension 3 make 6/),
    });
    expect(whole({ ids, vectors: [vector, vector] }).message).toMatch(/vectors is an array/);
    expect(whole({ ids: 'ab', vectors }).message).toMatch(/ids is a string/);
    expect(whole({ ids, vectors, metadata: [{}] }).message).toMatch(/metadata has 1 entries for 2 ids/);
    expect(whole({ ids, vectors, metadata: {} }).message).toMatch(/metadata is an object/);
    expect(whole({ ids, vectors, texts: ['x', 'y', 'z'] }).message).toMatch(/texts has 3 entries/);
    expect(whole({ id: 'a', vector }).message).toMatch(/Put the record into an array/);
    expect(whole('x').message).toMatch(/records is a string/);
  });
});

describe('BatchCheck, as the write path uses it', () => {
  const rules = { dimension: 3, metric: 'cosine', canEmbed: true, vectorValues: false } as const;

  it('V1 gives the metadata as JSON and leaves values of vectors to rowProblem', () => {
    const check = new BatchCheck(rules);
    expect(check.record(0, { id: 'a', vector: [0, Number.NaN, 0], metadata: { x: 1 } })).toBe('{"x":1}');
    expect(check.record(1, { id: 'b', text: 'x' })).toBeUndefined();
    expect(check.problemCount).toBe(0);
    expect(check.record(2, { id: 'a', vector, metadata: { x: 1 } })).toBeUndefined();
    check.record(3, { id: 'c', vector: [1, '2', 3] });
    expect(check.problems.map(({ position, code }) => [position, code])).toEqual([
      [2, 'DUPLICATE_ID'],
      [3, 'INVALID_ARGUMENT'],
    ]);
  });

  it('V1 checks updates of metadata', () => {
    const check = new BatchCheck(rules);
    expect(check.metadataUpdate(0, { id: 'a', metadata: {} })).toBe('{}');
    expect(check.problemCount).toBe(0);
    check.metadataUpdate(1, { id: 'b' });
    check.metadataUpdate(2, { id: 'c', metadata: {}, vector });
    check.metadataUpdate(3, { id: 'a', metadata: {} });
    expect(check.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/no metadata/),
      expect.stringMatching(/unknown key "vector"/),
      expect.stringMatching(/already at position 0/),
    ]);
  });
});
