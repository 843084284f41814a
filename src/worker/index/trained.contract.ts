import { expect } from 'vitest';
import type { Rows } from '../compute/kernels.js';
import { rowsFrom } from '../compute/kernels-oracle.contract.js';
import type { SeededRandom } from '../seeded-random.contract.js';
import type { Shape } from './space.js';
import { longestList, type Trained } from './train.js';

// What tests of training share: data with neighbourhoods in it, and what every trained index has to satisfy.

/** Unit steps around random centres: neighbours overlap, but clusters are there. */
export function clusteredVectors(
  random: SeededRandom,
  {
    rows,
    dimension,
    clusters,
    spread,
  }: { rows: number; dimension: number; clusters: number; spread: number },
): Float32Array<ArrayBuffer> {
  const centres = Array.from({ length: clusters * dimension }, () => random.normal());
  const vectors = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    const centre = random.below(clusters) * dimension;
    for (let i = 0; i < dimension; i++) {
      vectors[row * dimension + i] = centres[centre + i]! + spread * random.normal();
    }
  }
  return vectors;
}

export function splitRows(
  vectors: Float32Array<ArrayBuffer>,
  dimension: number,
  heldOut: number,
): { rows: Rows; heldOut: Float32Array<ArrayBuffer> } {
  const at = vectors.length - heldOut * dimension;
  return { rows: rowsFrom(vectors.slice(0, at), dimension), heldOut: vectors.slice(at) };
}

/** `rows` are those that were trained with, in their old order. */
export function expectIndex(
  { order, lists, curve }: Trained,
  rows: Rows,
  { dimension, metric }: Shape,
): void {
  const count = rows.norms.length;
  expect(order).toHaveLength(count);
  expect(order.toSorted().every((row, i) => row === i)).toBe(true);
  const { starts, centroids } = lists;
  const listCount = starts.length - 1;
  expect(starts[0]).toBe(0);
  expect(starts.at(-1)).toBe(count);
  expect(centroids).toHaveLength(listCount * dimension);
  for (let list = 0; list < listCount; list++) {
    const size = starts[list + 1]! - starts[list]!;
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(longestList(count));
    const members = order.subarray(starts[list], starts[list + 1]);
    const mean = meanOf(members, rows, { dimension, metric });
    if (mean === undefined) continue;
    const scale = metric === 'cosine' ? 1 : Math.max(...rows.norms) || 1;
    for (let i = 0; i < dimension; i++) {
      const error: number = Math.abs(centroids[list * dimension + i]! - mean[i]!) / scale;
      if (!(error < 1e-4)) expect.fail(`list ${list}, component ${i}: ${error} off`);
    }
  }
  expect(curve.rows).toBe(count);
  expect(curve.lists).toBe(listCount);
  expect(curve.probes.at(-1)).toBe(listCount);
  for (const { recall, deviation } of curve.measured) {
    expect(recall).toHaveLength(curve.probes.length);
    expect(deviation).toHaveLength(curve.probes.length);
    for (const [i, value] of recall.entries()) expect(value).toBeGreaterThanOrEqual(recall[i - 1] ?? 0);
    expect(recall.at(-1)).toBe(1);
  }
  expect(curve.scanned.at(-1)).toBe(count);
  expect(JSON.parse(JSON.stringify(curve))).toEqual(curve);
}

/** Under cosine the direction of the mean of directions; undefined where they cancel each other out. */
function meanOf(list: Uint32Array, { vectors, norms }: Rows, { dimension, metric }: Shape) {
  const mean = new Float64Array(dimension);
  for (const row of list) {
    const weight = metric === 'cosine' ? 1 / norms[row]! : 1;
    for (let i = 0; i < dimension; i++) mean[i]! += (weight * vectors[row * dimension + i]!) / list.length;
  }
  if (metric !== 'cosine') return mean;
  const length = Math.hypot(...mean);
  return length < 1e-3 ? undefined : mean.map((value) => value / length);
}
