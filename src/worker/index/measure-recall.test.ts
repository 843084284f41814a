import { expect, it } from 'vitest';
import { jsKernels } from '../compute/js-kernels.js';
import { rowsFrom } from '../compute/kernels-oracle.contract.js';
import { measureRecall } from './measure-recall.js';
import { Pace } from './pace.js';
import { Space } from './space.js';

it('I6 a row that asks has no part in the centroid of its own list', async () => {
  const rows = rowsFrom(Float32Array.of(1, 0, 0, 1, 0.6, 0.8), 2);
  const space = await Space.of(rows, { dimension: 2, metric: 'cosine' }, async () => {});
  const half = Math.SQRT1_2;
  const index = {
    space,
    order: Uint32Array.of(0, 1, 2),
    starts: Uint32Array.of(0, 2, 3),
    centroids: Float32Array.of(half, half, 0.6, 0.8),
  };
  const pace = new Pace(1, { macsPerCall: 1000 });
  const curve = await measureRecall(index, Uint32Array.of(2, 0, 1), jsKernels, pace, () => {});
  expect(curve).toMatchObject({ sample: 3, rows: 3, lists: 2, probes: [1, 2] });
  // The third row is the nearest to both others. With itself in the centroid the first row would look in its own list.
  expect(curve.measured[0]).toEqual({ k: 1, recall: [1, 1], deviation: [0, 0] });
});
