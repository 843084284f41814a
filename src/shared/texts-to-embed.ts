import { type StringColumn, unpackString } from './string-column.js';
import type { KeptVectors, QueryOnWire } from './worker-api.js';

/** Whether a vector is to be made of the query's text. */
export function isToEmbed({ keyword, vector, id }: QueryOnWire): boolean {
  return keyword === undefined && vector === undefined && id === undefined;
}

/** Puts the vectors that are kept in their rows; gives the rows that are left. */
export function takeKept(
  vectors: Float32Array,
  rows: readonly number[],
  kept: KeptVectors,
): readonly number[] {
  const { positions, vectors: own } = kept;
  const dimension = own.length / positions.length;
  for (const [i, position] of positions.entries()) {
    vectors.set(own.subarray(i * dimension, (i + 1) * dimension), rows[position]! * dimension);
  }
  const isKept = new Set(positions);
  return rows.filter((_, position) => !isKept.has(position));
}

/** Each text once, with the rows that have it, in the order of their first. */
export function rowsByText(texts: StringColumn, rows: readonly number[]): Map<string, number[]> {
  const byText = new Map<string, number[]>();
  for (const row of rows) {
    const text = unpackString(texts, row);
    const own = byText.get(text);
    if (own === undefined) byText.set(text, [row]);
    else own.push(row);
  }
  return byText;
}
