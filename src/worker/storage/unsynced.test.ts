import { expect, it } from 'vitest';
import { countUnsynced } from './unsynced.js';

const segment = (id: number, rows: number, tombstones = 0) => ({
  id,
  rows,
  tombstones,
  columns: {},
  bytes: 0,
});
const row = {
  id: 1,
  config: { name: 'notes', dimension: 2, metric: 'cosine' },
  generation: 3,
  nextSegment: 2,
  segments: [segment(0, 70_000), segment(1, 10, 2)],
  clock: '',
} as const;

it('S13 counts all live records and tombstones as long as no server has acknowledged any', () => {
  expect(countUnsynced(row, [])).toBe(70_012);
  const chunks = [
    { segment: 0, chunk: 1, dead: Uint8Array.of(0b101) },
    { segment: 1, chunk: 0, dead: Uint8Array.of(0b11, 0) },
  ];
  expect(countUnsynced(row, chunks)).toBe(70_008);
});

it('S13 leaves out what a server has acknowledged, dead or not once each', () => {
  const chunks = [{ segment: 1, chunk: 0, dead: Uint8Array.of(0b11, 0), pushed: Uint8Array.of(0b110, 1) }];
  expect(countUnsynced(row, chunks)).toBe(70_012 - 4);
});
