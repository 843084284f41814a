import { VectorStoreError } from '../shared/errors.js';

export function closedError(name: string): VectorStoreError {
  return new VectorStoreError(
    'CLOSED',
    `Store "${name}" has been closed. Its worker no longer answers for it. Open it again with openStore().`,
  );
}
