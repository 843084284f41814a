import { type Bitmap, createBitmap } from '../bitmap.js';

// Bitmaps as sets of rows. Nothing here changes what it is given. Bits beyond the last row stay zero.

export function allRows(rows: number): Bitmap {
  return complement(createBitmap(rows), rows);
}

export function complement(bitmap: Bitmap, rows: number): Bitmap {
  const result = createBitmap(rows);
  for (let i = 0; i < result.length; i++) result[i] = ~bitmap[i]!;
  if ((rows & 7) !== 0) result[result.length - 1]! &= (1 << (rows & 7)) - 1;
  return result;
}

export function intersection(a: Bitmap, b: Bitmap): Bitmap {
  const result = new Uint8Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = a[i]! & b[i]!;
  return result;
}

export function union(a: Bitmap, b: Bitmap): Bitmap {
  const result = new Uint8Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = a[i]! | b[i]!;
  return result;
}

/** Rows of `a` that are not in `b`. */
export function difference(a: Bitmap, b: Bitmap): Bitmap {
  const result = new Uint8Array(a.length);
  for (let i = 0; i < result.length; i++) result[i] = a[i]! & ~b[i]!;
  return result;
}

/** The rows of a bitmap that has `count` of them, ascending. */
export function listRows(bitmap: Bitmap, count: number): Uint32Array<ArrayBuffer> {
  const rows = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < bitmap.length; i++) {
    for (let rest = bitmap[i]!; rest !== 0; rest &= rest - 1) {
      rows[at++] = i * 8 + 31 - Math.clz32(rest & -rest);
    }
  }
  return rows;
}
