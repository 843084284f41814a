import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Bitmap, countBits, createBitmap, excludedRows, hasBit, setBit } from './bitmap.js';

const flags = fc.array(fc.boolean(), { maxLength: 70 });
const bitmapOf = (set: readonly boolean[]): Bitmap => {
  const bitmap = createBitmap(set.length);
  for (const [row, isSet] of set.entries()) if (isSet) setBit(bitmap, row);
  return bitmap;
};

it('hasBit and countBits see what setBit has set, and nothing else', () => {
  fc.assert(
    fc.property(flags, (set) => {
      const bitmap = bitmapOf(set);
      expect(set.map((_, row) => hasBit(bitmap, row))).toEqual(set);
      expect(countBits(bitmap)).toBe(set.filter(Boolean).length);
      expect(bitmap).toHaveLength(Math.ceil(set.length / 8));
    }),
  );
});

it('Q2 excludedRows: rows that are dead or do not pass; bits beyond the last row stay zero', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 70 }), (rows) => {
      const dead = bitmapOf(rows.map(([isDead]) => isDead));
      const passing = bitmapOf(rows.map(([, passes]) => passes));
      const given = [dead.slice(), passing.slice()];
      const both = excludedRows(rows.length, dead, passing);
      expect(both).toEqual(bitmapOf(rows.map(([isDead, passes]) => isDead || !passes)));
      const alive = excludedRows(rows.length, undefined, passing);
      expect(alive).toEqual(bitmapOf(rows.map(([, passes]) => !passes)));
      expect([dead, passing]).toEqual(given);
    }),
  );
});
