import { expect, it } from 'vitest';
import type { BestRows } from '../compute/kernels.js';
import { BestMerge, type Computed } from './best-merge.js';

const best = (k: number, rows: readonly number[], similarities: readonly number[]): BestRows => ({
  k,
  rows: Int32Array.from(rows),
  similarities: Float32Array.from(similarities),
  scanned: rows.length,
});

const SIMD: Computed = { name: 'simd', backend: 'wasm' };
const JS: Computed = { name: 'js', backend: 'js' };
const GPU: Computed = { name: 'onnx', backend: 'webgpu' };

const at = (source: number, first: number) => (row: number) => ({ source, row: first + row });

it('Q1 merges the best of several blocks, query by query', () => {
  const merge = new BestMerge(2, 3);
  merge.add(best(2, [4, 1, 0, 2], [0.5, 0.25, 8, 4]), SIMD, at(0, 100));
  merge.add(best(3, [7, 6, -1, 5, -1, -1], [1, 0.375, -Infinity, 6, -Infinity, -Infinity]), SIMD, at(1, 0));
  expect(merge.best(0)).toEqual([
    { source: 1, row: 7, similarity: 1 },
    { source: 0, row: 104, similarity: 0.5 },
    { source: 1, row: 6, similarity: 0.375 },
  ]);
  expect(merge.best(1).map(({ source, row }) => [source, row])).toEqual([
    [0, 100],
    [1, 5],
    [0, 102],
  ]);
});

it('Q2 gives fewer than k only where there are no more', () => {
  const merge = new BestMerge(1, 5);
  expect(merge.best(0)).toEqual([]);
  merge.add(best(2, [3, 1], [2, 1]), JS, (row) => ({ source: 9, row: row * 10 }));
  expect(merge.best(0)).toEqual([
    { source: 9, row: 30, similarity: 2 },
    { source: 9, row: 10, similarity: 1 },
  ]);
});

it('Q8 tells the lowest of what had a part, in whatever order', () => {
  const none = best(1, [-1], [Number.NEGATIVE_INFINITY]);
  const lowest = (...computed: Computed[]) => {
    const merge = new BestMerge(1, 1);
    for (const by of computed) merge.add(none, by, at(0, 0));
    return merge.computed;
  };
  expect(lowest(SIMD, SIMD)).toBe(SIMD);
  expect(lowest(JS, SIMD)).toBe(JS);
  expect(lowest(SIMD, JS, GPU)).toBe(JS);
  expect(lowest(GPU, SIMD)).toBe(SIMD);
  expect(lowest(GPU, GPU)).toBe(GPU);
  expect(lowest()).toEqual(JS);
});
