import { STAMP_BYTES } from '../../shared/stamp.js';
import type { StringColumn } from '../../shared/string-column.js';
import type { Column, ColumnManifest, Page, SegmentManifest } from '../storage/storage.js';
import { type Paged, packNumbers, packStrings } from './columns.js';

/** What a new segment is made of; row i of each column is record i. */
export interface SegmentContent {
  readonly ids: StringColumn;
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly norms: Float32Array<ArrayBuffer>;
  readonly metadata: StringColumn | undefined;
  readonly texts: StringColumn | undefined;
  /** 16 bytes a row. */
  readonly stamps: Uint8Array<ArrayBuffer>;
  readonly tombstones: Tombstones | undefined;
}

export interface Tombstones {
  readonly ids: StringColumn;
  /** 32 bytes each: the stamp of the delete, the stamp it was based on (zero: no server knows the record). */
  readonly stamps: Uint8Array<ArrayBuffer>;
}

export const TOMBSTONE_BYTES = 2 * STAMP_BYTES;

const NO_STRINGS: StringColumn = { bytes: new Uint8Array(0), offsets: new Uint32Array(1) };

/** A segment of nothing but tombstones. */
export function onlyTombstones(tombstones: Tombstones): SegmentContent {
  return {
    ids: NO_STRINGS,
    vectors: new Float32Array(0),
    norms: new Float32Array(0),
    metadata: undefined,
    texts: undefined,
    stamps: new Uint8Array(0),
    tombstones,
  };
}

/** The same stamp for every row of a batch. */
export function repeatStamp(stamp: Uint8Array, rows: number): Uint8Array<ArrayBuffer> {
  const stamps = new Uint8Array(rows * stamp.length);
  for (let row = 0; row < rows; row++) stamps.set(stamp, row * stamp.length);
  return stamps;
}

/** Deletes made here: what they were based on is filled in by a server's acknowledgements, so it is zero. */
export function tombstonesOf(ids: StringColumn, stamp: Uint8Array): Tombstones {
  const rows = ids.offsets.length - 1;
  const stamps = new Uint8Array(rows * TOMBSTONE_BYTES);
  for (let row = 0; row < rows; row++) stamps.set(stamp, row * TOMBSTONE_BYTES);
  return { ids, stamps };
}

/** Cuts the content into pages. Numeric pages are views of it. */
export function packSegment(
  id: number,
  content: SegmentContent,
): { manifest: SegmentManifest; pages: Page[] } {
  const rows = content.norms.length;
  const tombstones = content.tombstones === undefined ? 0 : content.tombstones.ids.offsets.length - 1;
  const paged: [Column, Paged][] = [];
  if (rows > 0) {
    paged.push(
      ['vectors', packNumbers(content.vectors, content.vectors.byteLength / rows)],
      ['ids', packStrings(content.ids)],
      ['norms', packNumbers(content.norms, 4)],
      ['stamps', packNumbers(content.stamps, STAMP_BYTES)],
    );
    if (content.metadata !== undefined) paged.push(['metadata', packStrings(content.metadata)]);
    if (content.texts !== undefined) paged.push(['texts', packStrings(content.texts)]);
  }
  if (content.tombstones !== undefined) {
    paged.push(
      ['tombstone-ids', packStrings(content.tombstones.ids)],
      ['tombstone-stamps', packNumbers(content.tombstones.stamps, TOMBSTONE_BYTES)],
    );
  }
  const columns: Partial<Record<Column, ColumnManifest>> = {};
  const pages: Page[] = [];
  let bytes = 0;
  for (const [column, { starts, pages: parts }] of paged) {
    const columnBytes = parts.reduce((sum, part) => sum + part.length, 0);
    columns[column] = { starts, bytes: columnBytes };
    bytes += columnBytes;
    for (const [index, part] of parts.entries()) pages.push({ segment: id, column, index, bytes: part });
  }
  return { manifest: { id, rows, tombstones, columns, bytes }, pages };
}
