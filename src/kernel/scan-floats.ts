import { Chunk, rowOf } from './chunk';
import { addLanes } from './lanes';
import { dimension, vectorOf } from './layout';
import { Query } from './query';

// Scores of a chunk's float32 rows, at `scores`. One row after another, since that is what processors read ahead of.

/** Dot products. A vector's last read goes beyond its end, where the query has zeros. */
export function scanProducts(chunk: Chunk, query: Query, scores: usize): void {
  const width = usize(dimension) << 2;
  const whole = width & ~63;
  const q = query.vector;
  for (let i: u32 = 0; i < chunk.count; i++) {
    const x = vectorOf(chunk.set, rowOf(chunk, i));
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    let at: usize = 0;
    for (; at < whole; at += 64) {
      a = f32x4.add(a, f32x4.mul(v128.load(x + at), v128.load(q + at)));
      b = f32x4.add(b, f32x4.mul(v128.load(x + at, 16), v128.load(q + at, 16)));
      c = f32x4.add(c, f32x4.mul(v128.load(x + at, 32), v128.load(q + at, 32)));
      d = f32x4.add(d, f32x4.mul(v128.load(x + at, 48), v128.load(q + at, 48)));
    }
    for (; at < width; at += 16) a = f32x4.add(a, f32x4.mul(v128.load(x + at), v128.load(q + at)));
    store<f32>(scores + (usize(i) << 2), addLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d))));
  }
}

/** Squared distances. */
export function scanDistances(chunk: Chunk, query: Query, scores: usize): void {
  const width = usize(dimension) << 2;
  const whole = width & ~31;
  const q = query.vector;
  for (let i: u32 = 0; i < chunk.count; i++) {
    const x = vectorOf(chunk.set, rowOf(chunk, i));
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let at: usize = 0;
    for (; at < whole; at += 32) {
      const y = f32x4.sub(v128.load(x + at), v128.load(q + at));
      const z = f32x4.sub(v128.load(x + at, 16), v128.load(q + at, 16));
      a = f32x4.add(a, f32x4.mul(y, y));
      b = f32x4.add(b, f32x4.mul(z, z));
    }
    let sum = addLanes(f32x4.add(a, b));
    for (; at < width; at += 4) {
      const y = load<f32>(x + at) - load<f32>(q + at);
      sum += y * y;
    }
    store<f32>(scores + (usize(i) << 2), sum);
  }
}
