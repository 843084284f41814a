import { RowSet, take } from './layout';

/** Rows that are scored together: those from `first`, or those in a list. */
@unmanaged
export class Chunk {
  set: RowSet;
  count: u32;
  first: u32;
  /** uint32; 0: none. */
  list: usize;
  /** What the set has of each row, side by side, if codes are scored. */
  scales: usize;
  errors: usize;
  lengths: usize;
  halfSquares: usize;
  /** … and if float32 are. */
  norms: usize;
}

/** Rows of a chunk: they stay in the cache, and engines put fast code in the place of slow only between calls. */
export const CHUNK: u32 = 256;

export const chunk: Chunk = changetype<Chunk>(memory.data(offsetof<Chunk>()));

let gathered: usize = 0;

export function layOutChunk(): void {
  gathered = take(4 * 4 * CHUNK);
}

export function openChunk(set: RowSet, first: u32, list: usize, count: u32, hasCodes: bool): void {
  chunk.set = set;
  chunk.first = first;
  chunk.list = list;
  chunk.count = count;
  if (hasCodes) {
    chunk.scales = column(set.scales, 0);
    chunk.errors = column(set.errors, 1);
    chunk.lengths = column(set.lengths, 2);
    chunk.halfSquares = column(set.halfSquares, 3);
  } else {
    chunk.norms = column(set.norms, 0);
  }
}

export function rowOf(chunk: Chunk, index: u32): u32 {
  return chunk.list === 0 ? chunk.first + index : load<u32>(chunk.list + (usize(index) << 2));
}

function column(values: usize, place: usize): usize {
  if (values === 0) return 0;
  if (chunk.list === 0) return values + (usize(chunk.first) << 2);
  const to = gathered + 4 * CHUNK * place;
  for (let i: u32 = 0; i < chunk.count; i++) {
    store<f32>(to + (usize(i) << 2), load<f32>(values + (usize(rowOf(chunk, i)) << 2)));
  }
  return to;
}
