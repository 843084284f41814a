/** Vectors to store and the vectors held out of them; all of length 1, row-major. */
export interface Dataset {
  readonly name: DataName;
  readonly size: number;
  readonly dimension: number;
  /** size × dimension. */
  readonly base: Float32Array<ArrayBuffer>;
  readonly ids: readonly string[];
  readonly metadata: readonly Metadata[];
  /** Anything that is tuned (ef) is tuned on these and on nothing else. */
  readonly tuning: readonly Float32Array[];
  /** What is reported is measured with these. */
  readonly queries: readonly Float32Array[];
  /** Rows for single upserts: neither in the base nor among the queries. */
  readonly extra: readonly Float32Array[];
}

export type DataName = 'mixture' | 'glove';

export const DIMENSIONS: Record<DataName, number> = { mixture: 384, glove: 100 };

export interface Metadata {
  /** 0 to 99, spread by the row number: each value is 1 % of the rows. */
  bucket: number;
}

/** How many vectors are held out, by purpose. */
export interface HeldOut {
  readonly tuning: number;
  readonly queries: number;
  readonly extra: number;
}

/** The bucket that the filter row asks for. */
export const FILTER_BUCKET = 37;

export function idOf(row: number): string {
  return `row-${row}`;
}

/** The row of an id, or -1 for the id of an extra row. */
export function rowOf(id: string): number {
  return id.startsWith('row-') ? Number(id.slice(4)) : -1;
}

/** Rows do not line up with any order of the data: consecutive rows get scattered buckets. */
export function bucketOf(row: number): number {
  return (Math.imul(row, 2654435761) >>> 8) % 100;
}

/** Deals a block of rows out into base and held-out vectors, normalised. `heldRows` are ascending. */
export function split(
  name: DataName,
  dimension: number,
  rows: Float32Array<ArrayBuffer>,
  heldRows: readonly number[],
  heldOut: HeldOut,
): Dataset {
  const total = rows.length / dimension;
  const size = total - heldRows.length;
  const base = new Float32Array(size * dimension);
  const held: Float32Array[] = [];
  const isHeld = new Set(heldRows);
  let next = 0;
  for (let row = 0; row < total; row++) {
    const vector = rows.subarray(row * dimension, (row + 1) * dimension);
    normalise(vector);
    if (isHeld.has(row)) held.push(vector.slice());
    else base.set(vector, next++ * dimension);
  }
  // Held-out rows are dealt in turn, so that tuning and reported queries have the same distribution.
  const order = held.map((_, i) => i).sort((a, b) => spread(a) - spread(b) || a - b);
  const take = (from: number, count: number) => order.slice(from, from + count).map((i) => held[i]!);
  return {
    name,
    size,
    dimension,
    base,
    ids: Array.from({ length: size }, (_, row) => idOf(row)),
    metadata: Array.from({ length: size }, (_, row) => ({ bucket: bucketOf(row) })),
    tuning: take(0, heldOut.tuning),
    queries: take(heldOut.tuning, heldOut.queries),
    extra: take(heldOut.tuning + heldOut.queries, heldOut.extra),
  };
}

export function heldOutTotal(heldOut: HeldOut): number {
  return heldOut.tuning + heldOut.queries + heldOut.extra;
}

function spread(i: number): number {
  return Math.imul(i + 1, 2654435761) >>> 0;
}

function normalise(vector: Float32Array): void {
  let square = 0;
  for (let i = 0; i < vector.length; i++) square += vector[i]! * vector[i]!;
  if (square === 0) throw new Error('The data has a vector of length zero; cosine is not defined for it.');
  const scale = 1 / Math.sqrt(square);
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
}
