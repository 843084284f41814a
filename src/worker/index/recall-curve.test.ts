import { expect, it } from 'vitest';
import { isWorthwhile, probesFor, type RecallCurve, recallAt, scannedBy } from './recall-curve.js';

const CURVE: RecallCurve = {
  sample: 400,
  rows: 10_000,
  lists: 100,
  probes: [1, 2, 10, 50, 100],
  scanned: [100, 200, 1000, 5000, 10_000],
  measured: [
    { k: 1, recall: [0.8, 0.9, 0.98, 1, 1], deviation: [0.4, 0.3, 0.14, 0, 0] },
    { k: 10, recall: [0.5, 0.7, 0.95, 0.99, 1], deviation: [0.2, 0.2, 0.1, 0.05, 0] },
  ],
};

it('I5 recall and rows lie on straight lines between measured numbers of probes', () => {
  expect(recallAt(CURVE, 10, 1)).toBe(0.5);
  expect(recallAt(CURVE, 10, 6)).toBeCloseTo(0.825);
  expect(recallAt(CURVE, 10, 100)).toBe(1);
  expect(recallAt(CURVE, 10, 1000)).toBe(1);
  expect(scannedBy(CURVE, 2)).toBe(200);
  expect(scannedBy(CURVE, 6)).toBe(600);
  expect(scannedBy(CURVE, 1000)).toBe(10_000);
});

it('I5 a k that was measured counts by itself, and beyond the last the answer is exact', () => {
  expect(recallAt(CURVE, 1, 2)).toBe(0.9);
  expect(recallAt(CURVE, 10, 2)).toBe(0.7);
  expect(recallAt(CURVE, 11, 2)).toBe(1);
  expect(probesFor(CURVE, 11, 0.5)).toBeUndefined();
});

it('I5 the fewest probes whose recall exceeds the target by the standard error', () => {
  // √((0.2² + 1/400) / 400) = 0.01031 at two probes, √((0.1² + 1/400) / 400) = 0.00559 at ten.
  const [from, to] = [0.7 - 0.01031, 0.95 - 0.00559];
  const exactly = 2 + (8 * (0.85 - from)) / (to - from);
  expect(probesFor(CURVE, 10, 0.85)).toBe(Math.ceil(exactly));
  expect(probesFor(CURVE, 10, 0.945)).toBeGreaterThan(10);
  expect(probesFor(CURVE, 10, 0.944)).toBe(10);
  expect(probesFor(CURVE, 10, 0.1)).toBe(1);
});

it('I5 where probing is not much less work than an exact search, the answer is exact', () => {
  // 3,300 rows and 100 centroids, each as much work as two rows, are 0.35 of 10,000 rows.
  expect(probesFor(CURVE, 10, 0.966)).toBeLessThan(33);
  expect(probesFor(CURVE, 10, 0.97)).toBeUndefined();
  expect(isWorthwhile(CURVE, 10, 3_500)).toBe(true);
  expect(isWorthwhile(CURVE, 10, 3_400)).toBe(false);
  expect(probesFor(CURVE, 10, 1)).toBeUndefined();
  expect(probesFor(CURVE, 1, 1)).toBeUndefined();
});

it('I5 a k between two that were measured asks for little more than the smaller one', () => {
  const measured = [
    { k: 10, recall: [0.9, 0.95, 0.99, 1], deviation: [0, 0, 0, 0] },
    { k: 40, recall: [0.7, 0.85, 0.95, 1], deviation: [0, 0, 0, 0] },
  ];
  const own = {
    sample: 1e6,
    rows: 40_000,
    lists: 400,
    probes: [8, 16, 32, 400],
    scanned: [800, 1600, 3200, 40_000],
  };
  const probesAt = (k: number) => probesFor({ ...own, measured }, k, 0.94);
  expect([probesAt(10), probesAt(11), probesAt(20), probesAt(40)]).toEqual([15, 16, 26, 31]);
  expect(recallAt({ ...own, measured }, 20, 16)).toBeCloseTo(0.9, 10);
});
