import { VectorStoreError } from '../../shared/errors.js';

export const refusedError = (id: string, reason: string) =>
  new VectorStoreError(
    'SYNC_REJECTED',
    `The write of "${id}" was refused: ${reason}. It stays on this device, pending, and is tried five times before ` +
      'it is set aside. Mend the record, or delete it.',
  );

export const quotaError = (reason: string) =>
  new VectorStoreError(
    'QUOTA_EXCEEDED',
    `The sync server has no room left: ${reason}. Writes stay on this device, pending, and are tried again. ` +
      'Delete records, or ask for more room on the server.',
  );

export const shardError = (shard: number, reason: string) =>
  new VectorStoreError(
    'SERVER_UNAVAILABLE',
    `Shard ${shard} of the collection did not answer: ${reason}. Its records are not synced meanwhile, others are. ` +
      'It is tried again by itself; if it stays so, see to Redis.',
  );

export const clockError = () =>
  new VectorStoreError(
    'SERVER_UNAVAILABLE',
    'The server goes on refusing stamps for being in the future, although they were made by its own time. ' +
      'These writes stay pending, and are tried again. If it stays so, compare the clocks of the Redis servers.',
  );

export const restlessError = (shard: number) =>
  new VectorStoreError(
    'SERVER_UNAVAILABLE',
    `The history of shard ${shard} goes on changing while it is being pulled. It is left for a later round. ` +
      'If it stays so, see to the failovers of Redis; another tab that syncs without Web Locks may be the cause, too.',
  );

export const stoppedError = () =>
  new VectorStoreError(
    'CLOSED',
    'The sync of this collection was stopped. What was pending stays pending on this device. Call sync() to go on.',
  );
