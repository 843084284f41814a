import { VectorStoreError } from '../../shared/errors.js';
import { FORMAT, GenerationConflict } from './storage.js';

/** IndexedDB's error as ours; errors that are ours already pass through. */
export function fromIdbError(error: unknown, doing: string): Error {
  if (error instanceof VectorStoreError || error instanceof GenerationConflict) return error;
  const name = error instanceof Error ? error.name : '';
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  switch (name) {
    case 'QuotaExceededError':
      return new VectorStoreError(
        'QUOTA_EXCEEDED',
        `The browser had no room left while ${doing} (${detail}). Nothing of this write was kept. ` +
          'Delete records, or ask for more room with navigator.storage.persist(), then repeat the call.',
        { cause: error },
      );
    case 'VersionError':
      return new VectorStoreError(
        'FORMAT_TOO_NEW',
        `The database was written by a newer release (${detail}). This one cannot read it safely and has changed nothing. ` +
          'Update nearshore, or reload the page if another tab already runs the new release.',
        { cause: error },
      );
    default:
      return new VectorStoreError(
        'STORAGE_BLOCKED',
        `IndexedDB failed while ${doing} (${detail}). The operation did not take effect. ` +
          "Check that the page may use storage (private windows and blocked site data prevent it), or open the store with storage: 'memory'.",
        { cause: error },
      );
  }
}

export function tooNew(storeName: string, format: number): VectorStoreError {
  return new VectorStoreError(
    'FORMAT_TOO_NEW',
    `Store "${storeName}" has format ${format}; this release knows up to ${FORMAT}. ` +
      'Reading on could damage it, so nothing was changed. Update nearshore.',
  );
}
