// The conversation of `makeFaults()` on the page with the worker that has the faults. It goes over the worker itself,
// beside the store's own, which has a port.

/** Methods of an object store that make a request. */
export const REQUEST_CALLS = [
  'get',
  'getKey',
  'getAll',
  'getAllKeys',
  'count',
  'openCursor',
  'openKeyCursor',
  'put',
  'add',
  'delete',
  'clear',
] as const;

/** Calls to IndexedDB that are counted and can fail. `'complete'`: the end of a transaction that writes. */
export const STORAGE_CALLS = [
  'open',
  'deleteDatabase',
  'databases',
  'createObjectStore',
  'deleteObjectStore',
  'transaction',
  ...REQUEST_CALLS,
  'complete',
] as const;

/** One of `STORAGE_CALLS`. */
export type StorageCall = (typeof STORAGE_CALLS)[number];

/**
 * Moments of one commit, in their order. Not every commit has them all: row states are put where records are replaced
 * or deleted, pages are deleted where segments are merged.
 */
export const COMMIT_POINTS = [
  'before-transaction',
  'transaction-opened',
  'generation-read',
  'first-page-put',
  /** Half of as many pages as this worker's last commit put. */
  'half-of-pages-put',
  'last-page-put',
  'row-states-put',
  'removed-pages-deleted',
  'row-put',
  /** Every request has succeeded; the transaction is still open. */
  'requests-succeeded',
  /** Before the store is told. */
  'complete',
  /** The answer has been sent to the page. */
  'answered',
] as const;

/** One of `COMMIT_POINTS`. */
export type CommitPoint = (typeof COMMIT_POINTS)[number];

/** How a storage call fails. The names are for the ways that browsers were seen to fail. */
export type StorageFailure =
  /** Chromium's full disk: all requests succeed, then the transaction aborts with `QuotaExceededError`. */
  | 'quota-at-commit'
  /** Firefox's: the request fails with `QuotaExceededError`, later calls throw `InvalidStateError`. */
  | 'quota-at-request'
  /** The call throws `InvalidStateError`, running transactions abort, the database gets a `close` event. */
  | 'connection-lost'
  /** The request fails with `UnknownError`, and its transaction aborts. */
  | 'unknown-error'
  /** The call throws `InvalidStateError`, once; the connection is fine. */
  | 'invalid-state'
  /** The transaction aborts at its end. */
  | 'abort-at-commit'
  /** Any other: the `DOMException` of this name comes out of the call, its request, or the transaction's end. */
  | { readonly name: string; readonly from: 'call' | 'request' | 'commit' };

/** The n-th call to IndexedDB. */
export interface NthCall {
  /** Which call from now on: 1 is the next. Default: 1. */
  readonly call?: number;
  /** Counts calls of this name, or of these names, alone. */
  readonly on?: StorageCall | readonly StorageCall[];
}

/** A moment of a commit. */
export interface AtPoint {
  readonly point: CommitPoint;
}

/** A call, counted from now on, or a point of the next commit that has it. */
export type FaultPlace = NthCall | AtPoint;

/** Which storage calls fail, and how. */
export type CallFault = (NthCall | { readonly point: FailingPoint }) & {
  readonly error: StorageFailure;
  /** How many such calls in a row fail. Default: 1; `Infinity`: all, until `reset()`. */
  readonly times?: number;
};

/** After these nothing is left to fail. */
export type FailingPoint = Exclude<CommitPoint, 'complete' | 'answered'>;

/** What `Faults.counts` tells. */
export interface CallCounts {
  /** Storage calls of this worker since it started, or since `reset()`. */
  readonly total: number;
  /** Faults that have come about. */
  readonly failed: number;
  readonly byCall: Readonly<Partial<Record<StorageCall, number>>>;
}

export type Command =
  | { readonly do: 'fail'; readonly fault: CallFault }
  /** The thread stands still for as long as `token`, a `blob:` URL, can be fetched; `witness` always can. */
  | { readonly do: 'hold'; readonly place: FaultPlace; readonly token: string; readonly witness: string }
  | { readonly do: 'count' }
  | { readonly do: 'lose-connection' }
  | { readonly do: 'evict'; readonly store: string }
  | { readonly do: 'lose-gpu' }
  | { readonly do: 'offline'; readonly offline: boolean }
  | { readonly do: 'requests' }
  | { readonly do: 'reset' };

export interface CommandMessage {
  readonly nearshoreFaults: Command;
  readonly id: number;
}

export type Report =
  | { readonly is: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly is: 'failure'; readonly id: number; readonly message: string }
  /** A hold has been reached; a fault has come about for the last time. */
  | { readonly is: 'spent'; readonly id: number }
  /** Transactions that write and are open now. */
  | { readonly is: 'transactions'; readonly open: number };

export interface ReportMessage {
  readonly nearshoreFaults: Report;
}

export function databaseOf(store: string): string {
  return `nearshore:${store}`;
}
