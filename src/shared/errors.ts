/**
 * What went wrong, as a closed set.
 *
 * | code | meaning |
 * |---|---|
 * | `INVALID_ARGUMENT` | a value has the wrong shape, range or type; nothing was changed |
 * | `DIMENSION_MISMATCH` | a vector's length is not the collection's `dimension` |
 * | `DUPLICATE_ID` | `insert` met an id that is already there, or one batch names an id twice |
 * | `CONFIG_MISMATCH` | the collection (or the open store) has other settings than those asked for |
 * | `QUOTA_EXCEEDED` | the browser has no room left for this write (see `needed`, `available`); nothing of it was written |
 * | `STORAGE_BLOCKED` | IndexedDB cannot be opened or used here, or another tab holds an old version open |
 * | `STORAGE_LOST` | the data on disk is gone or was replaced while the store was open |
 * | `CORRUPT` | stored bytes, or those of a backup file, do not match their checksum |
 * | `FORMAT_TOO_NEW` | the data was written by a newer release |
 * | `WORKER_LOST` | the worker ended before it answered; see `outcome` |
 * | `BACKEND_UNAVAILABLE` | the asked-for compute backend does not work here |
 * | `ABORTED` | the caller's `AbortSignal` fired; nothing was changed, but for an import, whose message says what stays, and a write of `storage: 'remote'` (see `applied`, `outcome`) |
 * | `UNAUTHORIZED` | the sync server does not take the token, also after `getToken` was asked again, or the token does not allow the call |
 * | `SYNC_REJECTED` | the sync server has refused it for good, or another write has won |
 * | `SERVER_UNAVAILABLE` | no sync server has answered, or it is overloaded; trying again may help (see `retryAfterMs`) |
 * | `CLOSED` | the store or collection was closed, dropped or destroyed |
 */
export type VectorStoreErrorCode =
  | 'INVALID_ARGUMENT'
  | 'DIMENSION_MISMATCH'
  | 'DUPLICATE_ID'
  | 'CONFIG_MISMATCH'
  | 'QUOTA_EXCEEDED'
  | 'STORAGE_BLOCKED'
  | 'STORAGE_LOST'
  | 'CORRUPT'
  | 'FORMAT_TOO_NEW'
  | 'WORKER_LOST'
  | 'BACKEND_UNAVAILABLE'
  | 'ABORTED'
  | 'CLOSED'
  | 'UNAUTHORIZED'
  | 'SYNC_REJECTED'
  | 'SERVER_UNAVAILABLE';

/** One bad position of a refused batch. */
export interface Problem {
  /** Index of the record (or query) in the caller's batch, from 0. */
  readonly position: number;
  /** Its id, where it has a usable one. */
  readonly id?: string;
  readonly code: VectorStoreErrorCode;
  /** What is wrong with it, with the numbers. */
  readonly message: string;
}

/** How many bad positions an error lists at most; `problemCount` tells how many there were. */
export const MAX_PROBLEMS = 100;

/** What a `VectorStoreError` may carry beside its message; see its properties. */
export interface VectorStoreErrorOptions {
  cause?: unknown;
  problems?: readonly Problem[];
  problemCount?: number;
  applied?: readonly string[];
  outcome?: 'unknown';
  needed?: number;
  available?: number;
  retryAfterMs?: number;
}

/**
 * The only error class of this package. `message` has three parts: what happened (with the numbers), why it
 * matters, what to do.
 */
export class VectorStoreError extends Error {
  override readonly name = 'VectorStoreError';
  readonly code: VectorStoreErrorCode;
  /** For a refused batch: its bad positions, the first 100. */
  declare readonly problems?: readonly Problem[];
  /** For a refused batch: how many positions are bad in all. */
  declare readonly problemCount?: number;
  /** For a write of `storage: 'remote'` that ended early: ids that were surely written, or deleted. Absent: none. */
  declare readonly applied?: readonly string[];
  /**
   * `'unknown'` where a write was in flight when the worker was lost, or no server has answered it: it may or may not
   * have been made.
   */
  declare readonly outcome?: 'unknown';
  /** For `QUOTA_EXCEEDED`: bytes that the write would have taken. */
  declare readonly needed?: number;
  /** For `QUOTA_EXCEEDED`: bytes that are left at most, as far as the browser tells. */
  declare readonly available?: number;
  /** For `SERVER_UNAVAILABLE`: milliseconds that the server asks to wait before the next try. */
  declare readonly retryAfterMs?: number;

  constructor(code: VectorStoreErrorCode, message: string, options: VectorStoreErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.problems) {
      this.problems = options.problems;
      this.problemCount = options.problemCount ?? options.problems.length;
    }
    if (options.applied !== undefined) this.applied = options.applied;
    if (options.outcome) this.outcome = options.outcome;
    if (options.needed !== undefined) this.needed = options.needed;
    if (options.available !== undefined) this.available = options.available;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** An error as plain data, for `postMessage`: structured clone keeps neither class nor `code`. */
export interface ErrorOnWire {
  readonly code: VectorStoreErrorCode | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: ErrorOnWire | undefined;
  readonly problems: readonly Problem[] | undefined;
  readonly problemCount: number | undefined;
  readonly applied: readonly string[] | undefined;
  readonly outcome: 'unknown' | undefined;
  readonly needed: number | undefined;
  readonly available: number | undefined;
  readonly retryAfterMs: number | undefined;
}

const MAX_CAUSE_DEPTH = 5;

export function errorToWire(error: unknown, depth = 0): ErrorOnWire {
  const e = error instanceof Error ? error : new Error(String(error));
  const ours = e instanceof VectorStoreError ? e : undefined;
  return {
    code: ours?.code,
    name: e.name,
    message: e.message,
    stack: e.stack,
    cause: e.cause === undefined || depth >= MAX_CAUSE_DEPTH ? undefined : errorToWire(e.cause, depth + 1),
    problems: ours?.problems,
    problemCount: ours?.problemCount,
    applied: ours?.applied,
    outcome: ours?.outcome,
    needed: ours?.needed,
    available: ours?.available,
    retryAfterMs: ours?.retryAfterMs,
  };
}

export function errorFromWire(wire: ErrorOnWire): Error {
  const cause = wire.cause === undefined ? undefined : errorFromWire(wire.cause);
  let error: Error;
  if (wire.code === undefined) {
    error = new Error(wire.message, cause === undefined ? undefined : { cause });
    error.name = wire.name;
  } else {
    error = new VectorStoreError(wire.code, wire.message, {
      ...(cause === undefined ? {} : { cause }),
      ...(wire.problems === undefined ? {} : { problems: wire.problems }),
      ...(wire.problemCount === undefined ? {} : { problemCount: wire.problemCount }),
      ...(wire.applied === undefined ? {} : { applied: wire.applied }),
      ...(wire.outcome === undefined ? {} : { outcome: wire.outcome }),
      ...(wire.needed === undefined ? {} : { needed: wire.needed }),
      ...(wire.available === undefined ? {} : { available: wire.available }),
      ...(wire.retryAfterMs === undefined ? {} : { retryAfterMs: wire.retryAfterMs }),
    });
  }
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

/** Refuses a batch, naming its bad positions: the first 100 of `problemCount`. */
export function batchError(
  what: string,
  problems: readonly Problem[],
  problemCount: number,
): VectorStoreError {
  const codes = new Set(problems.map((problem) => problem.code));
  const code = codes.size === 1 ? problems[0]!.code : 'INVALID_ARGUMENT';
  const shown = problems
    .slice(0, 3)
    .map(({ position, message }) => (position < 0 ? message : `position ${position}: ${message}`))
    .join(' ');
  const more = problemCount > 3 ? ` And ${problemCount - 3} more.` : '';
  return new VectorStoreError(
    code,
    `${problemCount} problem(s) in the ${what}: ${shown}${more} ` +
      'A batch is all or nothing, so nothing was changed. Mend the positions in error.problems, then repeat the call.',
    { problems: problems.slice(0, MAX_PROBLEMS), problemCount },
  );
}

/** Throws `ABORTED` if the signal has fired. */
export function throwIfAborted(signal: { readonly aborted: boolean; readonly reason?: unknown } | undefined) {
  if (signal?.aborted) throw abortedError(signal.reason);
}

export function abortedError(reason: unknown): VectorStoreError {
  return new VectorStoreError(
    'ABORTED',
    'The call was aborted by its signal. Nothing was changed. Repeat the call if its result is still wanted.',
    reason === undefined ? {} : { cause: reason },
  );
}
