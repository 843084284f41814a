import type { MatchesOnWire } from '../../shared/worker-api.js';

export type Matches = Omit<MatchesOnWire, 'receipt'>;

/** One row of matches. */
export interface MatchRow {
  readonly from: Matches;
  readonly row: number;
  readonly origin?: 'local' | 'remote';
}

/** All of them, one after the other. */
export function joinMatches(parts: readonly Matches[]): Matches {
  if (parts.length === 1) return parts[0]!;
  return pickMatches(parts.flatMap((from) => from.ids.map((_, row) => ({ from, row }))));
}

/** These rows, in this order. A column is there where one of them has it. */
export function pickMatches(rows: readonly MatchRow[]): Matches {
  const column = (key: 'metadata' | 'texts') =>
    rows.some(({ from }) => from[key] !== undefined)
      ? rows.map(({ from, row }) => from[key]?.[row])
      : undefined;
  const [metadata, texts] = [column('metadata'), column('texts')];
  const vectors = vectorsOf(rows);
  return {
    ids: rows.map(({ from, row }) => from.ids[row]!),
    scores: rows.map(({ from, row }) => from.scores[row]!),
    distances: rows.map(({ from, row }) => from.distances[row]!),
    ...(metadata !== undefined && { metadata }),
    ...(texts !== undefined && { texts }),
    ...(vectors !== undefined && { vectors }),
    ...(rows.some(({ origin }) => origin !== undefined) && { origins: rows.map(({ origin }) => origin!) }),
  };
}

function vectorsOf(rows: readonly MatchRow[]): Float32Array<ArrayBuffer> | undefined {
  const first = rows.find(({ from }) => from.vectors !== undefined);
  if (first === undefined) return undefined;
  const dimension = first.from.vectors!.length / first.from.ids.length;
  const vectors = new Float32Array(rows.length * dimension);
  for (const [i, { from, row }] of rows.entries()) {
    vectors.set(from.vectors!.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  }
  return vectors;
}
