import { VectorStoreError } from '../shared/errors.js';

export function closedError(name: string): VectorStoreError {
  return new VectorStoreError(
    'CLOSED',
    `Store "${name}" has been closed. Its worker no longer answers for it. Open it again with openStore().`,
  );
}

export function destroyedError(name: string): VectorStoreError {
  return new VectorStoreError(
    'CLOSED',
    `Store "${name}" has been destroyed in another tab. Its data is gone, and nothing can be read or written here. ` +
      'Close this handle and call openStore() to begin an empty one.',
  );
}
