import { expect, test } from 'vitest';
import { distanceFrom, scoreFrom } from './metric.js';

test('Q3 cosine: the score is the cosine, the distance 1 minus it; rounding never leaves [−1, 1]', () => {
  expect([scoreFrom('cosine', 0.25), distanceFrom('cosine', 0.25)]).toEqual([0.25, 0.75]);
  expect([scoreFrom('cosine', 1.0000001), distanceFrom('cosine', 1.0000001)]).toEqual([1, 0]);
  expect([scoreFrom('cosine', -1.0000001), distanceFrom('cosine', -1.0000001)]).toEqual([-1, 2]);
});

test('Q3 dot: the score is the product, the distance minus it', () => {
  expect([scoreFrom('dot', 7), distanceFrom('dot', 7)]).toEqual([7, -7]);
  expect(Object.is(distanceFrom('dot', 0), 0)).toBe(true);
});

test('Q3 l2: the similarity is minus the distance, the score 1 / (1 + distance)', () => {
  expect([scoreFrom('l2', -3), distanceFrom('l2', -3)]).toEqual([0.25, 3]);
  expect([scoreFrom('l2', -0), distanceFrom('l2', -0)]).toEqual([1, 0]);
  expect(Object.is(distanceFrom('l2', 0), 0)).toBe(true);
});
