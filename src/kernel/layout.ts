// Where things are in the memory of an instance. One instance serves one block: what belongs to the block is laid out
// once, the scratch space of a search behind it.

export enum Metric {
  Cosine,
  Dot,
  L2,
}

/** How the rows of a block are held; as in src/worker/compute/simd-instance.ts. */
export enum Form {
  Floats,
  FloatsAndCodes,
  /** Codes and what they leave open: together 16 bits for each number. */
  Codes16,
  Codes8,
}

/** Rows that are searched: those of the block, or the centroids of its lists. */
@unmanaged
export class RowSet {
  rows: u32;
  metric: Metric;
  /** Every row is at `vectors`; otherwise a few that are being quantised. */
  hasVectors: bool;
  /** The row that is first at `vectors` and `norms`. */
  firstVector: u32;
  /** rows × dimension float32, or STAGED_ROWS × dimension. */
  vectors: usize;
  /** Per row its Euclidean norm, float32; 0 where none are needed. */
  norms: usize;
  /** rows × codeStride int8; 0: there are none, and so none of what follows. */
  codes: usize;
  /** rows × codeStride int8: what codes leave open, in 254ths of a code; 0: none. */
  lows: usize;
  /** Per row a float32: a code times this is a number of the row. */
  scales: usize;
  /** Per row a float32, not less than the distance of the row from what its codes stand for. */
  errors: usize;
  /** Per row a float32, not less than the length of what the codes stand for. */
  lengths: usize;
  /** Per row minus half the squared length, float32; l2 only. */
  halfSquares: usize;
}

/** Rows that are quantised at a time where a block does not keep their float32. */
export const STAGED_ROWS: u32 = 1024;
/** `lows` that make a code. */
export const LOWS: f32 = 254;

/** Reads of whole vectors may go beyond the end of an array by less than this. */
const OVERREAD: u64 = 32;

export let dimension: u32 = 0;
/** Bytes of a row's codes: the dimension, rounded up to a multiple of 8. */
export let codeStride: u32 = 0;
export const block: RowSet = changetype<RowSet>(memory.data(offsetof<RowSet>()));
export const lists: RowSet = changetype<RowSet>(memory.data(offsetof<RowSet>()));
/** First row of each list, and behind the last list the number of rows; uint32. */
export let listStarts: usize = 0;
/** Codes are of rows relative to this point: what they have in common costs no digits. */
export let centre: usize = 0;
/** A number per dimension, float64, for whoever is at work. */
export let sums: usize = 0;
/** One row of float32, for whoever is at work. */
export let moved: usize = 0;
/** Bitmap of the rows to leave out. */
export let excludedRows: usize = 0;
/** The rows to look at, uint32, ascending. */
export let listedRows: usize = 0;
export let scratch: usize = 0;

let end: u64 = 0;

/** Room for `bytes`, aligned to 16 bytes. */
export function take(bytes: u64): usize {
  const at = end;
  end += (bytes + OVERREAD + 15) & ~15;
  return usize(at);
}

/** Forgets what was taken since the block was laid out. */
export function rewind(): void {
  end = scratch;
}

/** Bytes that are laid out, more than fit in memory perhaps. */
export function taken(): f64 {
  return f64(end);
}

export function layOut(rows: u32, width: u32, metric: Metric, listCount: u32, form: Form): void {
  end = u64(__heap_base);
  dimension = width;
  codeStride = (width + 7) & ~7;
  layOutSet(block, rows, metric, form);
  const formOfLists = form === Form.Floats ? Form.Floats : Form.FloatsAndCodes;
  layOutSet(lists, listCount, metric === Metric.L2 ? Metric.L2 : Metric.Dot, formOfLists);
  listStarts = take(4 * (u64(listCount) + 1));
  centre = take(4 * u64(codeStride));
  sums = take(8 * u64(codeStride));
  moved = take(4 * u64(codeStride));
  excludedRows = take((u64(rows) + 7) >> 3);
  listedRows = take(4 * u64(rows));
  scratch = usize(end);
}

function layOutSet(set: RowSet, rows: u32, metric: Metric, form: Form): void {
  const column = 4 * u64(rows);
  const hasCodes = form !== Form.Floats;
  set.rows = rows;
  set.metric = metric;
  set.hasVectors = form <= Form.FloatsAndCodes;
  set.firstVector = 0;
  const floats = set.hasVectors ? column : 4 * min(u64(rows), STAGED_ROWS);
  set.vectors = take(floats * dimension);
  const needsNorms = metric === Metric.Cosine || (metric === Metric.Dot && !hasCodes);
  set.norms = needsNorms ? take(floats) : 0;
  set.codes = hasCodes ? take(u64(rows) * codeStride) : 0;
  set.lows = form === Form.Codes16 ? take(u64(rows) * codeStride) : 0;
  set.scales = hasCodes ? take(column) : 0;
  set.errors = hasCodes ? take(column) : 0;
  set.lengths = hasCodes ? take(column) : 0;
  set.halfSquares = hasCodes && metric === Metric.L2 ? take(column) : 0;
}

export function vectorOf(set: RowSet, row: u32): usize {
  return set.vectors + usize(row - set.firstVector) * (dimension << 2);
}

export function normOf(set: RowSet, row: u32): f32 {
  return load<f32>(set.norms + (usize(row - set.firstVector) << 2));
}

/** First row of a list. */
export function startOf(list: u32): u32 {
  return load<u32>(listStarts + (usize(list) << 2));
}

/** What is read beyond the last vector is multiplied by zero: it has to be a number. */
export function endWithZeros(set: RowSet): void {
  if (set.hasVectors) v128.store(vectorOf(set, set.rows), i64x2.splat(0));
}
