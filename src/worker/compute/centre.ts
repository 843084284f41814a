import type { Rows } from './kernels.js';

type Floats = Float32Array<ArrayBuffer>;

/** Rows relative to their mean. Distances are the same, and small numbers keep digits that large ones lose. */
export function centred({ vectors }: Rows, dimension: number): { rows: Rows; centre: Floats } {
  const count = vectors.length / dimension;
  const centre = mean(vectors, dimension);
  const moved = new Float32Array(vectors.length);
  const norms = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    const at = row * dimension;
    let squares = 0;
    for (let i = 0; i < dimension; i++) {
      const value = Math.fround(vectors[at + i]! - centre[i]!);
      moved[at + i] = value;
      squares += value * value;
    }
    norms[row] = Math.sqrt(squares);
  }
  return { rows: { vectors: moved, norms }, centre };
}

/** Queries relative to the centre of the rows they are compared with. */
export function movedBy(queries: Floats, centre: Floats): Floats {
  const moved = queries.slice();
  for (let i = 0; i < moved.length; i++) moved[i]! -= centre[i % centre.length]!;
  return moved;
}

/** Of n × dimension numbers, row-major. */
export function mean(vectors: Floats, dimension: number): Floats {
  const count = vectors.length / dimension;
  const sums = new Float64Array(dimension);
  for (let at = 0; at < vectors.length; at += dimension) {
    for (let i = 0; i < dimension; i++) sums[i]! += vectors[at + i]!;
  }
  return Float32Array.from(sums, (sum) => sum / count);
}
