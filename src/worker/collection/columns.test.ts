import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packStrings as packColumn, unpackStrings as stringsOf } from '../../shared/string-column.js';
import {
  PAGE_BYTES,
  packNumbers,
  packStrings,
  rowsPerPage,
  unpackNumbers,
  unpackStrings,
} from './columns.js';

describe('numbers', () => {
  it('S1 pages begin at multiples of 8 rows and hold at most 4 MiB, but at least 8 rows', () => {
    for (const dimension of [1, 2, 3, 7, 100, 384, 1_000, 4_096]) {
      const rows = rowsPerPage(4 * dimension);
      expect(rows % 8).toBe(0);
      expect(rows * 4 * dimension <= PAGE_BYTES || rows === 8).toBe(true);
      expect((rows + 8) * 4 * dimension).toBeGreaterThan(PAGE_BYTES);
    }
    expect(rowsPerPage(PAGE_BYTES)).toBe(8);
  });

  it.each([0, 1, 8, 10_919, 10_920, 10_921, 21_840, 21_841])(
    'unpackNumbers is the inverse of packNumbers: %i rows',
    (rows) => {
      const dimension = 96;
      expect(rowsPerPage(4 * dimension)).toBe(10_920);
      // A view into a larger array.
      const whole = Float32Array.from({ length: (rows + 1) * dimension }, (_, i) => i);
      const data = whole.subarray(dimension);
      const { starts, pages } = packNumbers(data, 4 * dimension);
      expect(starts).toEqual(Array.from({ length: Math.ceil(rows / 10_920) }, (_, i) => i * 10_920));
      // Copies, as storage gives them: they are given back.
      const bytes = unpackNumbers(pages.map((page) => page.slice()));
      const back = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      expect(back.length).toBe(data.length);
      expect(back.every((value, i) => value === data[i])).toBe(true);
    },
  );
});

describe('strings', () => {
  it('unpackStrings is the inverse of packStrings', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.nat(PAGE_BYTES + 1_000).map((length) => 'x'.repeat(length)),
      fc.nat(70_000).map((length) => 'é'.repeat(length)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (strings) => {
        const { starts, pages } = packStrings(packColumn(strings));
        expect(starts).toHaveLength(pages.length);
        expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
        const column = unpackStrings(pages);
        expect(column.offsets).toHaveLength(strings.length + 1);
        const back = stringsOf(column);
        expect(back.length === strings.length && back.every((each, i) => each === strings[i])).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('cuts pages near 4 MiB, and gives a longer string a page of its own', () => {
    const strings = [...Array(320_000).fill('0123456789'), 'x'.repeat(2 * PAGE_BYTES), 'y'];
    const { starts, pages } = packStrings(packColumn(strings));
    const sizes = pages.map((page) => page.byteLength);
    expect(sizes[0]).toBeLessThanOrEqual(PAGE_BYTES + 16);
    expect(sizes[0]).toBeGreaterThan(PAGE_BYTES - 100);
    expect(starts).toEqual([0, expect.any(Number), 320_000, 320_001]);
    // Each can be read by itself.
    expect(stringsOf(unpackStrings([pages[3]!]))).toEqual(['y']);
    expect(stringsOf(unpackStrings([pages[1]!]))).toHaveLength(320_000 - starts[1]!);
  });

  it('S1 the page format is: n, n + 1 offsets, UTF-8 bytes', () => {
    const { pages } = packStrings(packColumn(['é', '', 'abc']));
    const [page] = pages;
    expect([...new Uint32Array(page!.buffer, page!.byteOffset, 5)]).toEqual([3, 0, 2, 2, 5]);
    expect([...page!.subarray(20)]).toEqual([0xc3, 0xa9, 0x61, 0x62, 0x63]);
  });

  it('there is no page of no strings', () => {
    expect(packStrings(packColumn([]))).toEqual({ starts: [], pages: [] });
    expect(stringsOf(unpackStrings([]))).toEqual([]);
  });
});
