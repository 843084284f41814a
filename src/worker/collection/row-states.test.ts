import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countBits, type createBitmap, hasBit } from '../bitmap.js';
import { ROWS_PER_CHUNK } from '../storage/storage.js';
import { joinChunks, markDead } from './row-states.js';

const BORDER = ROWS_PER_CHUNK;

it('S6 writes the chunks that changed, and no others', () => {
  const rows = 3 * BORDER + 9;
  const { marked, chunks } = markDead(7, rows, undefined, [BORDER - 1, BORDER, 3 * BORDER + 8]);
  expect(chunks.map(({ segment, chunk, dead }) => [segment, chunk, dead.length])).toEqual([
    [7, 0, 8_192],
    [7, 1, 8_192],
    [7, 3, 2],
  ]);
  expect([BORDER - 1, BORDER, 3 * BORDER + 8].every((row) => hasBit(marked, row))).toBe(true);
  expect(countBits(marked)).toBe(3);
  expect(joinChunks(rows, chunks)).toEqual(marked);
});

it('S6 leaves the bitmap it starts from alone, and keeps what was dead', () => {
  const before = markDead(1, 20, undefined, [3]).marked;
  const { marked, chunks } = markDead(1, 20, before, [19]);
  expect([countBits(before), countBits(marked)]).toEqual([1, 2]);
  expect(chunks).toEqual([{ segment: 1, chunk: 0, dead: marked }]);
});

it('S6 the chunks on disk add up to the bitmap in memory, after any number of deaths', () => {
  const row = fc.oneof(fc.nat(20), fc.integer({ min: BORDER - 9, max: BORDER + 9 }), fc.nat(2 * BORDER + 6));
  fc.assert(
    fc.property(fc.array(fc.array(row, { minLength: 1, maxLength: 5 }), { maxLength: 6 }), (rounds) => {
      const rows = 2 * BORDER + 7;
      const disk = new Map<number, ReturnType<typeof markDead>['chunks'][number]>();
      let dead: ReturnType<typeof createBitmap> | undefined;
      for (const died of rounds) {
        const { marked, chunks } = markDead(0, rows, dead, died);
        for (const chunk of chunks) disk.set(chunk.chunk, chunk);
        dead = marked;
      }
      const joined = joinChunks(rows, [...disk.values()]);
      expect(joined === undefined).toBe(dead === undefined);
      if (joined === undefined || dead === undefined) return;
      expect(countBits(joined)).toBe(new Set(rounds.flat()).size);
      for (const each of rounds.flat()) if (!hasBit(joined, each)) expect.fail(`row ${each} lives`);
    }),
    { numRuns: 50 },
  );
});

it('S6 no chunks: nothing is dead', () => {
  expect(joinChunks(100, [])).toBeUndefined();
});
