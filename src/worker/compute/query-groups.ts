import type { QueryVectors } from './kernels.js';

/** Views of at most `size` queries each; `first` is the position of a group's first one. */
export function* groupsOf(
  { vectors, count }: QueryVectors,
  dimension: number,
  size: number,
): Generator<{ first: number; group: QueryVectors }> {
  for (let first = 0; first < count; first += size) {
    const own = Math.min(size, count - first);
    yield {
      first,
      group: { vectors: vectors.subarray(first * dimension, (first + own) * dimension), count: own },
    };
  }
}
