import { expect, it } from 'vitest';
import { packStrings, unpackStrings as stringsOf } from '../../shared/string-column.js';
import type { Column } from '../storage/storage.js';
import { unpackNumbers, unpackStrings } from './columns.js';
import {
  onlyTombstones,
  packSegment,
  repeatStamp,
  type SegmentContent,
  TOMBSTONE_BYTES,
  tombstonesOf,
} from './segment-writer.js';

const STAMP = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const ROWS = 6_000;
const DIMENSION = 384;

const content: SegmentContent = {
  ids: packStrings(Array.from({ length: ROWS }, (_, i) => `id ${i}`)),
  vectors: Float32Array.from({ length: ROWS * DIMENSION }, (_, i) => i),
  norms: Float32Array.from({ length: ROWS }, (_, i) => i),
  metadata: packStrings(Array.from({ length: ROWS }, (_, i) => (i % 2 === 0 ? `{"n":${i}}` : ''))),
  texts: undefined,
  stamps: repeatStamp(STAMP, ROWS),
  tombstones: undefined,
};

it('S1 cuts every column into pages, which the manifest tells: first rows and bytes', () => {
  const { manifest, pages } = packSegment(5, content);
  expect(Object.keys(manifest.columns).sort()).toEqual(['ids', 'metadata', 'norms', 'stamps', 'vectors']);
  expect(manifest).toMatchObject({ id: 5, rows: ROWS, tombstones: 0 });
  const sum = (column?: Column) =>
    pages
      .filter((page) => column === undefined || page.column === column)
      .reduce((total, { bytes }) => total + bytes.length, 0);
  expect(manifest.bytes).toBe(sum());
  for (const [column, { starts, bytes }] of Object.entries(manifest.columns)) {
    const own = pages.filter((page) => page.column === column);
    expect(bytes).toBe(sum(column as Column));
    expect(own.map(({ segment, index }) => [segment, index])).toEqual(starts.map((_, i) => [5, i]));
  }
  expect(manifest.columns.vectors!.starts).toEqual([0, 2_728, 5_456]);
});

it('S1 the pages give the columns back', () => {
  const { pages } = packSegment(5, content);
  const of = (column: Column) =>
    pages.filter((page) => page.column === column).map(({ bytes }) => bytes.slice());
  expect(stringsOf(unpackStrings(of('ids')))).toEqual(stringsOf(content.ids));
  expect(stringsOf(unpackStrings(of('metadata')))).toEqual(stringsOf(content.metadata!));
  const vectors = new Float32Array(unpackNumbers(of('vectors')).slice().buffer);
  expect(vectors.every((value, i) => value === content.vectors[i])).toBe(true);
  expect([...unpackNumbers(of('stamps')).subarray(16, 32)]).toEqual([...STAMP]);
});

it('S8 tombstones carry the stamp of the delete, and a base of zero', () => {
  const ids = packStrings(['a', 'b']);
  const tombstones = tombstonesOf(ids, STAMP);
  expect(tombstones.stamps).toHaveLength(2 * TOMBSTONE_BYTES);
  const one = [...STAMP, ...new Array(16).fill(0)];
  expect([...tombstones.stamps]).toEqual([...one, ...one]);
  const { manifest, pages } = packSegment(9, onlyTombstones(tombstones));
  expect(manifest).toMatchObject({ id: 9, rows: 0, tombstones: 2 });
  expect(pages.map(({ column }) => column)).toEqual(['tombstone-ids', 'tombstone-stamps']);
  expect(stringsOf(unpackStrings([pages[0]!.bytes]))).toEqual(['a', 'b']);
});

it('a segment of one row has one page per column', () => {
  const { manifest, pages } = packSegment(0, {
    ids: packStrings(['a']),
    vectors: Float32Array.of(1, 2),
    norms: Float32Array.of(3),
    metadata: undefined,
    texts: packStrings(['text']),
    stamps: repeatStamp(STAMP, 1),
    tombstones: tombstonesOf(packStrings(['gone']), STAMP),
  });
  expect(manifest).toMatchObject({ rows: 1, tombstones: 1 });
  expect(pages).toHaveLength(7);
});
