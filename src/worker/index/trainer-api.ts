import type { ErrorOnWire } from '../../shared/errors.js';
import type { Kernel, Progress } from '../../shared/types.js';
import type { Rows } from '../compute/kernels.js';
import type { Shape } from './space.js';
import type { Trained } from './train.js';

// The whole conversation of a store's worker with its trainer. No logic here.
//
// The trainer says that it is ready, and only then is given the rows: one that does not come up must not have them.
// It is ended when it has answered. Buffers are transferred both ways.

/** Trained, with the rows in the order of the lists. */
export interface TrainedRows extends Trained, Rows {}

export interface TrainRequest {
  readonly rows: Rows;
  readonly shape: Shape;
  readonly seed: number;
  /** Tried in this order; plain JS always works. */
  readonly kernels: readonly Kernel[];
  readonly assetBaseUrl: string | undefined;
}

export type FromTrainer =
  | { readonly type: 'ready'; readonly aliveLock: string | undefined }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'trained'; readonly trained: TrainedRows }
  | { readonly type: 'failed'; readonly error: ErrorOnWire };
