import { expect, it } from 'vitest';
import { jsKernels } from './js-kernels.js';
import type { BlockShape, Kernels } from './kernels.js';
import { calibrate, type SearchCost } from './webgpu-calibration.js';

let clock = 0;

/** Kernels whose searches take what they are said to take. */
function taking({ fixedMs, perRowMs }: SearchCost): Kernels {
  const hold = async ({ rows }: BlockShape): ReturnType<Kernels['hold']> => {
    const block = await jsKernels.hold({ rows: 1, dimension: 1, metric: 'dot' }, [
      { start: 0, vectors: Float32Array.of(1), norms: Float32Array.of(1) },
    ]);
    block.search = async () => {
      clock += fixedMs + rows * perRowMs;
      return { k: 0, rows: new Int32Array(), similarities: new Float32Array(), scanned: 0 };
    };
    return block;
  };
  return { ...jsKernels, hold };
}

it.each([
  { gpu: { fixedMs: 2, perRowMs: 1e-5 }, cpu: { fixedMs: 0, perRowMs: 5e-5 }, crossoverRows: 50_000 },
  { gpu: { fixedMs: 2, perRowMs: 5e-5 }, cpu: { fixedMs: 0, perRowMs: 5e-5 }, crossoverRows: Infinity },
  { gpu: { fixedMs: 2, perRowMs: 9e-5 }, cpu: { fixedMs: 0, perRowMs: 5e-5 }, crossoverRows: Infinity },
  { gpu: { fixedMs: 0.5, perRowMs: 1e-5 }, cpu: { fixedMs: 1, perRowMs: 5e-5 }, crossoverRows: 0 },
  { gpu: { fixedMs: 40, perRowMs: 0 }, cpu: { fixedMs: 0, perRowMs: 1 }, crossoverRows: Infinity },
])('K11 the lines of $gpu and $cpu cross at $crossoverRows rows', async ({ gpu, cpu, crossoverRows }) => {
  for (const dimension of [1, 100, 384, 4096]) {
    const found = await calibrate(taking(gpu), taking(cpu), dimension, 'cosine', () => clock);
    expect(found.cpu.perRowMs).toBeCloseTo(cpu.perRowMs, 9);
    expect(found.cpu.fixedMs).toBeCloseTo(cpu.fixedMs, 6);
    if (Number.isFinite(crossoverRows))
      expect(found.crossoverRows / (crossoverRows || 1)).toBeCloseTo(crossoverRows && 1, 3);
    else expect(found.crossoverRows).toBe(Number.POSITIVE_INFINITY);
  }
});
