import { batchError, MAX_PROBLEMS, type Problem, VectorStoreError } from '../../shared/errors.js';
import { MAX_BODY_BYTES } from '../../shared/sync/protocol.js';
import type { RemoteWriteResult } from '../../shared/sync/remote.js';
import type { WriteItems } from './write-items.js';

const WHAT = { 'set-metadata': 'metadata updates', delete: 'ids', upsert: 'records', insert: 'records' };

/** Positions that refuse the whole write, of which nothing was done. */
export function refusal({ mode, ids }: WriteItems, positions: readonly number[]): VectorStoreError {
  const code = mode === 'insert' ? 'DUPLICATE_ID' : 'INVALID_ARGUMENT';
  const why =
    mode === 'insert'
      ? 'is already in the collection. insert never replaces. Use upsert to replace it, or another id.'
      : 'is not in the collection. There is no vector that the metadata could belong to. Use upsert with a vector to create it.';
  const problems = positions.slice(0, MAX_PROBLEMS).map((position) => {
    const id = ids[position]!;
    return { position, id, code, message: `id ${JSON.stringify(id)} ${why}` } as const;
  });
  return batchError(WHAT[mode], problems, positions.length);
}

/** Positions that no request has room for: `[position, bytes]`. */
export function oversizedError(
  { mode, ids }: WriteItems,
  oversized: readonly (readonly [number, number])[],
): VectorStoreError {
  const problems = oversized.slice(0, MAX_PROBLEMS).map(([position, bytes]) => ({
    position,
    id: ids[position]!,
    code: 'INVALID_ARGUMENT' as const,
    message: `It takes ${bytes} bytes on the way to the server, which takes ${MAX_BODY_BYTES} at once. Keep its text shorter.`,
  }));
  return batchError(WHAT[mode], problems, oversized.length);
}

/** Whether the position is as was asked. */
export function isDone({ mode }: WriteItems, { status }: RemoteWriteResult): boolean {
  return status === 'ok' || (mode === 'delete' && status === 'absent');
}

/** How far a write has come that ended early. */
export interface Ended {
  readonly items: WriteItems;
  /** Of all positions that were answered. */
  readonly results: ReadonlyMap<number, RemoteWriteResult>;
  /** What ended it, where that was no result. */
  readonly fault?: VectorStoreError | undefined;
  /** A request was sent that was not answered. */
  readonly isUncertain: boolean;
}

export function endedEarly({ items, results, fault, isUncertain }: Ended): VectorStoreError {
  const { ids } = items;
  const applied: string[] = [];
  const problems: Problem[] = [];
  let left = 0;
  for (const [position, id] of ids.entries()) {
    const result = results.get(position);
    if (result !== undefined && isDone(items, result)) {
      applied.push(id);
      continue;
    }
    if (++left > MAX_PROBLEMS) continue;
    problems.push({ position, id, ...problemOf(result, fault, isUncertain) });
  }
  const unknown = isUncertain || [...results.values()].some(({ status }) => status === 'unavailable');
  const first = problems.find(({ position }) => results.has(position)) ?? problems[0]!;
  const code = fault?.code ?? first.code;
  const rest = unknown ? 'of others it is unknown' : 'the others are not';
  return new VectorStoreError(
    code,
    `${applied.length} of ${ids.length} positions of the write are on the server, and ${rest}: ${fault?.message ?? first.message} ` +
      'A write of a store that is kept on a server is atomic for each of its shards, not as a whole. error.applied lists the ids that were written; repeat the call for the others, or for all, which is harmless but for insert.',
    {
      ...(fault !== undefined && { cause: fault }),
      ...(fault?.retryAfterMs !== undefined && { retryAfterMs: fault.retryAfterMs }),
      ...(applied.length > 0 && { applied }),
      ...(unknown && { outcome: 'unknown' as const }),
      problems,
      problemCount: left,
    },
  );
}

function problemOf(
  result: RemoteWriteResult | undefined,
  fault: VectorStoreError | undefined,
  isUncertain: boolean,
): Pick<Problem, 'code' | 'message'> {
  switch (result?.status) {
    case 'quota':
      return { code: 'QUOTA_EXCEEDED', message: result.message };
    case 'invalid':
      return { code: 'INVALID_ARGUMENT', message: result.message };
    case 'unavailable':
      return { code: 'SERVER_UNAVAILABLE', message: result.message };
    case 'exists':
      return { code: 'DUPLICATE_ID', message: 'Another device has written this id meanwhile.' };
    case 'absent':
      return { code: 'INVALID_ARGUMENT', message: 'Another device has deleted this id meanwhile.' };
    case 'future':
      return { code: 'SERVER_UNAVAILABLE', message: 'The clocks of the servers are too far apart.' };
    default: {
      const message = isUncertain ? 'It may have been sent, and was not answered.' : 'It was not written.';
      return { code: fault?.code ?? 'SERVER_UNAVAILABLE', message };
    }
  }
}
