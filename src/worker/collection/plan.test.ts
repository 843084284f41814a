import { expect, it } from 'vitest';
import { createBitmap } from '../bitmap.js';
import type { BestRows } from '../compute/kernels.js';
import type { RecallCurve } from '../index/recall-curve.js';
import { INDEX_VERSION, type SegmentManifest } from '../storage/storage.js';
import { planSearch, widerScope } from './plan.js';

const CURVE: RecallCurve = {
  sample: 1000,
  rows: 10_000,
  lists: 100,
  probes: [1, 2, 4, 8, 100],
  scanned: [100, 200, 400, 800, 10_000],
  measured: [
    { k: 10, recall: [0.9, 0.96, 0.99, 1, 1], deviation: [0, 0, 0, 0, 0] },
    { k: 20, recall: [0.8, 0.9, 0.96, 1, 1], deviation: [0, 0, 0, 0, 0] },
  ],
};

const SEGMENT: SegmentManifest = {
  id: 1,
  rows: 10_000,
  tombstones: 0,
  columns: {},
  bytes: 0,
  index: { version: INDEX_VERSION, lists: 100, curve: CURVE },
};

const ALL = { excluded: undefined, rows: 10_000, only: undefined };
const HALF = { excluded: createBitmap(10_000), rows: 5000, only: undefined };
const asked = { topK: 10, targetRecall: 0.95, boost: 1 };

function best(k: number, found: number, scanned: number): BestRows {
  const rows = Int32Array.from({ length: k }, (_, i) => (i < found ? i : -1));
  return { k, rows, similarities: new Float32Array(k), scanned };
}

it('I5 probes as many lists as the target takes, and more where audits ask for it', () => {
  expect(planSearch(SEGMENT, ALL, asked).probes).toBe(2);
  expect(planSearch(SEGMENT, ALL, { ...asked, boost: 1.5 }).probes).toBe(3);
  expect(planSearch(SEGMENT, ALL, { ...asked, targetRecall: 0.98 }).probes).toBe(4);
});

it.each([
  ['an exact answer is asked for', SEGMENT, ALL, { ...asked, targetRecall: undefined }],
  ['there is no index', { ...SEGMENT, index: undefined }, ALL, asked],
  ['k is beyond what was measured', SEGMENT, ALL, { ...asked, topK: 21 }],
  ['audits ask for every list', SEGMENT, ALL, { ...asked, boost: 100 }],
  ['the filter leaves little more than would be probed', SEGMENT, { ...HALF, rows: 700 }, asked],
] as const)('I5 probes nothing where %s', (_, segment, selection, query) => {
  const scope = planSearch(segment as SegmentManifest, selection, query);
  expect(scope).toEqual({ excluded: selection.excluded });
});

it('I7 a filter asks for the lists of as many more neighbours as it leaves out', () => {
  expect(planSearch(SEGMENT, HALF, asked)).toEqual({ excluded: HALF.excluded, probes: 4 });
});

it('I8 few selected rows are scored alone', () => {
  const only = Uint32Array.of(1, 5);
  expect(planSearch(SEGMENT, { ...HALF, rows: 2, only }, asked)).toEqual({ rows: only });
});

it('I7 widens to twice the lists where fewer than k were found, and in the end to all rows', () => {
  const probesAfter = (probes: number, found: number, rows = 10_000) =>
    widerScope(SEGMENT, { probes }, best(10, found, 100 * probes), { ...ALL, rows }, asked);
  expect(probesAfter(2, 10)).toBeUndefined();
  expect(probesAfter(2, 9)).toEqual({ probes: 4 });
  expect(probesAfter(2, 9, 9)).toBeUndefined();
  expect(probesAfter(30, 9)).toEqual({ probes: undefined });
});

it('I7 widens where fewer rows are selected near the query than elsewhere, and stops where they are enough', () => {
  const { excluded } = HALF;
  const after = (probes: number, scanned: number) =>
    widerScope(SEGMENT, { excluded, probes }, best(10, 10, scanned), HALF, asked);
  expect(after(4, 200)).toBeUndefined();
  // Every row near the query is selected.
  expect(after(4, 400)).toBeUndefined();
  // Half of the rows: the curve at k = 20, which needs 4 lists.
  expect(after(2, 100)).toEqual({ excluded, probes: 4 });
  // Less than three quarters of what is selected elsewhere.
  expect(after(4, 149)).toEqual({ excluded });
  expect(after(4, 0)).toEqual({ excluded });
});

it('I7 short lists are not taken for left out rows: no more can be missing than are', () => {
  const { excluded } = HALF;
  const selection = { ...HALF, rows: 9_999 };
  expect(widerScope(SEGMENT, { excluded, probes: 4 }, best(10, 10, 100), selection, asked)).toBeUndefined();
});
