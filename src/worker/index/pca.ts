import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/**
 * The directions in which vectors vary most: an orthonormal basis, p × dimension, row-major, by falling variance. Takes
 * time ∝ dimension³ on top of rows × dimension²: seconds beyond a dimension of 1,000.
 *
 * @param sample n × dimension, row-major; fewer rows than p leave the last directions to chance.
 * @param p at most `dimension`.
 */
export function pcaBasis(sample: Float32Array, dimension: number, p: number): Float32Array<ArrayBuffer> {
  const { eigenvectorMatrix } = new EigenvalueDecomposition(covarianceOf(sample, dimension), {
    assumeSymmetric: true,
  });
  const basis = new Float32Array(p * dimension);
  for (let direction = 0; direction < p; direction++) {
    // Their variances ascend.
    const column = dimension - 1 - direction;
    for (let i = 0; i < dimension; i++) basis[direction * dimension + i] = eigenvectorMatrix.get(i, column);
  }
  return basis;
}

/** Up to a factor; dimension × dimension. */
function covarianceOf(sample: Float32Array, dimension: number): Matrix {
  const rows = sample.length / dimension;
  const mean = new Float64Array(dimension);
  for (let at = 0; at < sample.length; at++) mean[at % dimension]! += sample[at]! / rows;
  const sums = Array.from({ length: dimension }, () => new Float64Array(dimension));
  const centred = new Float64Array(dimension);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < dimension; i++) centred[i] = sample[row * dimension + i]! - mean[i]!;
    for (let i = 0; i < dimension; i++) {
      const value = centred[i]!;
      const line = sums[i]!;
      for (let j = 0; j <= i; j++) line[j]! += value * centred[j]!;
    }
  }
  for (let i = 0; i < dimension; i++) for (let j = 0; j < i; j++) sums[j]![i] = sums[i]![j]!;
  return new Matrix(sums.map((line) => Array.from(line)));
}
