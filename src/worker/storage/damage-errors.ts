import { VectorStoreError } from '../../shared/errors.js';
import type { Column } from './storage.js';

export function damagedPage(segment: number, column: Column, index: number, what: string): VectorStoreError {
  return new VectorStoreError(
    'CORRUPT',
    `Page ${index} of column "${column}" in segment ${segment} ${what}. The records in it cannot be trusted, so none of them is returned. ` +
      'Restore them from a copy, or drop the collection.',
  );
}

export function damagedRowState(segment: number, chunk: number): VectorStoreError {
  return new VectorStoreError(
    'CORRUPT',
    `The row states of segment ${segment}, chunk ${chunk}, do not match their checksum. Which of its records were deleted cannot be told, so none of them is returned. ` +
      'Restore them from a copy, or drop the collection.',
  );
}

export function damagedIndex(segment: number): VectorStoreError {
  return new VectorStoreError(
    'CORRUPT',
    `The lists of the index of segment ${segment} do not fit its rows. Probing them would miss records, so the index is not used. ` +
      'It is made again from the records, which are whole.',
  );
}
