import { expect, it } from 'vitest';
import { MetricsRecorder } from './metrics.js';

it('C15 gives count, mean, sample deviation, extremes and nearest-rank percentiles', () => {
  const metrics = new MetricsRecorder();
  for (const duration of [9, 1, 2, 5, 4, 3, 8, 7, 10, 6]) metrics.add('query', duration);
  const { std, ...rest } = metrics.summary().query;
  expect(rest).toEqual({
    ...{ count: 10, mean: 5.5, min: 1, max: 10, p50: 5, p95: 10, p99: 10 },
    ...{ cacheHits: 0, cacheMisses: 0 },
  });
  expect(std).toBeCloseTo(Math.sqrt(82.5 / 9), 12);
});

it('C15 gives zeros for what has not happened', () => {
  const { upsert, open } = new MetricsRecorder().summary();
  expect(upsert).toEqual({ count: 0, mean: 0, std: 0, min: 0, max: 0, p50: 0, p95: 0, p99: 0 });
  expect(open).toEqual(upsert);
});

it('C15 counts all, and takes percentiles of the last 1,024', () => {
  const metrics = new MetricsRecorder();
  for (let i = 0; i < 1_024; i++) metrics.add('commit', 1_000);
  for (let i = 1; i <= 1_024; i++) metrics.add('commit', i);
  const { count, max, min, p50, p99 } = metrics.summary().commit;
  expect({ count, max, min, p50, p99 }).toEqual({ count: 2_048, max: 1_024, min: 1, p50: 512, p99: 1_014 });
});

it('C15 stays right for large offsets, where a naive sum of squares does not', () => {
  const metrics = new MetricsRecorder();
  for (const small of [4, 7, 13, 16]) metrics.add('query', 1e9 + small);
  expect(metrics.summary().query.std).toBeCloseTo(Math.sqrt(30), 6);
});

it('C15 times what succeeds, and only that', async () => {
  const metrics = new MetricsRecorder();
  expect(await metrics.time('delete', async () => 'result')).toBe('result');
  await expect(
    metrics.time('delete', async () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(metrics.summary().delete.count).toBe(1);
});
