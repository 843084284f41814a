import { expect, it } from 'vitest';
import { rowsFrom } from '../compute/kernels-oracle.contract.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { shuffled, uniform } from './random.js';
import { reorder } from './reorder.js';

it('I1 rows are put in place into the given order', async () => {
  const random = new SeededRandom(1);
  for (const [count, dimension] of [
    [1, 3],
    [2, 1],
    [17, 4],
    [500, 7],
  ] as const) {
    const rows = rowsFrom(
      Float32Array.from({ length: count * dimension }, () => random.normal()),
      dimension,
    );
    const before = { vectors: rows.vectors.slice(), norms: rows.norms.slice() };
    const order = shuffled(count, uniform(count));
    await reorder(rows, order, async () => {});
    for (const [at, row] of order.entries()) {
      expect(rows.norms[at]).toBe(before.norms[row]);
      expect(rows.vectors.slice(at * dimension, (at + 1) * dimension)).toEqual(
        before.vectors.slice(row * dimension, (row + 1) * dimension),
      );
    }
  }
});

it('I10 a shuffle has every number once, and depends on the seed alone', () => {
  const values = shuffled(1000, uniform(5));
  expect(values.toSorted()).toEqual(Uint32Array.from({ length: 1000 }, (_, i) => i));
  expect(shuffled(1000, uniform(5))).toEqual(values);
  expect(shuffled(1000, uniform(6))).not.toEqual(values);
  expect(values.filter((value, i) => value === i).length).toBeLessThan(10);
});
