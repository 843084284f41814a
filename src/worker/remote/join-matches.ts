import type { MatchesOnWire, RecordsOnWire } from '../../shared/worker-api.js';

export type Matches = Omit<MatchesOnWire, 'receipt'>;

interface RecordRow {
  readonly from: RecordsOnWire;
  readonly row: number;
}

/** One row of matches. */
export interface MatchRow extends RecordRow {
  readonly from: Matches;
  readonly origin?: 'local' | 'remote';
}

/** What only a server was asked for. */
export function ofServer(answer: MatchesOnWire): MatchesOnWire {
  return { ...answer, origins: answer.ids.map(() => 'remote') };
}

/** All of them, one after the other. */
export function joinMatches(parts: readonly Matches[]): Matches {
  if (parts.length === 1) return parts[0]!;
  return pickMatches(parts.flatMap((from) => from.ids.map((_, row) => ({ from, row }))));
}

/** All of them, one after the other. */
export function joinRecords(parts: readonly RecordsOnWire[]): RecordsOnWire {
  if (parts.length === 1) return parts[0]!;
  return pickRecords(parts.flatMap((from) => from.ids.map((_, row) => ({ from, row }))));
}

/** These rows, in this order. */
export function pickMatches(rows: readonly MatchRow[]): Matches {
  return {
    ...pickRecords(rows),
    scores: rows.map(({ from, row }) => from.scores[row]!),
    distances: rows.map(({ from, row }) => from.distances[row]!),
    ...(rows.some(({ origin }) => origin !== undefined) && { origins: rows.map(({ origin }) => origin!) }),
  };
}

/** A column is there where one of them has it. */
function pickRecords(rows: readonly RecordRow[]): RecordsOnWire {
  const column = (key: 'metadata' | 'texts') =>
    rows.some(({ from }) => from[key] !== undefined)
      ? rows.map(({ from, row }) => from[key]?.[row])
      : undefined;
  const [metadata, texts] = [column('metadata'), column('texts')];
  const vectors = vectorsOf(rows);
  return {
    ids: rows.map(({ from, row }) => from.ids[row]!),
    ...(metadata !== undefined && { metadata }),
    ...(texts !== undefined && { texts }),
    ...(vectors !== undefined && { vectors }),
  };
}

function vectorsOf(rows: readonly RecordRow[]): Float32Array<ArrayBuffer> | undefined {
  const first = rows.find(({ from }) => from.vectors !== undefined);
  if (first === undefined) return undefined;
  const dimension = first.from.vectors!.length / first.from.ids.length;
  const vectors = new Float32Array(rows.length * dimension);
  for (const [i, { from, row }] of rows.entries()) {
    vectors.set(from.vectors!.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  }
  return vectors;
}
