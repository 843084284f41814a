/** One bit per row, lowest bit first. Treated as immutable once it is shared. */
export type Bitmap = Uint8Array<ArrayBuffer>;

export function createBitmap(rows: number): Bitmap {
  return new Uint8Array((rows + 7) >>> 3);
}

export function hasBit(bitmap: Bitmap, row: number): boolean {
  return (bitmap[row >>> 3]! & (1 << (row & 7))) !== 0;
}

export function setBit(bitmap: Bitmap, row: number): void {
  bitmap[row >>> 3]! |= 1 << (row & 7);
}

const BITS_IN_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
});

export function countBits(bitmap: Bitmap): number {
  let count = 0;
  for (let i = 0; i < bitmap.length; i++) count += BITS_IN_BYTE[bitmap[i]!]!;
  return count;
}

/** Rows that are dead, or do not pass. */
export function excludedRows(rows: number, dead: Bitmap | undefined, passing: Bitmap): Bitmap {
  const excluded = createBitmap(rows);
  for (let i = 0; i < excluded.length; i++) excluded[i] = ~passing[i]! | (dead === undefined ? 0 : dead[i]!);
  // Bits beyond the last row stay zero, so that counting is right.
  if ((rows & 7) !== 0) excluded[excluded.length - 1]! &= (1 << (rows & 7)) - 1;
  return excluded;
}
