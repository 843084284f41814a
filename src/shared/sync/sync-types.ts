import type { StoredRecord } from '../types.js';

/** Sync servers, and what lets the store in. */
export interface RemoteOptions {
  /** Base URL of a server, or of several equal ones (they share their Redis): where one fails, the next is asked. */
  url: string | readonly string[];
  /**
   * Gives the bearer token of each request, without "Bearer". It is asked again once a server refuses it (401). Left
   * out: requests carry none, as a server that was started with `--dev` takes them.
   */
  getToken?: () => string | Promise<string>;
}

/** Two writes of one record that did not know of each other. */
export interface SyncConflict<M = unknown> {
  id: string;
  /** What was written here, with its vector; `undefined`: it was deleted here. */
  local: StoredRecord<M> | undefined;
  /** What the server has, with its vector; `undefined`: it was deleted there. */
  remote: StoredRecord<M> | undefined;
  /** The local write is lost already, and what is returned counts for nothing. Otherwise it is to be merged. */
  lost: boolean;
}

/** What takes the place of both: one of them, another record, or `'delete'`. */
export type Resolution<M = unknown> = 'local' | 'remote' | 'delete' | MergedRecord<M>;

/** All of the merged record, but for its id. */
export interface MergedRecord<M = unknown> {
  /** `dimension` finite numbers. */
  vector: Float32Array | readonly number[];
  text?: string | undefined;
  metadata?: M | undefined;
}

/**
 * Under `'compare-and-set'` it is asked to merge (`lost: false`), and where it throws, the write stays pending and is
 * asked about again, five times in all. Under both policies it is told of what was lost (`lost: true`).
 */
export type OnSyncConflict<M = unknown> = (
  conflict: SyncConflict<M>,
  // biome-ignore lint/suspicious/noConfusingVoidType: one that only logs returns nothing.
) => Resolution<M> | void | Promise<Resolution<M> | void>;

/** Options of `Collection.sync`. `url` and `getToken` are those of `openStore` where they are left out. */
export interface SyncOptions<M = unknown> extends Partial<RemoteOptions> {
  /**
   * Default true: pushes what is written, and pulls what others write as it happens. False: only `now()` does
   * anything.
   */
  live?: boolean;
  /** Needed under `'compare-and-set'`. Called in the tab that syncs. */
  onConflict?: OnSyncConflict<M>;
}
