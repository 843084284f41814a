import { Chunk, rowOf } from './chunk';
import { addIntegerLanes, addLanesOfFour } from './lanes';
import { codeStride } from './layout';
import { Query, queryAt } from './query';

// Dot products of a chunk's codes with those of queries, as int32 at `products`.

/** Two rows at a time: one stream of memory, and two chains of additions that do not wait for one another. */
export function scanCodes(chunk: Chunk, query: Query, products: usize): void {
  const count = chunk.count;
  const width = usize(codeStride);
  const whole = width & ~15;
  const codes = query.codes;
  for (let i: u32 = 0; i < count; i += 2) {
    const j = min(i + 1, count - 1);
    const a = codesOf(chunk, i);
    const b = codesOf(chunk, j);
    let p = i32x4.splat(0);
    let q = i32x4.splat(0);
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const x = v128.load(codes + (at << 1));
      p = i32x4.add(p, i32x4.dot_i16x8_s(v128.load8x8_s(a + at), x));
      q = i32x4.add(q, i32x4.dot_i16x8_s(v128.load8x8_s(b + at), x));
      const y = v128.load(codes + (at << 1), 16);
      p = i32x4.add(p, i32x4.dot_i16x8_s(v128.load8x8_s(a + at, 8), y));
      q = i32x4.add(q, i32x4.dot_i16x8_s(v128.load8x8_s(b + at, 8), y));
    }
    if (at < width) {
      const x = v128.load(codes + (at << 1));
      p = i32x4.add(p, i32x4.dot_i16x8_s(v128.load8x8_s(a + at), x));
      q = i32x4.add(q, i32x4.dot_i16x8_s(v128.load8x8_s(b + at), x));
    }
    store<i32>(products + (usize(i) << 2), addIntegerLanes(p));
    store<i32>(products + (usize(i) << 2), addIntegerLanes(q), 4);
  }
}

function codesOf(chunk: Chunk, index: u32): usize {
  return chunk.set.codes + usize(rowOf(chunk, index)) * codeStride;
}

/** The products of four queries from `first` on, those of each `stride` bytes behind those of the one before. */
export function scanCodesOfFour(chunk: Chunk, first: u32, products: usize, stride: usize): void {
  const width = usize(codeStride);
  const whole = width & ~15;
  const c0 = queryAt(first).codes;
  const c1 = queryAt(first + 1).codes;
  const c2 = queryAt(first + 2).codes;
  const c3 = queryAt(first + 3).codes;
  for (let i: u32 = 0; i < chunk.count; i++) {
    const row = codesOf(chunk, i);
    let p0 = i32x4.splat(0);
    let p1 = i32x4.splat(0);
    let p2 = i32x4.splat(0);
    let p3 = i32x4.splat(0);
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const x = v128.load8x8_s(row + at);
      p0 = i32x4.add(p0, i32x4.dot_i16x8_s(x, v128.load(c0 + (at << 1))));
      p1 = i32x4.add(p1, i32x4.dot_i16x8_s(x, v128.load(c1 + (at << 1))));
      p2 = i32x4.add(p2, i32x4.dot_i16x8_s(x, v128.load(c2 + (at << 1))));
      p3 = i32x4.add(p3, i32x4.dot_i16x8_s(x, v128.load(c3 + (at << 1))));
      const y = v128.load8x8_s(row + at, 8);
      p0 = i32x4.add(p0, i32x4.dot_i16x8_s(y, v128.load(c0 + (at << 1), 16)));
      p1 = i32x4.add(p1, i32x4.dot_i16x8_s(y, v128.load(c1 + (at << 1), 16)));
      p2 = i32x4.add(p2, i32x4.dot_i16x8_s(y, v128.load(c2 + (at << 1), 16)));
      p3 = i32x4.add(p3, i32x4.dot_i16x8_s(y, v128.load(c3 + (at << 1), 16)));
    }
    if (at < width) {
      const x = v128.load8x8_s(row + at);
      p0 = i32x4.add(p0, i32x4.dot_i16x8_s(x, v128.load(c0 + (at << 1))));
      p1 = i32x4.add(p1, i32x4.dot_i16x8_s(x, v128.load(c1 + (at << 1))));
      p2 = i32x4.add(p2, i32x4.dot_i16x8_s(x, v128.load(c2 + (at << 1))));
      p3 = i32x4.add(p3, i32x4.dot_i16x8_s(x, v128.load(c3 + (at << 1))));
    }
    const sums = addLanesOfFour(p0, p1, p2, p3);
    const to = products + (usize(i) << 2);
    v128.store_lane<i32>(to, sums, 0);
    v128.store_lane<i32>(to + stride, sums, 1);
    v128.store_lane<i32>(to + 2 * stride, sums, 2);
    v128.store_lane<i32>(to + 3 * stride, sums, 3);
  }
}
