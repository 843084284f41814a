import { centre, codeStride, dimension, Metric } from './layout';
import { Query } from './query';

/**
 * Limit of |codes of a query| × |codes of a row|, and so (Cauchy–Schwarz) of each sum that their product runs
 * through: within an int32, with room for rounding.
 */
const PRODUCT_LIMIT: f64 = 2000000000;
const GREATEST_CODE: f64 = 32767;
/** Below 2^-100 a query gets zeros as codes. */
const LEAST_CODED: f64 = 7.888609052210118e-31;

/** Codes of a query, and how far similarities that are computed from them may be off. */
export function quantiseQuery(query: Query, metric: Metric): void {
  const isMoved = metric === Metric.L2;
  let greatest: f64 = 0;
  let squares: f64 = 0;
  let ofCentre: f64 = 0;
  for (let i: usize = 0; i < dimension; i++) {
    const value = numberOf(query, i, isMoved);
    greatest = max(greatest, abs(value));
    squares += value * value;
    ofCentre += value * <f64>load<f32>(centre + (i << 2));
  }
  const length = sqrt(squares);
  const rowCodes = 127 * sqrt(f64(dimension));
  const step = f32(max(greatest / GREATEST_CODE, (length * rowCodes) / PRODUCT_LIMIT));
  const isCoded = greatest >= LEAST_CODED;
  const factor = isCoded ? 1 / f64(step) : 0;
  let squaredResiduals: f64 = 0;
  for (let i: usize = 0; i < dimension; i++) {
    const value = numberOf(query, i, isMoved);
    const code = max(-GREATEST_CODE, min(GREATEST_CODE, nearest(value * factor)));
    store<i16>(query.codes + (i << 1), i16(code));
    const residual = value - code * f64(step);
    squaredResiduals += residual * residual;
  }
  for (let i = usize(dimension); i < codeStride; i++) store<i16>(query.codes + (i << 1), 0);
  query.length = f32(length);
  query.ofCentre = ofCentre;
  query.step = step;
  // A millionth for each rounding of float32 on the way to a bound.
  query.errorFactor = f32(length * 1.000001);
  query.lengthFactor = f32(sqrt(squaredResiduals) + length * 1e-6);
}

function numberOf(query: Query, i: usize, isMoved: bool): f64 {
  const value = load<f32>(query.vector + (i << 2));
  return isMoved ? f64(value) - <f64>load<f32>(centre + (i << 2)) : f64(value);
}
