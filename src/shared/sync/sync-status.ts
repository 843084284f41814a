import type { VectorStoreError } from '../errors.js';

/**
 * `idle`: everything there was is synced. `offline`: no network, or no server answers; it goes on by itself. `error`:
 * see `error`; it goes on by itself where that may help, else with the next `now()`.
 */
export type SyncState = 'idle' | 'syncing' | 'offline' | 'error' | 'stopped';

/** A write that the server refuses for good, five times. It is tried again once it is changed, or at the next visit. */
export interface SetAside {
  readonly id: string;
  readonly reason: string;
}

/** How far a sync has come. Both counts are of `shards`, which are synced one by one. */
export interface SyncCheckpoint {
  readonly shards: number;
  /** Shards that were pulled to their end since this visit began. */
  readonly current: number;
  /** Shards whose history has changed, and which are being compared and pulled anew (fork, reset). */
  readonly healing: number;
}

/** How it is with a sync; see `Sync.status`. */
export interface SyncStatus {
  readonly state: SyncState;
  /** Records and deletes that the server has not acknowledged. */
  readonly pending: number;
  /** Milliseconds since 1970, when the oldest of them was written; absent: none is pending. */
  readonly oldestPendingAt?: number;
  /** Absent before the first contact. */
  readonly checkpoint?: SyncCheckpoint;
  /** Milliseconds since 1970; absent: never. */
  readonly lastSyncedAt?: number;
  /** Operations acknowledged, and entries applied, since this visit began. */
  readonly pushed: number;
  readonly pulled: number;
  /** How many writes are set aside; they are pending, too. */
  readonly setAside: number;
  /** The first 100 of them. */
  readonly setAsideWrites: readonly SetAside[];
  /** What went wrong last; absent once a round has ended well. */
  readonly error?: VectorStoreError;
}
