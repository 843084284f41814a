import { VectorStoreError } from '../../shared/errors.js';

const CONNECTION_LOST = /connection.*(lost|clos)/i;

/**
 * Whether the handle it came from has to be dropped. Safari says `UnknownError`, "Connection to Indexed Database server
 * lost"; a closed connection throws `InvalidStateError` in every browser.
 */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof VectorStoreError || !(error instanceof Error)) return false;
  return ['InvalidStateError', 'UnknownError'].includes(error.name) || CONNECTION_LOST.test(error.message);
}

export function lostError(store: string, reason: string): VectorStoreError {
  return new VectorStoreError(
    'STORAGE_LOST',
    `The data of store "${store}" is gone: ${reason}. Nothing is read or written here any more, so that no empty store passes for the one that was lost. ` +
      'Close every handle of it, open it again with openStore(), and fill it from a copy.',
  );
}

export function outdatedError(store: string): VectorStoreError {
  return new VectorStoreError(
    'STORAGE_BLOCKED',
    `Another tab upgrades store "${store}" with a newer release, so the connection of this tab was closed. Nothing more can be read or written here. ` +
      'Reload the page.',
  );
}

export function closedError(store: string): VectorStoreError {
  return new VectorStoreError(
    'CLOSED',
    `Store "${store}" has been closed. Its database is no longer reached from here. Open it again with openStore().`,
  );
}

export function waitedInVainError(database: string, seconds: number): VectorStoreError {
  return new VectorStoreError(
    'STORAGE_BLOCKED',
    `The database "${database}" could not be had for ${seconds} s: another tab keeps it open although it was asked to close it, or is deleting or upgrading it. ` +
      'It cannot be used meanwhile. Close or reload the other tabs of this site.',
  );
}

/** For a write that may have ended well under a connection that was then lost. */
export function unseenEndError(doing: string, cause: Error): VectorStoreError {
  return new VectorStoreError(
    'STORAGE_BLOCKED',
    `The connection to IndexedDB was lost while ${doing}, and what became of it could not be looked up (${cause.message}). It may or may not be on disk; what was acknowledged before is. ` +
      'Repeat the call: upsert and delete are harmless to repeat.',
    { cause, outcome: 'unknown' },
  );
}
