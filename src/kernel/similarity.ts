import { dimension, Metric, normOf, RowSet, vectorOf } from './layout';
import { Query } from './query';

/** The similarity of a row, in double precision. */
export function similarityOf(set: RowSet, row: u32, query: Query): f64 {
  const vector = vectorOf(set, row);
  if (set.metric === Metric.L2) return 0 - sqrt(squaredDistance(vector, query.vector));
  const product = dot(vector, query.vector);
  return set.metric === Metric.Cosine ? product / f64(normOf(set, row)) : product;
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
