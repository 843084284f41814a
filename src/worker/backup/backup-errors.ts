import { VectorStoreError } from '../../shared/errors.js';

export function damagedBackup(what: string, cause?: unknown): VectorStoreError {
  return new VectorStoreError(
    'CORRUPT',
    `The backup file is damaged: ${what}. What follows in it cannot be trusted, so it is not read on. ` +
      'Take another copy of the file.',
    cause === undefined ? {} : { cause },
  );
}

export function newerBackup(what: string): VectorStoreError {
  return new VectorStoreError(
    'FORMAT_TOO_NEW',
    `The backup file ${what}, which this release does not know. Reading on could leave out records. Update nearshore.`,
  );
}
