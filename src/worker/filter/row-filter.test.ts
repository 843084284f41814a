import { afterEach, expect, test, vi } from 'vitest';
import { compileFilter } from '../../shared/filter.js';
import type { JsonValue } from '../../shared/types.js';
import { Slice } from '../slices.js';
import { columnLimits } from './field-columns.js';
import { metadataColumn, rowsIn } from './row-filter.contract.js';
import { RowFilter } from './row-filter.js';

afterEach(() => vi.restoreAllMocks());

const ROWS = 1000;
const records: readonly JsonValue[] = Array.from({ length: ROWS }, (_, n) => ({
  n,
  third: n % 3,
  name: `name ${n}`,
  note: n % 2 === 0 ? 'even' : 'odd',
}));
const column = metadataColumn(records);

function open(limits = columnLimits(ROWS)) {
  const rowFilter = new RowFilter(ROWS, async () => column, limits);
  const passing = (filter: unknown) => rowFilter.passing(compileFilter(filter));
  return { rowFilter, passing, rows: async (filter: unknown) => rowsIn(await passing(filter), ROWS) };
}

/** Bytes of metadata that a task parses. */
async function parsed(task: () => Promise<unknown>): Promise<number> {
  const parse = vi.spyOn(JSON, 'parse');
  await task();
  const length = parse.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
  parse.mockRestore();
  return length;
}

test('a field is read from the metadata once, whatever filters name it', async () => {
  const { passing } = open();
  expect(await parsed(() => passing({ n: 1 }))).toBeGreaterThan(column.bytes.length);
  expect(await parsed(() => passing({ n: { $gt: 5 }, $not: { n: 7 } }))).toBe(0);
  expect(await parsed(() => passing({ third: 1 }))).toBeGreaterThan(column.bytes.length);
  expect(await parsed(() => passing({ $or: [{ third: 2 }, { n: 3 }] }))).toBe(0);
});

test('one pass serves all fields of a filter, and filters asked for at the same time', async () => {
  const once = await parsed(() => open().passing({ n: 1 }));
  const { passing, rows } = open();
  const filters = [{ n: 1, third: 1 }, { name: 'name 4' }, { $or: [{ note: 'odd' }, { n: 2 }] }, { n: 2 }];
  expect(await parsed(() => Promise.all(filters.map(passing)))).toBe(once);
  expect(await rows(filters[1])).toEqual([4]);
});

test('the last 32 filters are kept by their key', async () => {
  const { passing } = open();
  const first = passing({ n: { $in: [0, 1] } });
  for (let n = 0; n < 31; n++) await passing({ n });
  expect(passing({ n: { $in: [1, 0] } })).toBe(first);
  await passing({ n: 31 });
  expect(passing({ n: { $in: [1, 0] } })).toBe(first);
  for (let n = 0; n < 32; n++) await passing({ n });
  const again = passing({ n: { $in: [0, 1] } });
  expect(again).not.toBe(first);
  expect(await again).toEqual(await first);
});

test('what columns and bitmaps take is counted', async () => {
  const { rowFilter, passing } = open();
  expect(rowFilter.bytes).toBe(0);
  await passing({ third: 1 });
  const bitmap = ROWS / 8;
  // A bitmap of the rows that have the field, a row number for each, and little else: three values.
  const third = rowFilter.bytes - bitmap;
  expect(third).toBeGreaterThanOrEqual(bitmap + 4 * ROWS);
  expect(third).toBeLessThan(bitmap + 4 * ROWS + 200);
  await passing({ third: 2 });
  expect(rowFilter.bytes).toBe(third + 2 * bitmap);
  await passing({ name: 'x' });
  // All its values are different: their text, where each begins, where its rows begin, its row.
  const text = records.reduce<number>((sum, record) => sum + (record as { name: string }).name.length, 0);
  const name = rowFilter.bytes - third - 3 * bitmap;
  expect(name).toBeGreaterThanOrEqual(bitmap + text + 12 * ROWS);
  expect(name).toBeLessThan(bitmap + text + 12 * ROWS + 200);
});

test('a value that an array repeats is kept once', async () => {
  const repeated = metadataColumn([{ a: Array.from({ length: 1000 }, (_, i) => i % 2) }]);
  const rowFilter = new RowFilter(1, async () => repeated);
  await rowFilter.passing(compileFilter({ a: 1 }));
  expect(rowFilter.bytes).toBeLessThan(200);
});

test('a text beyond Latin-1 counts two bytes a unit', async () => {
  const sizes = ['é', '€'].map(async (letter) => {
    const texts = metadataColumn([{ a: letter.repeat(10_000) }]);
    const rowFilter = new RowFilter(1, async () => texts);
    await rowFilter.passing(compileFilter({ a: 'x' }));
    return rowFilter.bytes;
  });
  const [narrow, wide] = await Promise.all(sizes);
  expect(wide! - narrow!).toBe(10_000);
});

test('the least recently used column goes when fields or bytes are too many', async () => {
  const { rowFilter, passing } = open({ fields: 2, bytes: 1 << 20 });
  await passing({ n: 1 });
  await passing({ third: 1 });
  await passing({ n: 2 });
  await passing({ note: 'odd' });
  expect(await parsed(() => passing({ n: 3 }))).toBe(0);
  expect(await parsed(() => passing({ third: 0 }))).toBeGreaterThan(0);

  const limit = 20_000;
  const tight = open({ fields: 64, bytes: limit });
  await tight.passing({ n: 1 });
  await tight.passing({ third: 1 });
  await tight.passing({ note: 'odd' });
  expect(tight.rowFilter.bytes).toBeLessThan(limit);
  expect(await parsed(() => tight.passing({ note: 'even' }))).toBe(0);
  expect(await parsed(() => tight.passing({ n: 2 }))).toBeGreaterThan(0);
  expect(rowFilter.bytes).toBeGreaterThan(0);
});

test('of fields too large to keep, rows that others leave open are looked at one by one', async () => {
  const { rowFilter, passing, rows } = open({ fields: 64, bytes: 10_000 });
  expect(await rows({ third: 1, name: { $contains: '9' } })).toEqual(
    Array.from({ length: ROWS }, (_, n) => n).filter((n) => n % 3 === 1 && String(n).includes('9')),
  );
  expect(rowFilter.bytes).toBeLessThan(10_000);
  // Only the third that has it, and not again to find out that it is too large.
  const again = await parsed(() => passing({ third: 2, name: { $contains: '8' } }));
  expect(again).toBeGreaterThan(column.bytes.length / 4);
  expect(again).toBeLessThan(column.bytes.length / 2);
  expect(await rows({ third: 0, $not: { name: { $startsWith: 'name 1' } } })).toEqual(
    Array.from({ length: ROWS }, (_, n) => n).filter((n) => n % 3 === 0 && !String(n).startsWith('1')),
  );
});

test('metadata that cannot be read rejects, and is read again next time', async () => {
  let fails = true;
  const rowFilter = new RowFilter(ROWS, async () => {
    if (fails) throw new Error('lost');
    return column;
  });
  await expect(rowFilter.passing(compileFilter({ n: 1 }))).rejects.toThrow('lost');
  fails = false;
  expect(rowsIn(await rowFilter.passing(compileFilter({ n: 1 })), ROWS)).toEqual([1]);

  let damaged = true;
  const broken = metadataColumn(['no object']);
  broken.bytes.fill(0x7b);
  const other = new RowFilter(1, async () => (damaged ? broken : metadataColumn([{ n: 1 }])));
  const both = [other.passing(compileFilter({ n: 1 })), other.passing(compileFilter({ n: { $gt: 0 } }))];
  for (const each of both) await expect(each).rejects.toThrow(SyntaxError);
  damaged = false;
  expect(rowsIn(await other.passing(compileFilter({ n: 1 })), 1)).toEqual([0]);
});

test('F5 where no row has metadata, every field is missing', async () => {
  const rowFilter = new RowFilter(9, async () => undefined);
  const rows = async (filter: unknown) => rowsIn(await rowFilter.passing(compileFilter(filter)), 9).length;
  expect(await rows({ a: 1 })).toBe(0);
  expect(await rows({ a: { $ne: 1 } })).toBe(9);
  expect(await rows({})).toBe(9);
});

test('a filter that names no field reads no metadata', async () => {
  const metadata = vi.fn(async () => column);
  const rowFilter = new RowFilter(ROWS, metadata);
  expect(rowsIn(await rowFilter.passing(compileFilter({})), ROWS)).toHaveLength(ROWS);
  expect(metadata).not.toHaveBeenCalled();
});

test('L4 100,000 rows are made into columns in slices', async () => {
  const rows = 100_000;
  const many = metadataColumn(Array.from({ length: rows }, (_, n) => ({ n, name: `name ${n * 7}` })));
  // Every slice is over as soon as somebody asks.
  vi.spyOn(Slice.prototype, 'isOver').mockReturnValue(true);
  const pauses = vi.spyOn(Slice.prototype, 'next').mockResolvedValue();
  const rowFilter = new RowFilter(rows, async () => many);
  await rowFilter.passing(compileFilter({ n: 1 }));
  // Rows parsed between two pauses; values sorted, then merged in six rounds; entries moved in three loops.
  const least = rows / 64 + (1 + 6) * Math.floor(rows / 2048) + 3 * Math.floor(rows / 8192);
  expect(pauses.mock.calls.length).toBeGreaterThan(least);
  pauses.mockClear();
  await rowFilter.passing(compileFilter({ name: { $gt: 'x' } }));
  expect(pauses.mock.calls.length).toBeGreaterThan(least);
  pauses.mockClear();
  await rowFilter.passing(compileFilter({ n: { $in: Array.from({ length: 10_000 }, (_, i) => i) } }));
  expect(pauses.mock.calls.length).toBeGreaterThanOrEqual(10);
  pauses.mockClear();
  await rowFilter.passing(compileFilter({ $or: Array.from({ length: 400 }, (_, i) => ({ n: { $gt: i } })) }));
  expect(pauses.mock.calls.length).toBeGreaterThanOrEqual(400);
});
