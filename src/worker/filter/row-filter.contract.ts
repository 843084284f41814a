import { compileFilter } from '../../shared/filter.js';
import { packStrings, type StringColumn } from '../../shared/string-column.js';
import type { JsonValue } from '../../shared/types.js';
import { type Bitmap, hasBit } from '../bitmap.js';
import { RowFilter } from './row-filter.js';

// What tests of filters over columns share.

/** Metadata as a segment keeps it. */
export function metadataColumn(records: readonly (JsonValue | undefined)[]): StringColumn {
  return packStrings(records.map((record) => (record === undefined ? '' : JSON.stringify(record))));
}

export function rowsIn(bitmap: Bitmap, rows: number): number[] {
  return Array.from({ length: rows }, (_, row) => row).filter((row) => hasBit(bitmap, row));
}

/** The rows that pass, by columns. */
export async function passingRows(filter: unknown, records: readonly (JsonValue | undefined)[]) {
  const rowFilter = new RowFilter(records.length, async () => metadataColumn(records));
  return rowsIn(await rowFilter.passing(compileFilter(filter)), records.length);
}
