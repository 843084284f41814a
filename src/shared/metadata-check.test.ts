import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { encodeMetadata } from './metadata-check.js';

function problem(value: unknown): string {
  const encoded = encodeMetadata(value);
  expect(encoded.json).toBeUndefined();
  return encoded.problem!;
}

/** Objects within one another: `levels` of them. */
function nested(levels: number): object {
  return levels === 1 ? {} : { a: nested(levels - 1) };
}

describe('encodeMetadata', () => {
  test('M1 plain JSON data comes back equal', () => {
    const values = [
      {},
      { a: 'x', b: -1.5e-7, c: true, d: null, e: [], f: {}, g: [1, [2, { h: 'é\u{1f600}\ud800\u0000' }]] },
      Object.assign(Object.create(null), { a: 1 }),
    ];
    for (const value of values) expect(JSON.parse(encodeMetadata(value).json!)).toEqual({ ...value });
  });

  test('M1, M2 whatever JSON can express is kept', () => {
    const reserved = /"(__proto__|constructor|prototype|toJSON)":/;
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
        const json = JSON.stringify(value);
        fc.pre(!reserved.test(json));
        expect(encodeMetadata(value)).toEqual({ json });
      }),
      { numRuns: 500 },
    );
  });

  class Point {
    x = 1;
  }
  test.each([
    ['NaN', Number.NaN, /metadata\.a is NaN/],
    ['Infinity', Infinity, /metadata\.a is Infinity/],
    ['a bigint', 1n, /metadata\.a is a bigint/],
    ['a function', () => 1, /metadata\.a is a function/],
    ['a symbol', Symbol('s'), /metadata\.a is a symbol/],
    ['a Date', new Date(), /metadata\.a is a Date|metadata\.a\.toJSON/],
    ['a Map', new Map(), /metadata\.a is a Map/],
    ['a Float32Array', new Float32Array(2), /metadata\.a is a Float32Array/],
    ['a class instance', new Point(), /metadata\.a is a Point/],
    ['a boxed string', Object('x'), /metadata\.a is a String/],
    ['an object with another prototype', Object.create({ b: 1 }), /metadata\.a is an Object/],
  ])('M1 %s is refused, with its place', (_name, value, message) => {
    expect(problem({ a: value })).toMatch(message);
    expect(problem({ b: [{ 'x y': [0, value] }] })).toMatch(/^metadata\.b\[0\]\.x y\[1\]/);
  });

  test.each([[null], [[]], ['x'], [1], [new Point()], [new Map()], [undefined]])(
    'M1 %o is not metadata',
    (value) => {
      expect(problem(value)).toMatch(/^metadata is .* Give a plain object/);
    },
  );

  it('M1 calls no toJSON, own, hidden or inherited', () => {
    let called = 0;
    const toJSON = () => ++called;
    expect(problem({ toJSON })).toMatch(/metadata\.toJSON is a function/);
    expect(problem({ a: Object.defineProperty({}, 'toJSON', { value: toJSON }) })).toMatch(
      /metadata\.a\.toJSON/,
    );
    expect(problem({ a: Object.defineProperty([], 'toJSON', { value: toJSON }) })).toMatch(
      /metadata\.a\.toJSON/,
    );
    expect(encodeMetadata({ toJSON: 'just a key' })).toEqual({ json: '{"toJSON":"just a key"}' });
    expect(called).toBe(0);
  });

  it('M1 refuses cycles, and allows the same object twice', () => {
    const cyclic: { [key: string]: unknown } = { a: { b: [] } };
    (cyclic.a as { b: unknown[] }).b.push(cyclic);
    expect(problem(cyclic)).toMatch(/contains itself/);
    const shared = { x: 1 };
    expect(encodeMetadata({ a: shared, b: [shared] }).json).toBe('{"a":{"x":1},"b":[{"x":1}]}');
  });

  it('M1 survives getters that throw', () => {
    const thrower = {
      get a() {
        throw new Error('no');
      },
    };
    expect(problem(thrower)).toMatch(/could not be read \(no\)/);
  });

  test('M2 undefined members are left out, undefined and holes in arrays are refused', () => {
    expect(encodeMetadata({ a: undefined, b: 1, c: { d: undefined } }).json).toBe('{"b":1,"c":{}}');
    expect(encodeMetadata({ a: -0, [Symbol('s')]: 1 }).json).toBe('{"a":0}');
    expect(problem({ a: [1, undefined] })).toMatch(/metadata\.a\[1\] is undefined/);
    expect(problem({ a: new Array(3) })).toMatch(/metadata\.a\[0\] is undefined/);
  });

  test('M3 at most 16 deep', () => {
    expect(encodeMetadata(nested(16)).problem).toBeUndefined();
    expect(problem(nested(17))).toMatch(/deeper than 16/);
    expect(problem(nested(5_000))).toMatch(/deeper than 16/);
    let array: unknown = 1;
    for (let i = 0; i < 15; i++) array = [array];
    expect(encodeMetadata({ array }).problem).toBeUndefined();
    expect(problem({ array: [array] })).toMatch(/deeper than 16/);
  });

  test('M3 at most 65,536 bytes of UTF-8', () => {
    const frame = JSON.stringify({ a: '' }).length;
    for (const character of ['a', 'é', '€', '\u{1f600}']) {
      const bytes = new TextEncoder().encode(character).length;
      const count = Math.floor((65_536 - frame) / bytes);
      const fits = { a: character.repeat(count), b: undefined };
      expect(new TextEncoder().encode(encodeMetadata(fits).json).length).toBeGreaterThan(65_536 - bytes);
      expect(problem({ a: character.repeat(count + 1) })).toMatch(/65536/);
    }
    // As JSON, a control character is six bytes.
    expect(problem({ a: '\u0001'.repeat(10_922) })).toMatch(/metadata is 655\d\d bytes as JSON/);
    const digits = Array.from({ length: 32_764 }, () => 0);
    expect(encodeMetadata({ a: digits }).json).toHaveLength(65_535);
    expect(problem({ a: [...digits, 0] })).toMatch(/65536/);
    expect(encodeMetadata({ ['k'.repeat(65_530)]: 1 }).json).toHaveLength(65_536);
    expect(problem({ ['k'.repeat(65_531)]: 1 })).toMatch(/65536/);
  });

  it('M3 gives up early on data that is huge by sharing', () => {
    let shared: unknown = 'x';
    for (let i = 0; i < 14; i++) shared = Array.from({ length: 100 }, () => shared);
    expect(problem({ shared })).toMatch(/more than 65536 bytes/);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('M4 the key %s is refused at any depth', (key) => {
    expect(problem(JSON.parse(`{"${key}": 1}`))).toMatch(/reserved name/);
    expect(problem(JSON.parse(`{"a": [{"${key}": {"polluted": true}}]}`))).toMatch(
      new RegExp(`metadata\\.a\\[0\\]\\.${key} has a reserved name`),
    );
  });
  test('M4 hasOwnProperty works as a key', () => {
    expect(encodeMetadata({ hasOwnProperty: 1, toString: { valueOf: 2 } }).json).toBe(
      '{"hasOwnProperty":1,"toString":{"valueOf":2}}',
    );
  });
});
