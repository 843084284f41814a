import type { StringColumn } from '../../shared/string-column.js';
import { free } from '../free.js';

// A column as pages and back. A page of strings is: row count n (uint32), n + 1 offsets (uint32), then the
// UTF-8 bytes. A page of numbers is just the numbers. All little-endian, as every browser's platform is.

/**
 * Page size, a measured choice (150 MB of random bytes in Chromium, on disk): writing takes 2.1 s in pages of 256 KiB,
 * 1.4 s in 1 to 4 MiB, 1.1 s in 8 MiB; reading in a fresh page 0.6–0.8, 0.7–1.0 (1 MiB), 0.5–0.7 (4 MiB), 0.5 s.
 * One page alone takes 0.8, 2.6, 7 and 15 ms, which is what fetching the vector of one record costs.
 */
export const PAGE_BYTES = 4 << 20;

/**
 * Page size of vectors in the order of lists: a first answer, and one from storage, read a few lists only. Smaller:
 * faster single reads, slower writing and loading.
 */
export const LISTED_PAGE_BYTES = 512 << 10;

/** Numeric pages and shards start at a multiple of this, so that bitmaps can be cut at byte borders. */
const ROW_ALIGNMENT = 8;

export interface Paged {
  /** First row of each page. */
  readonly starts: number[];
  readonly pages: Uint8Array<ArrayBuffer>[];
}

export function rowsPerPage(bytesPerRow: number, pageBytes = PAGE_BYTES): number {
  return Math.max(ROW_ALIGNMENT, Math.floor(pageBytes / bytesPerRow / ROW_ALIGNMENT) * ROW_ALIGNMENT);
}

/** The pages are views of `data`. */
export function packNumbers(
  data: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>,
  bytesPerRow: number,
  pageBytes = PAGE_BYTES,
): Paged {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const rows = bytes.length / bytesPerRow;
  const step = rowsPerPage(bytesPerRow, pageBytes);
  const starts: number[] = [];
  const pages: Uint8Array<ArrayBuffer>[] = [];
  for (let row = 0; row < rows; row += step) {
    starts.push(row);
    pages.push(bytes.subarray(row * bytesPerRow, Math.min(rows, row + step) * bytesPerRow));
  }
  return { starts, pages };
}

/** Joins pages, which are given back; a single one is returned as it is. */
export function unpackNumbers(pages: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (pages.length === 1) return pages[0]!;
  const bytes = new Uint8Array(pages.reduce((sum, page) => sum + page.length, 0));
  let at = 0;
  for (const page of pages) {
    bytes.set(page, at);
    at += page.length;
    free(page);
  }
  return bytes;
}

export function packStrings(column: StringColumn): Paged {
  const rows = column.offsets.length - 1;
  const starts: number[] = [];
  const pages: Uint8Array<ArrayBuffer>[] = [];
  for (let row = 0; row < rows; ) {
    const base = column.offsets[row]!;
    let end = row + 1;
    while (end < rows && column.offsets[end + 1]! - base + 4 * (end - row) < PAGE_BYTES) end++;
    starts.push(row);
    pages.push(stringPage(column, row, end));
    row = end;
  }
  return { starts, pages };
}

export function unpackStrings(pages: readonly Uint8Array<ArrayBuffer>[]): StringColumn {
  const counts = pages.map((page) => new Uint32Array(page.buffer, page.byteOffset, 1)[0]!);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const bodies = pages.map((page, i) => page.subarray(4 * (counts[i]! + 2)));
  const offsets = new Uint32Array(rows + 1);
  let row = 0;
  let base = 0;
  for (const [i, page] of pages.entries()) {
    const own = new Uint32Array(page.buffer, page.byteOffset + 4, counts[i]! + 1);
    for (let r = 1; r <= counts[i]!; r++) offsets[row + r] = base + own[r]!;
    row += counts[i]!;
    base += bodies[i]!.length;
  }
  return { bytes: unpackNumbers(bodies), offsets };
}

function stringPage(column: StringColumn, from: number, to: number): Uint8Array<ArrayBuffer> {
  const rows = to - from;
  const base = column.offsets[from]!;
  const body = column.bytes.subarray(base, column.offsets[to]);
  const page = new Uint8Array(4 * (rows + 2) + body.length);
  const head = new Uint32Array(page.buffer, 0, rows + 2);
  head[0] = rows;
  for (let r = 0; r <= rows; r++) head[r + 1] = column.offsets[from + r]! - base;
  page.set(body, 4 * (rows + 2));
  return page;
}
