import { operationBytes } from '../../shared/sync/operation-bytes.js';
import { MAX_OPERATIONS, type Operation, PUSH_BYTES, type WithVector } from '../../shared/sync/protocol.js';

/** Cuts operations into pushes: 500 operations, or 4 MiB unless a single one has more. */
export function* pushBatches(
  operations: readonly WithVector<Operation>[],
): Generator<readonly WithVector<Operation>[]> {
  let begin = 0;
  let bytes = 0;
  for (const [i, operation] of operations.entries()) {
    const size = operationBytes(operation);
    if (i > begin && (i - begin === MAX_OPERATIONS || bytes + size > PUSH_BYTES)) {
      yield operations.slice(begin, i);
      begin = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (begin < operations.length) yield operations.slice(begin);
}
