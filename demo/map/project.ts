import { PCA } from 'ml-pca';

/**
 * Projects on the two directions in which the vectors differ most (PCA): one row of x, one of y. A direction's sign
 * is arbitrary, so it is chosen for the first vector to be left and above: the map does not flip as records arrive.
 */
export function projectToPlane(vectors: readonly Float32Array[]): { xs: number[]; ys: number[] } {
  const first = vectors[0]!;
  // Equal vectors have no directions.
  const areEqual = vectors.every((vector) => vector.every((value, i) => value === first[i]));
  if (areEqual) return { xs: vectors.map((_, i) => i), ys: vectors.map(() => 0) };
  const rows = vectors.map((vector) => [...vector]);
  const plane = new PCA(rows, { method: 'covarianceMatrix' }).predict(rows, { nComponents: 2 });
  const [xs, ys] = [plane.getColumn(0), plane.columns > 1 ? plane.getColumn(1) : vectors.map(() => 0)];
  return { xs: xs[0]! > 0 ? negated(xs) : xs, ys: ys[0]! < 0 ? negated(ys) : ys };
}

const negated = (values: number[]) => values.map((value) => -value);
