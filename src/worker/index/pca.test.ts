import { expect, it } from 'vitest';
import { SeededRandom } from '../seeded-random.contract.js';
import { pcaBasis } from './pca.js';

const DIMENSION = 12;

/** Independent directions with standard deviations of 12, 11, … 1, turned by Householder's reflection, off the origin. */
function turnedSample(rows: number): { sample: Float32Array<ArrayBuffer>; turn: (axis: number) => number[] } {
  const random = new SeededRandom(1);
  const normal = Array.from({ length: DIMENSION }, () => random.normal());
  const squares = normal.reduce((sum, value) => sum + value * value, 0);
  const turn = (axis: number) =>
    normal.map((value, i) => (i === axis ? 1 : 0) - (2 * value * normal[axis]!) / squares);
  const sample = new Float32Array(rows * DIMENSION);
  for (let row = 0; row < rows; row++) {
    for (let axis = 0; axis < DIMENSION; axis++) {
      const amount = (DIMENSION - axis) * random.normal();
      for (const [i, part] of turn(axis).entries()) sample[row * DIMENSION + i]! += amount * part;
    }
    for (let i = 0; i < DIMENSION; i++) sample[row * DIMENSION + i]! += 100;
  }
  return { sample, turn };
}

function varianceAlong(sample: Float32Array, direction: ArrayLike<number>): number {
  const rows = sample.length / DIMENSION;
  const places = Array.from({ length: rows }, (_, row) => {
    let place = 0;
    for (let i = 0; i < DIMENSION; i++) place += sample[row * DIMENSION + i]! * direction[i]!;
    return place;
  });
  const mean = places.reduce((sum, place) => sum + place, 0) / rows;
  return places.reduce((sum, place) => sum + (place - mean) ** 2, 0) / rows;
}

it('the basis is orthonormal', () => {
  const { sample } = turnedSample(500);
  const basis = pcaBasis(sample, DIMENSION, DIMENSION);
  for (let a = 0; a < DIMENSION; a++) {
    for (let b = 0; b < DIMENSION; b++) {
      let product = 0;
      for (let i = 0; i < DIMENSION; i++) product += basis[a * DIMENSION + i]! * basis[b * DIMENSION + i]!;
      expect(product).toBeCloseTo(a === b ? 1 : 0, 5);
    }
  }
});

it('the directions are those of most variance, in its order', () => {
  const { sample, turn } = turnedSample(4000);
  const basis = pcaBasis(sample, DIMENSION, 5);
  expect(basis).toHaveLength(5 * DIMENSION);
  for (let direction = 0; direction < 5; direction++) {
    const found = basis.subarray(direction * DIMENSION, (direction + 1) * DIMENSION);
    const deviation = Math.sqrt(varianceAlong(sample, found));
    expect(deviation).toBeGreaterThan((DIMENSION - direction) * 0.95);
    expect(deviation).toBeLessThan((DIMENSION - direction) * 1.05);
    const along = turn(direction).reduce((sum, part, i) => sum + part * found[i]!, 0);
    expect(Math.abs(along)).toBeGreaterThan(0.9);
  }
});
