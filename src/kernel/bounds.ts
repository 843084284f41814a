import { Chunk } from './chunk';
import { dimension, Metric } from './layout';
import { Query } from './query';

// From the scores of a chunk's rows to bounds of their similarities: from codes up to a number that is the same for
// all rows, and under l2 of minus half the squared distance.

/** More than can be lost of a sum of products each of which is too small for float32: 2^-118. */
const VANISHED: f32 = 3.009265538105056e-36;

/** What float32 may lose of a sum over all dimensions, in four lanes, relative to the sum of absolute values. */
function rounding(): f32 {
  return (f32(dimension) * 0.25 + 16) * 1.2e-7;
}

export function boundCodes(chunk: Chunk, query: Query, scores: usize, lowers: usize, uppers: usize): void {
  const step = f32x4.splat(query.step);
  const errorFactor = f32x4.splat(query.errorFactor);
  const lengthFactor = f32x4.splat(query.lengthFactor);
  const ofSquares = f32x4.splat(rounding());
  for (let at: usize = 0; at < usize(chunk.count) << 2; at += 16) {
    const factor = f32x4.mul(v128.load(chunk.scales + at), step);
    let value = f32x4.mul(f32x4.convert_i32x4_s(v128.load(scores + at)), factor);
    let slack = f32x4.add(
      f32x4.mul(v128.load(chunk.errors + at), errorFactor),
      f32x4.mul(v128.load(chunk.lengths + at), lengthFactor),
    );
    if (chunk.halfSquares !== 0) {
      const halfSquare = v128.load(chunk.halfSquares + at);
      value = f32x4.add(value, halfSquare);
      slack = f32x4.sub(slack, f32x4.mul(halfSquare, ofSquares));
    }
    writeBounds(value, slack, lowers + at, uppers + at);
  }
}

export function boundProducts(chunk: Chunk, query: Query, scores: usize, lowers: usize, uppers: usize): void {
  // A hundredth for what the norms and the query's length are off.
  const ofLengths = f32x4.splat(rounding() * query.length * 1.01);
  const isCosine = chunk.set.metric === Metric.Cosine;
  const least = f32x4.splat(f32.MIN_NORMAL_VALUE);
  for (let at: usize = 0; at < usize(chunk.count) << 2; at += 16) {
    const product = v128.load(scores + at);
    const norms = v128.load(chunk.norms + at);
    if (isCosine) {
      writeBounds(f32x4.div(product, f32x4.max(norms, least)), ofLengths, lowers + at, uppers + at);
    } else {
      writeBounds(product, f32x4.mul(norms, ofLengths), lowers + at, uppers + at);
    }
  }
}

export function boundDistances(chunk: Chunk, scores: usize, lowers: usize, uppers: usize): void {
  const minusHalf = f32x4.splat(-0.5);
  const ofSquares = f32x4.splat(rounding());
  for (let at: usize = 0; at < usize(chunk.count) << 2; at += 16) {
    const squares = v128.load(scores + at);
    writeBounds(f32x4.mul(squares, minusHalf), f32x4.mul(squares, ofSquares), lowers + at, uppers + at);
  }
}

function writeBounds(value: v128, slack: v128, lower: usize, upper: usize): void {
  const whole = f32x4.add(slack, f32x4.splat(VANISHED));
  v128.store(lower, f32x4.sub(value, whole));
  v128.store(upper, f32x4.add(value, whole));
}
