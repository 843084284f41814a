import { STAMP_BYTES } from '../../shared/stamp.js';
import type { StringColumn } from '../../shared/string-column.js';
import type { InvertedLists } from '../compute/kernels.js';
import type { RecallCurve } from '../index/recall-curve.js';
import {
  type Column,
  type ColumnManifest,
  INDEX_VERSION,
  type Page,
  type SegmentManifest,
} from '../storage/storage.js';
import { LISTED_PAGE_BYTES, PAGE_BYTES, type Paged, packNumbers, packStrings } from './columns.js';

/** What a new segment is made of; row i of each column is record i. */
export interface SegmentContent {
  readonly ids: StringColumn;
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly norms: Float32Array<ArrayBuffer>;
  readonly metadata: StringColumn | undefined;
  readonly texts: StringColumn | undefined;
  /** 16 bytes a row. */
  readonly stamps: Uint8Array<ArrayBuffer>;
  /** 16 bytes a row: the stamp that it was based on, or zeros. Undefined where no server is involved. */
  readonly bases?: Uint8Array<ArrayBuffer> | undefined;
  readonly tombstones: Tombstones | undefined;
  /** The rows are in the order of its lists. */
  readonly index?: SegmentIndex | undefined;
}

export interface SegmentIndex {
  readonly lists: InvertedLists;
  readonly curve: RecallCurve;
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

/**
 * Deletes of one commit.
 *
 * @param bases 16 bytes each: what they were based on; undefined: no server knows the records
 */
export function tombstonesOf(ids: StringColumn, stamp: Uint8Array, bases?: Uint8Array): Tombstones {
  const rows = ids.offsets.length - 1;
  const stamps = new Uint8Array(rows * TOMBSTONE_BYTES);
  for (let row = 0; row < rows; row++) {
    stamps.set(stamp, row * TOMBSTONE_BYTES);
    const base = bases?.subarray(row * STAMP_BYTES, (row + 1) * STAMP_BYTES);
    if (base !== undefined) stamps.set(base, row * TOMBSTONE_BYTES + STAMP_BYTES);
  }
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
    const vectorPageBytes = content.index === undefined ? PAGE_BYTES : LISTED_PAGE_BYTES;
    paged.push(
      ['vectors', packNumbers(content.vectors, content.vectors.byteLength / rows, vectorPageBytes)],
      ['ids', packStrings(content.ids)],
      ['norms', packNumbers(content.norms, 4)],
      ['stamps', packNumbers(content.stamps, STAMP_BYTES)],
    );
    if (content.bases?.some((byte) => byte !== 0))
      paged.push(['bases', packNumbers(content.bases, STAMP_BYTES)]);
    if (content.metadata !== undefined) paged.push(['metadata', packStrings(content.metadata)]);
    if (content.texts !== undefined) paged.push(['texts', packStrings(content.texts)]);
  }
  if (content.tombstones !== undefined) {
    paged.push(
      ['tombstone-ids', packStrings(content.tombstones.ids)],
      ['tombstone-stamps', packNumbers(content.tombstones.stamps, TOMBSTONE_BYTES)],
    );
  }
  if (content.index !== undefined) {
    const { centroids, starts } = content.index.lists;
    paged.push(
      ['list-centroids', packNumbers(centroids, content.vectors.byteLength / rows)],
      ['list-starts', packNumbers(bytesOf(starts), 4)],
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
  return { manifest: { id, rows, tombstones, columns, ...indexOf(content), bytes }, pages };
}

function indexOf({ index }: SegmentContent): Pick<SegmentManifest, 'index'> {
  if (index === undefined) return {};
  const lists = index.lists.starts.length - 1;
  return { index: { version: INDEX_VERSION, lists, curve: index.curve } };
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
