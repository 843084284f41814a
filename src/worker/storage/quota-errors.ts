import { VectorStoreError } from '../../shared/errors.js';

/** Before anything is written. */
export function tooLargeError(needed: number, available: number, quota: number): VectorStoreError {
  return new VectorStoreError(
    'QUOTA_EXCEEDED',
    `This write needs ${inWords(needed)}, and ${inWords(available)} of the quota of ${inWords(quota)} are left. A transaction may take half of what is left, and adding leaves a few megabytes, so that there is room to delete and compact. Nothing of it was written. ` +
      `${ADVICE} A smaller batch may fit.`,
    { needed, available },
  );
}

/** The browser has refused it. */
export function fullDiskError(needed: number, available: number, cause: unknown): VectorStoreError {
  return new VectorStoreError(
    'QUOTA_EXCEEDED',
    `The browser had no room for this write: it needs ${inWords(needed)}, and at most ${inWords(available)} are left. Nothing of it was kept; reads and deletes go on. ${ADVICE}`,
    { needed, available, cause },
  );
}

export function isQuotaError(error: unknown): error is VectorStoreError {
  return error instanceof VectorStoreError && error.code === 'QUOTA_EXCEEDED';
}

const ADVICE =
  'Delete records and call optimize(), drop a collection, or ask for more room with navigator.storage.persist(), then repeat the call.';

function inWords(bytes: number): string {
  return bytes < 1e5 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
}
