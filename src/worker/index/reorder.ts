import type { Rows } from '../compute/kernels.js';

/**
 * Puts rows in place into the order order[new row] = old row, along the cycles of the permutation, so that they are in
 * memory once.
 */
export async function reorder(
  { vectors, norms }: Rows,
  order: Uint32Array,
  step: () => Promise<void>,
): Promise<void> {
  const count = order.length;
  const dimension = vectors.length / count;
  const first = new Float32Array(dimension);
  const isDone = new Uint8Array(count);
  for (let begin = 0; begin < count; begin++) {
    if (isDone[begin] === 1) continue;
    first.set(vectors.subarray(begin * dimension, (begin + 1) * dimension));
    const firstNorm = norms[begin]!;
    let to = begin;
    for (let from = order[to]!; from !== begin; from = order[to]!) {
      vectors.copyWithin(to * dimension, from * dimension, (from + 1) * dimension);
      norms[to] = norms[from]!;
      isDone[to] = 1;
      to = from;
      await step();
    }
    vectors.set(first, to * dimension);
    norms[to] = firstNorm;
    isDone[to] = 1;
    await step();
  }
}
