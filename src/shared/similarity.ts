import type { Metric } from './types.js';

/** Of the row at `offset` of `rows` with a query; cosine still has to be divided by the row's norm. */
export type Similarity = (rows: Float32Array, offset: number, query: Float32Array) => number;

export function similarityOf(metric: Metric): Similarity {
  return metric === 'l2' ? negativeDistance : dot;
}

// Several accumulators let the CPU overlap the additions.

export function dot(rows: Float32Array, offset: number, query: Float32Array): number {
  const n = query.length;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    a += rows[offset + i]! * query[i]!;
    b += rows[offset + i + 1]! * query[i + 1]!;
    c += rows[offset + i + 2]! * query[i + 2]!;
    d += rows[offset + i + 3]! * query[i + 3]!;
  }
  for (; i < n; i++) a += rows[offset + i]! * query[i]!;
  return a + b + c + d;
}

function negativeDistance(rows: Float32Array, offset: number, query: Float32Array): number {
  let a = 0;
  let b = 0;
  const n = query.length;
  let i = 0;
  for (; i + 2 <= n; i += 2) {
    const x = rows[offset + i]! - query[i]!;
    const y = rows[offset + i + 1]! - query[i + 1]!;
    a += x * x;
    b += y * y;
  }
  if (i < n) {
    const x = rows[offset + i]! - query[i]!;
    a += x * x;
  }
  return -Math.sqrt(a + b);
}
