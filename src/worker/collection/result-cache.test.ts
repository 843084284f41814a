import { expect, it } from 'vitest';
import type { MatchesOnWire } from '../../shared/worker-api.js';
import { ResultCache } from './result-cache.js';

function answer(generation: number, id: string, count = 1): MatchesOnWire {
  return {
    ids: Array.from({ length: count }, () => id),
    scores: [1],
    distances: [0],
    receipt: {
      exact: true,
      complete: true,
      plan: 'flat',
      backend: 'js',
      kernel: 'js',
      scanned: 1,
      elapsedMs: 1,
      generation,
    },
  };
}

const vector = (...values: number[]) => Float32Array.from(values);

it('I11 gives an answer again for the same question, vector and generation alone', () => {
  const counts = { hits: 0, misses: 0 };
  const cache = new ResultCache(counts);
  const first = answer(3, 'a');
  expect(cache.find(3, 'k10', vector(1, 2))).toBeUndefined();
  cache.keep('k10', vector(1, 2), first);
  expect(cache.find(3, 'k10', vector(1, 2))).toBe(first);
  expect(cache.find(3, 'k11', vector(1, 2))).toBeUndefined();
  expect(cache.find(3, 'k10', vector(1, 3))).toBeUndefined();
  expect(cache.find(4, 'k10', vector(1, 2))).toBeUndefined();
  expect(counts).toEqual({ hits: 1, misses: 4 });
});

it('I11 forgets everything with a commit, and an older answer does not come back', () => {
  const cache = new ResultCache({ hits: 0, misses: 0 });
  cache.keep('q', vector(1), answer(1, 'old'));
  cache.keep('q', vector(2), answer(2, 'new'));
  expect(cache.find(1, 'q', vector(1))).toBeUndefined();
  expect(cache.find(2, 'q', vector(1))).toBeUndefined();
  cache.keep('q', vector(1), answer(1, 'late'));
  expect(cache.find(2, 'q', vector(1))).toBeUndefined();
  expect(cache.find(2, 'q', vector(2))?.ids).toEqual(['new']);
});

it('I11 keeps 64 answers, the least recently used goes first, and none that is large', () => {
  const cache = new ResultCache({ hits: 0, misses: 0 });
  for (let i = 0; i < 64; i++) cache.keep('q', vector(i), answer(1, `${i}`));
  cache.find(1, 'q', vector(0));
  cache.keep('q', vector(64), answer(1, '64'));
  expect(cache.find(1, 'q', vector(0))?.ids).toEqual(['0']);
  expect(cache.find(1, 'q', vector(1))).toBeUndefined();
  cache.keep('q', vector(65), answer(1, 'large', 101));
  cache.keep('q', vector(66), { ...answer(1, 'with vectors'), vectors: vector(1) });
  expect(cache.find(1, 'q', vector(65))).toBeUndefined();
  expect(cache.find(1, 'q', vector(66))).toBeUndefined();
});
