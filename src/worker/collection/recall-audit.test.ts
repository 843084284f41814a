import { expect, it } from 'vitest';
import type { Found } from './best-merge.js';
import { RecallAudit } from './recall-audit.js';

const ten = (from: number): Found[] =>
  Array.from({ length: 10 }, (_, i) => ({ source: 0, row: i, similarity: (from - i) / 10 }));

/** Of the ten nearest, `hits` are found. */
const findWith = (hits: number) => async (_: Float32Array, isExact: boolean) =>
  isExact ? ten(100) : [...ten(100).slice(0, hits), ...ten(50).slice(hits)];

const noPause = async () => {};

async function auditAll(audit: RecallAudit, hits: number, queries: number): Promise<void> {
  for (let i = 0; i < queries; i++) {
    audit.observe(Float32Array.of(i));
    await audit.run(findWith(hits), noPause);
  }
  expect(audit.isDue).toBe(false);
}

it('I6 tells the recall of recent queries once there are enough of them', async () => {
  const audit = new RecallAudit({ topK: 10, targetRecall: 0.95 });
  await auditAll(audit, 10, 31);
  expect(audit.measured).toBeUndefined();
  await auditAll(audit, 10, 1);
  expect(audit.measured).toEqual({ value: 1, sample: 32 });
  await auditAll(audit, 9, 64);
  expect(audit.boost).toBeGreaterThan(1);
});

it('I6 probes more where recent queries find too little, up to a limit', async () => {
  const audit = new RecallAudit({ topK: 10, targetRecall: 0.95 });
  await auditAll(audit, 8, 32);
  expect(audit.boost).toBe(1.5);
  expect(audit.isDrifted).toBe(false);
  // What was measured with fewer lists no longer counts.
  expect(audit.measured).toBeUndefined();
  await auditAll(audit, 8, 320);
  expect(audit.boost).toBe(4);
  expect(audit.isDrifted).toBe(true);
  audit.reset();
  expect(audit.boost).toBe(1);
});

it('I6 leaves the number of lists alone where the target is met', async () => {
  const audit = new RecallAudit({ topK: 10, targetRecall: 0.9 });
  await auditAll(audit, 9, 200);
  expect(audit.boost).toBe(1);
  expect(audit.measured).toEqual({ value: expect.closeTo(0.9, 10), sample: 64 });
});

it('I6 keeps the latest queries only', async () => {
  const audit = new RecallAudit({ topK: 10, targetRecall: 0.95 });
  for (let i = 0; i < 100; i++) audit.observe(Float32Array.of(i));
  const seen = new Set<number>();
  while (audit.isDue) {
    await audit.run(async ([first], isExact) => {
      seen.add(first!);
      return isExact ? ten(100) : ten(100);
    }, noPause);
  }
  expect([Math.min(...seen), seen.size]).toEqual([36, 64]);
});
