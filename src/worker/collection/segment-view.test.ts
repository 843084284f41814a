import { describe, expect, it } from 'vitest';
import { compileFilter } from '../../shared/filter.js';
import { packStrings } from '../../shared/string-column.js';
import { type Bitmap, createBitmap, hasBit, setBit } from '../bitmap.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { UNTOUCHED } from './row-states.js';
import { Segment } from './segment.js';
import { type SegmentView, select, viewOf } from './segment-view.js';
import { packSegment } from './segment-writer.js';

/** A segment whose row n has the metadata { n }. */
function segmentOf(rows: number): Segment {
  const numbers = Array.from({ length: rows }, (_, n) => n);
  const content = {
    ids: packStrings(numbers.map((n) => `r${n}`)),
    vectors: new Float32Array(rows).fill(1),
    norms: new Float32Array(rows).fill(1),
    metadata: packStrings(numbers.map((n) => JSON.stringify({ n }))),
    texts: undefined,
    stamps: new Uint8Array(16 * rows),
    tombstones: undefined,
  };
  const segment = new Segment(new MemoryStorage(), 1, packSegment(1, content).manifest, 1);
  segment.remember(content);
  return segment;
}

function deadOf(rows: number, dead: readonly number[]): Bitmap {
  const bitmap = createBitmap(rows);
  for (const row of dead) setBit(bitmap, row);
  return bitmap;
}

const selectBelow = (view: SegmentView, n: number) => select(view, compileFilter({ n: { $lt: n } }));

describe('select', () => {
  it('Q1 without a filter leaves out the dead rows alone', async () => {
    const dead = deadOf(20, [3]);
    expect(await select(viewOf(segmentOf(20), { ...UNTOUCHED, dead }, undefined), undefined)).toEqual({
      excluded: dead,
      rows: 19,
      only: undefined,
    });
    const all = await select(viewOf(segmentOf(20), UNTOUCHED, undefined), undefined);
    expect(all).toEqual({ excluded: undefined, rows: 20, only: undefined });
  });

  it.each([
    [20, 0],
    [20, 7],
    [20, 20],
    [3_000, 1_024],
    [3_000, 1_025],
    [32_000, 2_000],
    [32_000, 2_001],
  ])('Q1 of %i rows, %i selected: excluded, rows and only agree', async (rows, selected) => {
    const segment = segmentOf(rows);
    const isFew = selected <= Math.max(1_024, rows / 16);
    for (const died of [[], [0, 2, rows - 1]]) {
      const view = viewOf(
        segment,
        died.length === 0 ? UNTOUCHED : { ...UNTOUCHED, dead: deadOf(rows, died) },
        undefined,
      );
      // As many more pass as are dead among them.
      const from = died.filter((row) => row < selected).length;
      const below = Math.min(rows, selected + from);
      const wanted = Array.from({ length: below }, (_, row) => row).filter((row) => !died.includes(row));
      const selection = await selectBelow(view, below);
      expect(selection.rows).toBe(wanted.length);
      expect(selection.only && [...selection.only]).toEqual(isFew ? wanted : undefined);
      const left = Array.from({ length: rows }, (_, row) => row).filter(
        (row) => !hasBit(selection.excluded!, row),
      );
      expect(left).toEqual(wanted);
      expect(selection.excluded).toHaveLength(Math.ceil(rows / 8));
    }
  });

  it('gives the same object and bitmap again for one view, another for the next', async () => {
    const segment = segmentOf(100);
    const view = viewOf(segment, UNTOUCHED, undefined);
    const selection = await selectBelow(view, 10);
    expect(await selectBelow(view, 10)).toBe(selection);
    expect(selection.excluded).toBe(selection.excluded);
    const next = viewOf(segment, { ...UNTOUCHED, dead: deadOf(100, [0]) }, undefined);
    expect((await selectBelow(next, 10)).rows).toBe(9);
    expect(selection.rows).toBe(10);
    expect([...(await selectBelow(view, 10)).only!]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("counts what filters keep in the segment's memory", async () => {
    const segment = segmentOf(1_000);
    const before = segment.memoryBytes;
    await selectBelow(viewOf(segment, UNTOUCHED, undefined), 10);
    // A column of 1,000 different numbers: value, start, row; and two bitmaps.
    expect(segment.memoryBytes - before).toBeGreaterThanOrEqual(16 * 1_000 + 250);
    expect(segment.memoryBytes - before).toBeLessThan(16 * 1_000 + 450);
  });
});
