import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Bitmap, countBits } from '../bitmap.js';
import { listRows } from '../filter/bitmap-sets.js';
import { ROWS_PER_CHUNK, type RowStateChunk } from '../storage/storage.js';
import { countUnsynced } from '../storage/unsynced.js';
import { forgetPushed, type Marks, mark, type RowStates, rowStatesOf, UNTOUCHED } from './row-states.js';

const BORDER = ROWS_PER_CHUNK;

const sizes = (id: number, rows: number, tombstones = 0) => ({ id, rows, tombstones });

/** The manifest that lists a segment in these states. */
const manifest = ({ id, rows, tombstones }: ReturnType<typeof sizes>, { dead }: RowStates) => ({
  ...sizes(id, rows, tombstones),
  columns: {},
  bytes: 0,
  ...(dead === undefined ? {} : { dead: countBits(dead) }),
});

const bitsOf = (bitmap: Bitmap | undefined) =>
  bitmap === undefined ? [] : [...listRows(bitmap, countBits(bitmap))];

it('S6 writes the chunks that changed, and no others', () => {
  const segment = sizes(7, 3 * BORDER + 9);
  const { states, chunks } = mark(segment, UNTOUCHED, { dead: [BORDER - 1, BORDER, 3 * BORDER + 8] });
  expect(chunks.map(({ segment, chunk, dead }) => [segment, chunk, dead.length])).toEqual([
    [7, 0, 8_192],
    [7, 1, 8_192],
    [7, 3, 2],
  ]);
  expect(bitsOf(states.dead)).toEqual([BORDER - 1, BORDER, 3 * BORDER + 8]);
  expect(rowStatesOf(manifest(segment, states), chunks)).toEqual(states);
});

it('S6 leaves the bitmap it starts from alone, and keeps what was dead', () => {
  const before = mark(sizes(1, 20), UNTOUCHED, { dead: [3] }).states;
  const { states, chunks } = mark(sizes(1, 20), before, { dead: [19] });
  expect([bitsOf(before.dead), bitsOf(states.dead)]).toEqual([[3], [3, 19]]);
  expect(chunks).toEqual([{ segment: 1, chunk: 0, dead: states.dead }]);
});

it('S6 no chunks: nothing is dead', () => {
  expect(rowStatesOf(manifest(sizes(1, 100, 3), UNTOUCHED), [])).toEqual(UNTOUCHED);
});

it('S8 what a server has acknowledged stays acknowledged when more rows die', () => {
  const segment = sizes(1, 20, 4);
  const acknowledged = mark(segment, UNTOUCHED, { pushed: [2, 5, 21] });
  const { states, chunks } = mark(segment, acknowledged.states, { dead: [5], superseded: [3] });
  expect(chunks).toHaveLength(1);
  const read = rowStatesOf(manifest(segment, states), chunks);
  expect(read).toEqual(states);
  expect([bitsOf(read.dead), bitsOf(read.pushed), bitsOf(read.superseded)]).toEqual([[5], [2, 5, 21], [3]]);
});

it('S8 without a server the chunks end with the rows, as they always have', () => {
  const [chunk] = mark(sizes(1, 20, 90), UNTOUCHED, { dead: [1] }).chunks;
  expect(chunk).toEqual({ segment: 1, chunk: 0, dead: Uint8Array.of(0b10, 0, 0) });
});

it('S4 a chunk that is gone is noticed by the rows that were dead in it', () => {
  const segment = sizes(1, 20, 4);
  const { states, chunks } = mark(segment, UNTOUCHED, { dead: [3], superseded: [1] });
  expect(() => rowStatesOf(manifest(segment, states), [])).toThrow(/row states/);
  // A tombstone beside the rows is none of them.
  expect(() => rowStatesOf(manifest(segment, UNTOUCHED), chunks)).toThrow(/row states/);
});

it('Y2 of another collection on the server nothing counts as pushed, and no tombstone counts', () => {
  const segment = sizes(1, BORDER + 10, 3);
  const before = mark(segment, UNTOUCHED, { dead: [4], pushed: [4, 7, BORDER + 11] });
  const { states, chunks } = forgetPushed(segment, before.states);
  const disk = new Map([...before.chunks, ...chunks].map((chunk) => [chunk.chunk, chunk]));
  expect(rowStatesOf(manifest(segment, states), [...disk.values()])).toEqual(states);
  expect([bitsOf(states.dead), states.pushed, bitsOf(states.superseded)]).toEqual([
    [4],
    undefined,
    [0, 1, 2],
  ]);
  // Nothing to forget: nothing to write.
  expect(forgetPushed(sizes(2, 50), mark(sizes(2, 50), UNTOUCHED, { dead: [1] }).states).chunks).toEqual([]);
});

it('S6 S8 the chunks on disk add up to the states in memory, whatever is marked', () => {
  const rows = 2 * BORDER + 7;
  const tombstones = BORDER;
  const segment = sizes(0, rows, tombstones);
  const near = (limit: number) =>
    fc.oneof(
      fc.nat(20),
      fc.integer({ min: BORDER - 9, max: BORDER - 1 }),
      fc.integer({ min: limit - 9, max: limit - 1 }),
    );
  const some = (limit: number) => fc.array(near(limit), { maxLength: 4 });
  const marks: fc.Arbitrary<Marks> = fc.record({
    dead: some(rows),
    pushed: some(rows + tombstones),
    superseded: some(tombstones),
  });
  fc.assert(
    fc.property(fc.array(marks, { maxLength: 5 }), (rounds) => {
      const disk = new Map<number, RowStateChunk>();
      let states = UNTOUCHED;
      for (const round of rounds) {
        const marked = mark(segment, states, round);
        for (const chunk of marked.chunks) disk.set(chunk.chunk, chunk);
        states = marked.states;
      }
      const listed = manifest(segment, states);
      const read = rowStatesOf(listed, [...disk.values()]);
      const marked = (key: keyof Marks) => new Set(rounds.flatMap((round) => round[key] ?? []));
      for (const key of ['dead', 'pushed', 'superseded'] as const) {
        const expected = [...marked(key)].sort((a, b) => a - b);
        expect([bitsOf(states[key]), bitsOf(read[key])]).toEqual([expected, expected]);
      }
      const settled = new Set([
        ...marked('dead'),
        ...marked('pushed'),
        ...[...marked('superseded')].map((i) => rows + i),
      ]);
      const row = { segments: [listed] } as unknown as Parameters<typeof countUnsynced>[0];
      expect(countUnsynced(row, [...disk.values()])).toBe(rows + tombstones - settled.size);
    }),
    { numRuns: 50 },
  );
});
