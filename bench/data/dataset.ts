/** Vectors to store and the vectors held out of them; all of length 1, row-major. */
export interface Dataset {
  readonly name: DataName;
  readonly size: number;
  readonly dimension: number;
  /** All rows in order. A part is good until the next one is asked for. */
  parts(): AsyncIterable<Part>;
  /** Anything that is tuned (ef, targetRecall) is tuned on these and on nothing else. */
  readonly tuning: readonly Float32Array[];
  /** What is reported is measured with these. */
  readonly queries: readonly Float32Array[];
  /** Rows for single upserts: neither in the base nor among the queries. */
  readonly extra: readonly Float32Array[];
}

/** Consecutive rows. */
export interface Part {
  /** The first one's number. */
  readonly from: number;
  /** n × dimension. */
  readonly vectors: Float32Array<ArrayBuffer>;
}

export type DataName = 'mixture' | 'glove';

export const DIMENSIONS: Record<DataName, number> = { mixture: 384, glove: 100 };

/** Values of `Metadata.rank`. */
export const RANKS = 10_000;

/** A set with more bytes of vectors than this is made part by part, and again for each pass over it. */
export const MOST_IN_MEMORY = 2 ** 30;

export interface Metadata {
  /** 0 to 99, scattered by the row number: each value is 1 % of the rows. */
  bucket: number;
  /** 0 to 9,999: any 10,000 consecutive rows have each value once. */
  rank: number;
}

/** How many vectors are held out, by purpose. */
export interface HeldOut {
  readonly tuning: number;
  readonly queries: number;
  readonly extra: number;
}

export function idOf(row: number): string {
  return `row-${row}`;
}

/** The row of an id, or -1 for the id of an extra row. */
export function rowOf(id: string): number {
  return id.startsWith('row-') ? Number(id.slice(4)) : -1;
}

/** Neighbouring rows get scattered values, so that they do not line up with any order of the data. */
export function metadataOf(row: number): Metadata {
  // 7,919 has no divisor in common with the number of ranks.
  return { bucket: (Math.imul(row, 2654435761) >>> 8) % 100, rank: (row * 7_919) % RANKS };
}

export function rawBytes({ size, dimension }: Pick<Dataset, 'size' | 'dimension'>): number {
  return size * dimension * Float32Array.BYTES_PER_ELEMENT;
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
  return {
    name,
    size,
    dimension,
    async *parts() {
      yield { from: 0, vectors: base };
    },
    ...dealt(held, heldOut),
  };
}

/** Held-out rows by purpose, in turn, so that tuning and reported queries have the same distribution. */
export function dealt(
  held: readonly Float32Array[],
  heldOut: HeldOut,
): Pick<Dataset, 'tuning' | 'queries' | 'extra'> {
  const order = held.map((_, i) => i).sort((a, b) => spread(a) - spread(b) || a - b);
  const take = (from: number, count: number) => order.slice(from, from + count).map((i) => held[i]!);
  return {
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

export function normalise(vector: Float32Array): void {
  let square = 0;
  for (let i = 0; i < vector.length; i++) square += vector[i]! * vector[i]!;
  if (square === 0) throw new Error('The data has a vector of length zero; cosine is not defined for it.');
  const scale = 1 / Math.sqrt(square);
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
}
