import { describe, expect, test } from 'vitest';
import { compileFilter } from '../../shared/filter.js';
import { packStrings } from '../../shared/string-column.js';
import type { JsonValue } from '../../shared/types.js';
import { passingRows, rowsIn } from './row-filter.contract.js';
import { RowFilter } from './row-filter.js';

const of = (values: readonly JsonValue[]) => values.map((a) => ({ a }));

describe('one value in a row', () => {
  const values = [null, false, true, -1e21, -1, 0, 0.5, 1, '', '0', 'a', 'ab', 'abc', 'b', {}, []];
  const records = [...of(values), {}, undefined];
  const indices = (...wanted: readonly JsonValue[]) =>
    wanted.map((value) => values.indexOf(value as (typeof values)[number]));
  const none = [records.length - 2, records.length - 1];

  test.each(values.slice(0, 14))('F6 F8 $eq %j wants the same type and value', async (value) => {
    expect(await passingRows({ a: value }, records)).toEqual(indices(value));
    const others = records.map((_, row) => row).filter((row) => row !== indices(value)[0]);
    expect(await passingRows({ a: { $ne: value } }, records)).toEqual(others);
  });

  test('F8 −0 equals 0, in the filter and in the metadata', async () => {
    expect(await passingRows({ a: -0 }, records)).toEqual(indices(0));
    expect(await passingRows({ a: { $in: [-0] } }, records)).toEqual(indices(0));
    expect(await passingRows({ a: { $gt: -0, $lte: 0.5 } }, records)).toEqual(indices(0.5));
    expect(await passingRows({ a: { $gte: -0, $lt: 0.5 } }, records)).toEqual(indices(0));
    const zeros = new RowFilter(3, async () => packStrings(['{"a":-0}', '{"a":0}', '{"a":[0,-0]}']));
    for (const condition of [0, -0, { $gte: 0 }, { $lte: -0 }]) {
      expect(rowsIn(await zeros.passing(compileFilter({ a: condition })), 3)).toEqual([0, 1, 2]);
    }
  });

  test.each(['x', 'aa', 'abcd', '\0', 2, -2, 0.25, 1e300])(
    'F8 %j, which no row has, equals none',
    async (value) => {
      expect(await passingRows({ a: value }, records)).toEqual([]);
    },
  );

  test.each([
    [{ $gt: -1 }, [0, 0.5, 1]],
    [{ $gte: -1 }, [-1, 0, 0.5, 1]],
    [{ $lt: 0.5 }, [-1e21, -1, 0]],
    [{ $lte: 0.5 }, [-1e21, -1, 0, 0.5]],
    [{ $gt: 0.25 }, [0.5, 1]],
    [{ $lte: 0.25 }, [-1e21, -1, 0]],
    [{ $gt: 1 }, []],
    [{ $gte: 2 }, []],
    [{ $lt: -1e21 }, []],
    [{ $gte: -1e300 }, [-1e21, -1, 0, 0.5, 1]],
    [{ $gt: '' }, ['0', 'a', 'ab', 'abc', 'b']],
    [{ $gte: '' }, ['', '0', 'a', 'ab', 'abc', 'b']],
    [{ $lt: '' }, []],
    [{ $lte: '' }, ['']],
    [{ $gt: 'aa' }, ['ab', 'abc', 'b']],
    [{ $lt: 'ab' }, ['', '0', 'a']],
    [{ $lte: 'ab' }, ['', '0', 'a', 'ab']],
    [{ $gte: 'c' }, []],
    [{ $gt: 0, $lt: 1 }, [0.5]],
    [{ $gt: 0, $lt: 'b' }, []],
  ])('F10 %j', async (condition, wanted) => {
    expect(await passingRows({ a: condition }, records)).toEqual(indices(...wanted));
  });

  test('F10 strings are ordered by UTF-16 code unit', async () => {
    // By code point, the emoji would be the greatest.
    const ordered = of(['a', '\u00e9', '\ud800', '\u{1f600}', '\uffee']);
    expect(await passingRows({ a: { $gt: '\u{1f600}' } }, ordered)).toEqual([4]);
    expect(await passingRows({ a: { $lt: '\u{1f600}' } }, ordered)).toEqual([0, 1, 2]);
    expect(await passingRows({ a: { $startsWith: '\ud83d' } }, ordered)).toEqual([3]);
  });

  test('F11 $in and $nin', async () => {
    expect(await passingRows({ a: { $in: ['ab', null, 1, 7, '7', 'ab'] } }, records)).toEqual(
      indices(null, 1, 'ab'),
    );
    expect(await passingRows({ a: { $in: [] } }, records)).toEqual([]);
    expect(await passingRows({ a: { $nin: [] } }, records)).toHaveLength(records.length);
  });

  test('F11 F21 $in with 10,000 operands', async () => {
    const many = Array.from({ length: 12_000 }, (_, i) => ({ a: i % 3 === 0 ? i : `${i}` }));
    const operands = Array.from({ length: 10_000 }, (_, i) => i);
    const passing = await passingRows({ a: { $in: operands } }, many);
    expect(passing).toEqual(operands.filter((operand) => operand % 3 === 0));
  });

  test('F12 $contains finds a part of a string, never across two strings', async () => {
    expect(await passingRows({ a: { $contains: 'b' } }, records)).toEqual(indices('ab', 'abc', 'b'));
    expect(await passingRows({ a: { $contains: '' } }, records)).toEqual(
      indices('', '0', 'a', 'ab', 'abc', 'b'),
    );
    expect(await passingRows({ a: { $contains: 'cb' } }, records)).toEqual([]);
    expect(await passingRows({ a: { $contains: 0 } }, records)).toEqual([]);
    const repeated = of(['aa', 'aaa', 'baa', 'ba', 'xab', 'ab']);
    expect(await passingRows({ a: { $contains: 'aa' } }, repeated)).toEqual([0, 1, 2]);
    expect(await passingRows({ a: { $contains: 'ab' } }, repeated)).toEqual([4, 5]);
    expect(await passingRows({ a: { $contains: 'aab' } }, repeated)).toEqual([]);
  });

  test('F13 $startsWith', async () => {
    expect(await passingRows({ a: { $startsWith: 'ab' } }, records)).toEqual(indices('ab', 'abc'));
    expect(await passingRows({ a: { $startsWith: 'abcd' } }, records)).toEqual([]);
    expect(await passingRows({ a: { $startsWith: '' } }, records)).toEqual(
      indices('', '0', 'a', 'ab', 'abc', 'b'),
    );
    expect(await passingRows({ a: { $startsWith: '\uffff' } }, records)).toEqual([]);
  });

  test('F5 F7 $exists tells missing from null, and objects from missing', async () => {
    expect(await passingRows({ a: { $exists: false } }, records)).toEqual(none);
    expect(await passingRows({ a: { $exists: true } }, records)).toHaveLength(records.length - 2);
  });
});

describe('several values in a row', () => {
  const records = [
    { a: [1, 'xy', null, [7], { b: 7 }, 1] },
    { a: ['y', 'x'] },
    { a: 'xy' },
    { a: [] },
    { a: [9, 1] },
    { a: [[1]] },
    { a: { b: 'deep' } },
  ];
  test.each([
    [{ a: 1 }, [0, 4]],
    [{ a: { $ne: 1 } }, [1, 2, 3, 5, 6]],
    [{ a: { $in: ['x', 9] } }, [1, 4]],
    [{ a: { $nin: ['x', 9, 'xy'] } }, [3, 5, 6]],
    [{ a: 7 }, []],
    [{ a: { $lt: 2, $gt: 8 } }, [4]],
    [{ a: { $startsWith: 'x' } }, [0, 1, 2]],
    [{ a: { $contains: 'x' } }, [1, 2]],
    [{ a: { $contains: 'xy' } }, [0, 2]],
    [{ a: { $contains: '' } }, [2]],
    [{ a: { $contains: null } }, [0]],
    [{ a: { $contains: 1 } }, [0, 4]],
    [{ a: { $exists: true } }, [0, 1, 2, 3, 4, 5, 6]],
    [{ 'a.b': 7 }, [0]],
    [{ 'a.b': { $exists: true } }, [0, 6]],
    [{ 'a.0': { $exists: true } }, []],
    [{ 'a.length': { $exists: true } }, []],
  ])('F12-F16 %j', async (filter, wanted) => {
    expect(await passingRows(filter, records)).toEqual(wanted);
  });

  test('F16 a path may lead to several values', async () => {
    const items = [
      { items: [{ name: 'x' }, { size: 3, tags: ['p', 'q'] }, [{ deep: 1 }], 5] },
      { items: { name: ['x', 'z'] } },
      { items: [{ name: 'y' }, { name: 'x' }, { name: 'x' }] },
    ];
    expect(await passingRows({ 'items.name': 'x' }, items)).toEqual([0, 1, 2]);
    expect(await passingRows({ 'items.name': { $ne: 'x' } }, items)).toEqual([]);
    expect(await passingRows({ 'items.name': { $contains: 'z' } }, items)).toEqual([1]);
    expect(await passingRows({ 'items.tags': { $contains: 'q' }, 'items.size': 3 }, items)).toEqual([0]);
    expect(await passingRows({ 'items.deep': 1 }, items)).toEqual([]);
  });

  test('F4 only own keys are looked at', async () => {
    const own: JsonValue[] = [{ hasOwnProperty: 1, a: { toString: 1 } }, { a: { b: 1 } }];
    expect(await passingRows({ hasOwnProperty: { $exists: true } }, own)).toEqual([0]);
    expect(await passingRows({ 'a.toString': { $exists: true } }, own)).toEqual([0]);
    expect(await passingRows({ toString: { $exists: true } }, own)).toEqual([]);
  });
});

test('F17 F18 parts are combined row by row, up to the last row', async () => {
  for (const count of [1, 7, 8, 9, 64, 65]) {
    const records = Array.from({ length: count }, (_, n) => ({ n, odd: n % 2 === 1 }));
    const wanted = (passes: (n: number) => boolean) => records.map(({ n }) => n).filter(passes);
    const last = count - 1;
    expect(await passingRows({ $or: [{ n: 0 }, { n: last }] }, records)).toEqual([...new Set([0, last])]);
    expect(await passingRows({ odd: true, n: { $lt: last } }, records)).toEqual(
      wanted((n) => n % 2 === 1 && n < last),
    );
    expect(await passingRows({ $not: { $or: [{ odd: true }, { n: 0 }] } }, records)).toEqual(
      wanted((n) => n % 2 === 0 && n > 0),
    );
    expect(await passingRows({}, records)).toEqual(wanted(() => true));
    expect(await passingRows({ $not: {} }, records)).toEqual([]);
  }
});
