import type { Kernels, Rows } from '../compute/kernels.js';
import { Slice } from '../slices.js';
import { reorder } from './reorder.js';
import type { Shape } from './space.js';
import { type TrainOptions, train } from './train.js';
import type { TrainedRows } from './trainer-api.js';

/** Trains, and puts the rows into the order of the lists; in place. */
export async function trainRows(
  rows: Rows,
  shape: Shape,
  kernels: Kernels,
  options: TrainOptions,
): Promise<TrainedRows> {
  const trained = await train(rows, shape, kernels, options);
  const slice = new Slice();
  await reorder(rows, trained.order, async () => {
    if (slice.isOver()) await slice.next();
  });
  return { ...trained, vectors: rows.vectors, norms: rows.norms };
}
