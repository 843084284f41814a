import { expect, it } from 'vitest';
import { MEASURED_K } from './recall-curve.js';
import { RecallTally } from './recall-tally.js';

// Four lists of 3, 2, 4 and 1 rows.
const STARTS = Uint32Array.of(0, 3, 5, 9, 10);
const LIST_OF = Uint32Array.of(0, 0, 0, 1, 1, 2, 2, 2, 2, 3);

function neighbours(rows: number[], similarities: number[]) {
  return { rows: Int32Array.from(rows), similarities: Float32Array.from(similarities) };
}

const of = (tally: RecallTally, k: number) => tally.curve().measured[MEASURED_K.indexOf(k as 1)]!;

it('I6 a neighbour is found if its list is among those probed', () => {
  const tally = new RecallTally(STARTS);
  tally.add(Uint32Array.of(2, 0, 3, 1), neighbours([0, 5, 9], [0.9, 0.8, 0.7]), LIST_OF);
  expect(tally.curve()).toMatchObject({ probes: [1, 2, 3, 4], scanned: [4, 7, 8, 10], rows: 10, lists: 4 });
  expect(of(tally, 1).recall).toEqual([0, 1, 1, 1]);
  expect(of(tally, 10).recall).toEqual([0.3333, 0.6667, 1, 1]);
});

it('I6 mean and standard deviation are those over the queries', () => {
  const tally = new RecallTally(STARTS);
  const found = neighbours([0], [1]);
  for (const order of [
    [0, 1, 2, 3],
    [1, 0, 2, 3],
    [1, 0, 2, 3],
    [1, 2, 0, 3],
  ])
    tally.add(Uint32Array.from(order), found, LIST_OF);
  expect(tally.curve().sample).toBe(4);
  expect(of(tally, 1).recall).toEqual([0.25, 0.75, 1, 1]);
  expect(of(tally, 1).deviation).toEqual([0.433, 0.433, 0, 0]);
  expect(tally.curve().scanned).toEqual([2, 5, 9, 10]);
});

it('I6 of equally near rows those that are found count', () => {
  const tally = new RecallTally(STARTS);
  tally.add(Uint32Array.of(2, 0, 3, 1), neighbours([3, 5, 9], [0.5, 0.5, 0.4]), LIST_OF);
  expect(of(tally, 1).recall).toEqual([1, 1, 1, 1]);
  expect(of(tally, 10).recall).toEqual([0.3333, 0.3333, 0.6667, 1]);
});

it('I6 a row without neighbours finds all of them', () => {
  const tally = new RecallTally(Uint32Array.of(0, 1));
  tally.add(Uint32Array.of(0), neighbours([], []), Uint32Array.of(0));
  expect(of(tally, 10).recall).toEqual([1]);
});

it('I6 the numbers of probes grow by about a quarter, up to all', () => {
  const lists = 5000;
  const tally = new RecallTally(Uint32Array.from({ length: lists + 1 }, (_, i) => i));
  tally.add(
    Uint32Array.from({ length: lists }, (_, i) => i),
    neighbours([0], [1]),
    new Uint32Array(lists),
  );
  const { probes } = tally.curve();
  expect(probes.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
  expect(probes.at(-1)).toBe(lists);
  expect(probes.length).toBeLessThan(45);
  for (const [i, count] of probes.entries()) expect(count).toBeGreaterThan(probes[i - 1] ?? 0);
});
