import { addLanes } from './lanes';
import {
  block,
  centre,
  codeStride,
  dimension,
  LOWS,
  lists,
  Metric,
  moved,
  normOf,
  RowSet,
  startOf,
  sums,
  vectorOf,
} from './layout';

// Rows as int8 codes: a row relative to the centre (under cosine at unit length first) is its codes times its scale,
// up to an error whose length is bounded from above, the rounding of float32 included.

/** Rows of the first page that make the centre of a block without lists. */
const CENTRE_ROWS: u32 = 1024;
/** Numbers below 2^-100 get zeros as codes: their scale would lose digits, or vanish. */
const LEAST_CODED: f32 = 7.888609052210118e-31;

let centreLength: f32 = 0;

/** The mean of the lists' centroids, or of the first rows that are there. Any other point would do, at a price in precision. */
export function findCentre(rows: u32): void {
  memory.fill(sums, 0, usize(dimension) << 3);
  let weight: f64 = 0;
  for (let list: u32 = 0; list < lists.rows; list++) {
    const size = startOf(list + 1) - startOf(list);
    addToSums(vectorOf(lists, list), size);
    weight += size;
  }
  if (lists.rows === 0) {
    const few = min(rows, CENTRE_ROWS);
    for (let row: u32 = 0; row < few; row++) addToSums(vectorOf(block, row), unitFactor(block, row));
    weight = few;
  }
  let squares: f64 = 0;
  for (let i: usize = 0; i < dimension; i++) {
    const mean = <f32>(load<f64>(sums + (i << 3)) / weight);
    store<f32>(centre + (i << 2), mean);
    squares += f64(mean) * f64(mean);
  }
  centreLength = f32(sqrt(squares));
}

function addToSums(vector: usize, weight: f64): void {
  for (let i: usize = 0; i < dimension; i++) {
    store<f64>(sums + (i << 3), load<f64>(sums + (i << 3)) + weight * <f64>load<f32>(vector + (i << 2)));
  }
}

/** What codes are of a row times this. */
function unitFactor(set: RowSet, row: u32): f32 {
  return set.metric === Metric.Cosine ? 1 / max<f32>(normOf(set, row), f32.MIN_NORMAL_VALUE) : 1;
}

export function quantise(set: RowSet, from: u32, to: u32): void {
  for (let row = from; row < to; row++) quantiseRow(set, row);
}

function quantiseRow(set: RowSet, row: u32): void {
  const column = usize(row) << 2;
  const greatest = moveRow(vectorOf(set, row), unitFactor(set, row));
  if (set.halfSquares !== 0) store<f32>(set.halfSquares + column, -0.5 * squaredLength(moved));
  const codes = set.codes + usize(row) * codeStride;
  const lows = set.lows === 0 ? 0 : set.lows + usize(row) * codeStride;
  if (greatest < LEAST_CODED) {
    memory.fill(codes, 0, codeStride);
    if (lows !== 0) memory.fill(lows, 0, codeStride);
    store<f32>(set.scales + column, 0);
    store<f32>(set.lengths + column, 0);
    store<f32>(set.errors + column, greatest * sqrt(f32(dimension)) + roundingOf(0));
    return;
  }
  const scale = greatest / 127;
  const ofCodes = writeCodes(codes, lows, 127 / greatest);
  const length = scale * sqrt(ofCodes);
  store<f32>(set.scales + column, scale);
  // sqrt(ofCodes) and the scale are rounded.
  store<f32>(set.lengths + column, length * 1.00001);
  // The sum of squares may be 6e-5 too small, at 4,096 dimensions.
  store<f32>(set.errors + column, scale * sqrt(squaredResiduals) * 1.001 + roundingOf(length));
}

/** A bound on the distance of a row from what its codes and lows stand for together. */
export function errorOfLows(set: RowSet, row: u32): f32 {
  const column = usize(row) << 2;
  const scale = load<f32>(set.scales + column);
  // Where there are no codes, their error is all there is.
  if (scale === 0) return load<f32>(set.errors + column);
  // Half a low in each number.
  const ofLows = (scale / (2 * LOWS)) * sqrt(f32(dimension)) * 1.001;
  return ofLows + roundingOf(load<f32>(set.lengths + column) + ofLows);
}

/** A bound on what rounding adds to the error of a row whose codes have this length. */
function roundingOf(length: f32): f32 {
  return centreLength * 2.4e-7 + length * 2e-6;
}

/** Writes the row times `factor`, relative to the centre, to `moved`; gives its greatest absolute number. */
function moveRow(vector: usize, factor: f32): f32 {
  const width = usize(dimension) << 2;
  const whole = width & ~15;
  const factors = f32x4.splat(factor);
  let greatest4 = f32x4.splat(0);
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const y = f32x4.sub(f32x4.mul(v128.load(vector + at), factors), v128.load(centre + at));
    v128.store(moved + at, y);
    greatest4 = f32x4.max(greatest4, f32x4.abs(y));
  }
  let greatest = greatestLane(greatest4);
  for (; at < width; at += 4) {
    const y = load<f32>(vector + at) * factor - load<f32>(centre + at);
    store<f32>(moved + at, y);
    greatest = max(greatest, abs(y));
  }
  for (; at < usize(codeStride) << 2; at += 4) store<f32>(moved + at, 0);
  return greatest;
}

function greatestLane(a: v128): f32 {
  return max(
    max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)),
    max(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)),
  );
}

function squaredLength(vector: usize): f32 {
  let squares = f32x4.splat(0);
  for (let at: usize = 0; at < usize(codeStride) << 2; at += 16) {
    const y = v128.load(vector + at);
    squares = f32x4.add(squares, f32x4.mul(y, y));
  }
  return addLanes(squares);
}

let squaredResiduals: f32 = 0;

/**
 * Writes `moved` times `factor` as codes, and what they leave open as lows; gives the sum of the codes' squares, and
 * that of what rounding them took.
 */
function writeCodes(codes: usize, lows: usize, factor: f32): f32 {
  const factors = f32x4.splat(factor);
  let ofCodes = f32x4.splat(0);
  let ofResiduals = f32x4.splat(0);
  for (let i: usize = 0; i < codeStride; i += 8) {
    const a = f32x4.mul(v128.load(moved + (i << 2)), factors);
    const b = f32x4.mul(v128.load(moved + (i << 2), 16), factors);
    const p = f32x4.nearest(a);
    const q = f32x4.nearest(b);
    ofCodes = f32x4.add(ofCodes, f32x4.add(f32x4.mul(p, p), f32x4.mul(q, q)));
    const r = f32x4.sub(a, p);
    const s = f32x4.sub(b, q);
    ofResiduals = f32x4.add(ofResiduals, f32x4.add(f32x4.mul(r, r), f32x4.mul(s, s)));
    writeBytes(codes + i, p, q);
    if (lows === 0) continue;
    const perCode = f32x4.splat(LOWS);
    writeBytes(lows + i, f32x4.nearest(f32x4.mul(r, perCode)), f32x4.nearest(f32x4.mul(s, perCode)));
  }
  squaredResiduals = addLanes(ofResiduals);
  return addLanes(ofCodes);
}

function writeBytes(at: usize, first: v128, second: v128): void {
  const wide = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(first), i32x4.trunc_sat_f32x4_s(second));
  v128.store64_lane(at, i8x16.narrow_i16x8_s(wide, wide), 0);
}
