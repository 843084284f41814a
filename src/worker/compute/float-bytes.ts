import type { HeldSize, Precision } from './kernels.js';

/** `bytesToHold` of kernels that hold float32 and nothing else: vectors, norms, centroids. */
export function floatBytes({ rows, dimension, lists }: HeldSize, precision: Precision): number | undefined {
  return precision === 'float32' ? 4 * (rows * (dimension + 1) + lists * (dimension + 1)) : undefined;
}
