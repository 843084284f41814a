import { VectorStoreError } from '../shared/errors.js';
import type { SyncStatus } from '../shared/sync/sync-status.js';
import type { OnSyncConflict } from '../shared/sync/sync-types.js';
import { checkOptions } from './check-options.js';
import { Emitter } from './emitter.js';
import type { PageSync, SyncMember } from './page-sync.js';

/**
 * The two-way sync of a collection with a server. Made by `Collection.sync`. Reads and writes never wait for it. One
 * tab at a time does it; handles in other tabs show its status, and their `now()` asks it.
 */
export class Sync {
  readonly #events = new Emitter<{ status: SyncStatus }>();
  readonly #member: SyncMember;
  #stopping: Promise<void> | undefined;

  /** @internal */
  constructor(
    private readonly shared: PageSync,
    options: { live: boolean; onConflict: OnSyncConflict | undefined },
    private readonly onStop: (sync: Sync) => void,
  ) {
    this.#member = { ...options, onStatus: (status) => this.#events.emit('status', status) };
    shared.join(this.#member);
  }

  /** How it stands; see `SyncStatus`. */
  status(): SyncStatus {
    const { status } = this.shared;
    return this.#stopping === undefined ? status : { ...status, state: 'stopped' };
  }

  /**
   * Pushes all that is pending, and pulls all that is new.
   *
   * @throws `SERVER_UNAVAILABLE`, `UNAUTHORIZED`, `CONFIG_MISMATCH` (the server's collection has other settings),
   *   `SYNC_REJECTED` (the server refuses a write, or `onConflict` has thrown), `QUOTA_EXCEEDED`, `ABORTED`, `CLOSED`.
   *   What is pending stays so, and is tried again.
   */
  async now(options: { signal?: AbortSignal } = {}): Promise<void> {
    checkOptions('now', options, ['signal']);
    if (this.#stopping !== undefined) throw stoppedError();
    await this.shared.now(options.signal);
  }

  /** Calls the listener after each change of the status. Returns a function that ends it. */
  on(event: 'status', listener: (status: SyncStatus) => void): () => void {
    if (event !== 'status') {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        `There is no event ${JSON.stringify(event)}. A listener for it would never be called. Syncs have 'status'.`,
      );
    }
    return this.#events.on(event, listener);
  }

  /** Ends it for this handle; with the last of the page, what is under way is ended, and another tab may go on. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.onStop(this);
    await this.shared.leave(this.#member);
    this.#events.emit('status', this.status());
  }
}

function stoppedError(): VectorStoreError {
  return new VectorStoreError(
    'CLOSED',
    'This sync was stopped. Nothing is pushed or pulled by it any more; what is pending stays on this device. Call collection.sync() to go on.',
  );
}
