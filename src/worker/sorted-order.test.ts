import { expect, it } from 'vitest';
import { SeededRandom } from './seeded-random.contract.js';
import { sortedOrder } from './sorted-order.js';

const COUNTS = [0, 1, 2, 2_047, 2_048, 2_049, 4_096, 4_097, 6_145, 12_000];

it.each(COUNTS)('orders %i strings by UTF-16 code unit', async (count) => {
  const random = new SeededRandom(count);
  const units = ['a', 'Z', '9', 'é', '\uffee', '🦀', '\u{10ffff}', '\ud800', '\0'];
  const values = Array.from({ length: count }, (_, i) => {
    const prefix = Array.from({ length: random.below(4) }, () => random.pick(units)).join('');
    return `${prefix}|${i}`;
  });
  const sorted = Array.from(await sortedOrder(values), (i) => values[i]);
  expect(sorted).toEqual([...values].sort());
});

it.each(COUNTS)('orders %i numbers', async (count) => {
  const random = new SeededRandom(count);
  const values = [...new Set(Array.from({ length: count }, () => random.normal() * 10 ** random.below(300)))];
  const sorted = Array.from(await sortedOrder(values), (i) => values[i]);
  expect(sorted).toEqual([...values].sort((a, b) => a - b));
});
