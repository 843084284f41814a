import { centre, codeStride, dimension, LOWS, Metric, normOf, RowSet, vectorOf } from './layout';
import { Query } from './query';

/** The similarity of a row, in double precision; of what its codes and lows stand for, where they are all there is. */
export function similarityOf(set: RowSet, row: u32, query: Query): f64 {
  if (!set.hasVectors) {
    const relative = similarityOfLows(set, row, query);
    return set.metric === Metric.L2 ? relative : query.ofCentre + relative;
  }
  const vector = vectorOf(set, row);
  if (set.metric === Metric.L2) return 0 - sqrt(squaredDistance(vector, query.vector));
  const product = dot(vector, query.vector);
  return set.metric === Metric.Cosine ? product / f64(normOf(set, row)) : product;
}

/** Minus the distance, or the product less that of the centre. */
export function similarityOfLows(set: RowSet, row: u32, query: Query): f64 {
  const at = usize(row) * codeStride;
  const unit = <f64>load<f32>(set.scales + (usize(row) << 2)) / LOWS;
  if (set.metric !== Metric.L2) return unit * dotOfLows(set.codes + at, set.lows + at, query.vector);
  return 0 - sqrt(squaredDistanceOfLows(set.codes + at, set.lows + at, query.vector, unit));
}

/** Eight codes and their lows as one number each. */
function joined(codes: usize, lows: usize): v128 {
  return i16x8.add(i16x8.mul(v128.load8x8_s(codes), i16x8.splat(i16(LOWS))), v128.load8x8_s(lows));
}

function dotOfLows(codes: usize, lows: usize, q: usize): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  // Beyond the dimension the query has zeros.
  for (let at: usize = 0; at < codeStride; at += 8) {
    const numbers = joined(codes + at, lows + at);
    const x = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(numbers));
    const y = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(numbers));
    const p = v128.load(q + (at << 2));
    const r = v128.load(q + (at << 2), 16);
    a = f64x2.add(a, f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(p)));
    b = f64x2.add(b, f64x2.mul(promoteHigh(x), promoteHigh(p)));
    a = f64x2.add(a, f64x2.mul(f64x2.promote_low_f32x4(y), f64x2.promote_low_f32x4(r)));
    b = f64x2.add(b, f64x2.mul(promoteHigh(y), promoteHigh(r)));
  }
  return addDoubles(f64x2.add(a, b));
}

function squaredDistanceOfLows(codes: usize, lows: usize, q: usize, unit: f64): f64 {
  let sum: f64 = 0;
  for (let i: usize = 0; i < dimension; i++) {
    const number = <f64>load<i8>(codes + i) * LOWS + <f64>load<i8>(lows + i);
    const moved = <f64>load<f32>(q + (i << 2)) - <f64>load<f32>(centre + (i << 2));
    const difference = moved - unit * number;
    sum += difference * difference;
  }
  return sum;
}

function dot(x: usize, q: usize): f64 {
  const width = usize(dimension) << 2;
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  // The last read goes beyond the vector's end, where the query has zeros.
  for (let at: usize = 0; at < width; at += 16) {
    const y = v128.load(x + at);
    const z = v128.load(q + at);
    a = f64x2.add(a, f64x2.mul(f64x2.promote_low_f32x4(y), f64x2.promote_low_f32x4(z)));
    b = f64x2.add(b, f64x2.mul(promoteHigh(y), promoteHigh(z)));
  }
  return addDoubles(f64x2.add(a, b));
}

function squaredDistance(x: usize, q: usize): f64 {
  const width = usize(dimension) << 2;
  const whole = width & ~15;
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const y = v128.load(x + at);
    const z = v128.load(q + at);
    const low = f64x2.sub(f64x2.promote_low_f32x4(y), f64x2.promote_low_f32x4(z));
    const high = f64x2.sub(promoteHigh(y), promoteHigh(z));
    a = f64x2.add(a, f64x2.mul(low, low));
    b = f64x2.add(b, f64x2.mul(high, high));
  }
  let sum = addDoubles(f64x2.add(a, b));
  for (; at < width; at += 4) {
    const difference = <f64>load<f32>(x + at) - <f64>load<f32>(q + at);
    sum += difference * difference;
  }
  return sum;
}

function promoteHigh(a: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<u64>(a, a, 1, 1));
}

function addDoubles(a: v128): f64 {
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
}
