import { expect, it } from 'vitest';
import { jsKernels } from '../compute/js-kernels.js';
import { rowsFrom } from '../compute/kernels-oracle.contract.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { train } from './train.js';
import { trainInWorker } from './train-in-worker.js';
import { clusteredVectors, expectIndex } from './trained.contract.js';

const SHAPE = { dimension: 6, metric: 'cosine' } as const;
const vectors = clusteredVectors(new SeededRandom(1), {
  rows: 1000,
  dimension: 6,
  clusters: 10,
  spread: 0.4,
});

it('I2 where there are no workers, training happens here, and gives the rows in the order of the lists', async () => {
  expect(globalThis.Worker).toBeUndefined();
  const rows = rowsFrom(vectors, 6);
  const found = await trainInWorker(rowsFrom(vectors.slice(), 6), SHAPE, {
    seed: 3,
    startTrainer: undefined,
    assetBaseUrl: undefined,
  });
  const { vectors: ordered, norms, ...trained } = found;
  expectIndex(trained, rows, SHAPE);
  expect(trained).toEqual(await train(rows, SHAPE, jsKernels, { seed: 3, macsPerCall: 1_000_000 }));
  for (const [at, row] of trained.order.entries()) {
    expect(norms[at]).toBe(rows.norms[row]);
    expect(ordered[at * 6 + 5]).toBe(rows.vectors[row * 6 + 5]);
  }
});
