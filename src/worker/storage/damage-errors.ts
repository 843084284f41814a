import { VectorStoreError } from '../../shared/errors.js';
import type { Column } from './storage.js';

/** What of a segment was found damaged. */
export interface Damage {
  readonly segment: number;
  /** In words. */
  readonly what: string;
  /** A page of a column; undefined: the row states. */
  readonly page?: { readonly column: Column; readonly index: number };
}

/** The records do not depend on these. */
const INDEX_COLUMNS: ReadonlySet<Column> = new Set(['list-centroids', 'list-starts']);

const damages = new WeakMap<Error, Damage>();

/** Where the error says that a segment cannot be trusted: which, and why. */
export function damageOf(error: unknown): Damage | undefined {
  return error instanceof Error ? damages.get(error) : undefined;
}

export function damagedPage(segment: number, column: Column, index: number, what: string): VectorStoreError {
  const described = `Page ${index} of column "${column}" in segment ${segment} ${what}`;
  const error = new VectorStoreError(
    'CORRUPT',
    `${described}. The records of that segment cannot be trusted, so none of them is returned. Restore them from a backup.`,
  );
  if (!INDEX_COLUMNS.has(column)) damages.set(error, { segment, what: described, page: { column, index } });
  return error;
}

export function damagedRowState(segment: number, chunk: number): VectorStoreError {
  return damagedStates(
    segment,
    `The row states of segment ${segment}, chunk ${chunk}, do not match their checksum`,
  );
}

export function missingRowStates(segment: number, dead: number, found: number): VectorStoreError {
  return damagedStates(
    segment,
    `The row states of segment ${segment} name ${found} dead rows where ${dead} are dead`,
  );
}

function damagedStates(segment: number, what: string): VectorStoreError {
  const error = new VectorStoreError(
    'CORRUPT',
    `${what}. Which of its records were replaced or deleted cannot be told, so none of them is returned. Restore them from a backup.`,
  );
  damages.set(error, { segment, what });
  return error;
}

export function damagedCollection(name: string): VectorStoreError {
  return new VectorStoreError(
    'CORRUPT',
    `The list of segments of collection "${name}" does not match its checksum. Which records it has cannot be told, so none is returned; other collections are not concerned. ` +
      'Drop the collection with store.dropCollection(), and restore it from a backup.',
  );
}

export function damagedIndex(segment: number): VectorStoreError {
  return new VectorStoreError(
    'CORRUPT',
    `The lists of the index of segment ${segment} do not fit its rows. Probing them would miss records, so the index is not used. ` +
      'It is made again from the records, which are whole.',
  );
}
