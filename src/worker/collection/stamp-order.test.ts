import { expect, it } from 'vitest';
import { STAMP_BYTES } from '../../shared/stamp.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { StampOrder } from './stamp-order.js';

/** [milliseconds, counter] of each row. */
function stampsOf(times: readonly (readonly [number, number])[]): Uint8Array {
  const stamps = new Uint8Array(times.length * STAMP_BYTES);
  const view = new DataView(stamps.buffer);
  for (const [row, [milliseconds, counter]] of times.entries()) {
    view.setUint16(row * STAMP_BYTES, Math.floor(milliseconds / 2 ** 32));
    view.setUint32(row * STAMP_BYTES + 2, milliseconds % 2 ** 32);
    view.setUint16(row * STAMP_BYTES + 6, counter);
  }
  return stamps;
}

it('N1 gives rows oldest first, those of one stamp as they are, whatever order they lie in', async () => {
  const random = new SeededRandom(1);
  const base = 1_764_000_000_000;
  const times = Array.from({ length: 5_000 }, () => [base + random.below(100), random.below(20)] as const);
  const expected = times
    .map(([ms, counter], row) => ({ ms, counter, row }))
    .sort((a, b) => a.ms - b.ms || a.counter - b.counter || a.row - b.row)
    .map(({ row }) => row);
  const order = await StampOrder.from(stampsOf(times));
  expect([...order.living(undefined, new Set())]).toEqual(expected);
  const dead = new Uint8Array(625);
  for (const row of expected.slice(0, 3_000)) dead[row >> 3]! |= 1 << (row & 7);
  expect([...order.living(dead, new Set([expected[3_001]!]))]).toEqual([
    expected[3_000],
    ...expected.slice(3_002),
  ]);
});

it('N1 compares ages across segments', async () => {
  const one = await StampOrder.from(
    stampsOf([
      [5, 1],
      [7, 0],
    ]),
  );
  const two = await StampOrder.from(
    stampsOf([
      [5, 2],
      [5, 1],
    ]),
  );
  expect(one.isOlder(0, two, 0)).toBe(true);
  expect(one.isOlder(0, two, 1)).toBe(false);
  expect(two.isOlder(0, one, 0)).toBe(false);
  expect(two.isOlder(0, one, 1)).toBe(true);
});
