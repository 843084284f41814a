import { isQuotaError } from '../storage/quota-errors.js';
import { type MergeOptions, merge, reclaimingMerges } from './compact.js';
import type { CollectionState } from './state.js';

/**
 * As `merge`. Where there is no room for it, smaller merges that give space back are done instead, without training, and
 * it rejects with `QUOTA_EXCEEDED` all the same.
 */
export async function mergeWithinRoom(
  state: CollectionState,
  segments: readonly number[],
  options: MergeOptions,
): Promise<boolean> {
  try {
    return await merge(state, segments, options);
  } catch (error) {
    if (!isQuotaError(error)) throw error;
    for (const group of reclaimingMerges(state.current)) {
      await merge(state, group, { ...options, training: undefined }).catch((fault: unknown) => {
        if (!isQuotaError(fault)) throw fault;
      });
    }
    throw error;
  }
}
