import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bitmap, countBits, createBitmap, setBit } from '../bitmap.js';
import { allRows, complement, difference, intersection, listRows, union } from './bitmap-sets.js';

const pairs = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 70 });
const bitmapOf = (set: readonly boolean[]): Bitmap => {
  const bitmap = createBitmap(set.length);
  for (const [row, isSet] of set.entries()) if (isSet) setBit(bitmap, row);
  return bitmap;
};

test('operations on sets of rows; bits beyond the last row stay zero, and nothing given is changed', () => {
  fc.assert(
    fc.property(pairs, (rows) => {
      const a = bitmapOf(rows.map(([inA]) => inA));
      const b = bitmapOf(rows.map(([, inB]) => inB));
      const given = [a.slice(), b.slice()];
      expect(allRows(rows.length)).toEqual(bitmapOf(rows.map(() => true)));
      expect(complement(a, rows.length)).toEqual(bitmapOf(rows.map(([inA]) => !inA)));
      expect(intersection(a, b)).toEqual(bitmapOf(rows.map(([inA, inB]) => inA && inB)));
      expect(union(a, b)).toEqual(bitmapOf(rows.map(([inA, inB]) => inA || inB)));
      expect(difference(a, b)).toEqual(bitmapOf(rows.map(([inA, inB]) => inA && !inB)));
      expect([...listRows(a, countBits(a))]).toEqual(rows.flatMap(([inA], row) => (inA ? [row] : [])));
      expect([a, b]).toEqual(given);
    }),
  );
});
