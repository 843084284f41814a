import type { Pace } from './pace.js';

/** What a call feeds and what it computes are held to so many bytes each: ONNX Runtime gives no memory back. */
const BYTES_PER_CALL = 8 << 20;

/** How many queries to ask of a block in one call. @param outputs numbers that a query makes the kernel compute or keep. */
export function atOnce(rows: number, dimension: number, outputs: number, pace: Pace): number {
  const byTime = Math.floor(pace.macsPerCall / (rows * dimension));
  const byMemory = Math.floor(BYTES_PER_CALL / 4 / Math.max(outputs, dimension));
  return Math.max(1, Math.min(byTime, byMemory));
}

/** Euclidean norms of rows of a given width. */
export function normsOf(vectors: Float32Array, width: number): Float32Array<ArrayBuffer> {
  const norms = new Float32Array(vectors.length / width);
  for (let row = 0; row < norms.length; row++) {
    let squares = 0;
    for (let i = row * width; i < (row + 1) * width; i++) squares += vectors[i]! * vectors[i]!;
    norms[row] = Math.sqrt(squares);
  }
  return norms;
}
