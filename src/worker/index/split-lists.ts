import type { Pace } from './pace.js';
import type { Space } from './space.js';

/** Rows by which a cut is aimed; all of them are cut. */
const AIMED_BY = 512;
const ROUNDS = 3;

/**
 * Cuts the rows of one cluster into the fewest lists of at most `longest` rows, nearly equal in size, so that near rows
 * stay together: halves it again and again at a multiple of the lists' size, across the direction in which two
 * balanced means lie apart.
 */
export async function splitCluster(
  space: Space,
  rows: Uint32Array<ArrayBuffer>,
  longest: number,
  pace: Pace,
): Promise<Uint32Array<ArrayBuffer>[]> {
  const parts = Math.ceil(rows.length / longest);
  if (parts <= 1) return [rows];
  const left = parts >> 1;
  const cut = Math.round((rows.length * left) / parts);
  const isLeft = await leftPart(space, rows, cut, pace);
  const halves = [1, 0].map((side) => rows.filter((_, i) => isLeft[i] === side));
  if (halves[0]!.length !== cut) throw new Error(`Among ${rows.length} rows are some that compute to NaN.`);
  const lists: Uint32Array<ArrayBuffer>[] = [];
  for (const half of halves) lists.push(...(await splitCluster(space, half, longest, pace)));
  return lists;
}

/** 1 for each of the `cut` rows that lie farthest along the direction of the cut. */
async function leftPart(space: Space, rows: Uint32Array, cut: number, pace: Pace): Promise<Uint8Array> {
  const places = new Float64Array(rows.length);
  const direction = await directionOf(space, rows, cut / rows.length, pace);
  const point = new Float64Array(space.dimension);
  for (let i = 0; i < rows.length; i++) {
    space.write(rows[i]!, point, 0);
    places[i] = product(point, 0, direction);
    if ((i & 63) === 63) await pace.step();
  }
  return greatest(places, cut);
}

/** From the mean of the right part towards that of the left one, where the left part has the given share of a sample. */
async function directionOf(
  space: Space,
  rows: Uint32Array,
  share: number,
  pace: Pace,
): Promise<Float64Array> {
  const { dimension } = space;
  const count = Math.min(rows.length, AIMED_BY);
  const cut = Math.min(count - 1, Math.max(1, Math.round(count * share)));
  const points = new Float64Array(count * dimension);
  for (let i = 0; i < count; i++) {
    space.write(rows[Math.floor((i * rows.length) / count)]!, points, i * dimension);
  }
  const pole = farthestFrom(0, points, dimension);
  const opposite = farthestFrom(pole, points, dimension);
  let direction = new Float64Array(dimension);
  for (let i = 0; i < dimension; i++) {
    direction[i] = points[pole * dimension + i]! - points[opposite * dimension + i]!;
  }
  for (let round = 0; round < ROUNDS; round++) {
    await pace.step();
    const places = Float64Array.from({ length: count }, (_, i) => product(points, i * dimension, direction));
    const isLeft = greatest(places, cut);
    const next = new Float64Array(dimension);
    for (let point = 0; point < count; point++) {
      const weight = isLeft[point] === 1 ? 1 / cut : -1 / (count - cut);
      const from = point * dimension;
      for (let i = 0; i < dimension; i++) next[i]! += weight * points[from + i]!;
    }
    direction = next;
  }
  return direction;
}

function farthestFrom(point: number, points: Float64Array, dimension: number): number {
  let farthest = point;
  let most = 0;
  const from = point * dimension;
  for (let other = 0; other < points.length / dimension; other++) {
    let squares = 0;
    for (let i = 0; i < dimension; i++) {
      const difference = points[other * dimension + i]! - points[from + i]!;
      squares += difference * difference;
    }
    if (squares > most) {
      most = squares;
      farthest = other;
    }
  }
  return farthest;
}

/** 1 for the `count` greatest values, 0 for the others; of equal ones the first count as greater. */
function greatest(values: Float64Array, count: number): Uint8Array {
  const least = values.toSorted()[values.length - count]!;
  let ties = count;
  for (const value of values) if (value > least) ties--;
  return Uint8Array.from(values, (value) => (value > least || (value === least && ties-- > 0) ? 1 : 0));
}

function product(points: Float64Array, at: number, direction: Float64Array): number {
  let a = 0;
  let b = 0;
  const n = direction.length;
  let i = 0;
  for (; i + 2 <= n; i += 2) {
    a += points[at + i]! * direction[i]!;
    b += points[at + i + 1]! * direction[i + 1]!;
  }
  if (i < n) a += points[at + i]! * direction[i]!;
  return a + b;
}
