import type { VectorStoreError } from '../shared/errors.js';
import type { SyncStatus } from '../shared/sync/sync-status.js';
import type { OnSyncConflict } from '../shared/sync/sync-types.js';
import type { CollectionConfig } from '../shared/types.js';
import type { CollectionRef, MergedOnWire, SidesOnWire, SyncArgs } from '../shared/worker-api.js';
import { conflictOf, mergedOnWire } from './merged-record.js';
import { type CheckedRemote, onWire } from './remote-options.js';
import type { WorkerLink } from './worker-link.js';

const LONGEST_WAIT_MS = 60_000;

/** Before the worker has told anything. */
const BEGINNING: SyncStatus = {
  state: 'syncing',
  pending: 0,
  pushed: 0,
  pulled: 0,
  setAside: 0,
  setAsideWrites: [],
};

/** One handle's part in the sync of its collection. */
export interface SyncMember {
  readonly live: boolean;
  readonly onConflict: OnSyncConflict | undefined;
  readonly onStatus: (status: SyncStatus) => void;
}

export interface PageSyncParts {
  readonly call: WorkerLink['call'];
  readonly ref: () => CollectionRef;
  readonly config: CollectionConfig;
  readonly remote: CheckedRemote;
  /** The last member has left. */
  readonly onEnd: () => void;
}

/** The sync of one collection as the handles of a page share it; where its worker is lost, the next one goes on. */
export class PageSync {
  readonly #members = new Set<SyncMember>();
  #status = BEGINNING;
  #live = false;
  #running: Promise<void> | undefined;
  /** Milliseconds before a lost worker is replaced. */
  #wait = 0;
  #endWait: (() => void) | undefined;

  constructor(private readonly parts: PageSyncParts) {}

  get remote(): CheckedRemote {
    return this.parts.remote;
  }

  get status(): SyncStatus {
    return this.#status;
  }

  join(member: SyncMember): void {
    this.#members.add(member);
    if (this.#running === undefined) {
      this.#live = this.#wantsLive;
      this.#running = this.#run();
    } else if (this.#live !== this.#wantsLive) void this.#restart();
  }

  async leave(member: SyncMember): Promise<void> {
    this.#members.delete(member);
    if (this.#members.size > 0) {
      if (this.#live !== this.#wantsLive) await this.#restart();
      return;
    }
    this.parts.onEnd();
    await this.#restart();
    await this.#running;
  }

  async now(signal: AbortSignal | undefined): Promise<void> {
    await this.parts.call((api, call) => api.syncNow(call, this.#args), { signal });
  }

  async replicated(ids: readonly string[], stamp: string, signal: AbortSignal | undefined): Promise<void> {
    await this.parts.call((api, call) => api.replicated(call, this.#args, ids, stamp), { signal });
  }

  tell(status: SyncStatus): void {
    if (status.state === 'idle') this.#wait = 0;
    this.#status = status;
    for (const { onStatus } of [...this.#members]) onStatus(status);
  }

  tellLost(lost: readonly SidesOnWire[]): void {
    for (const sides of lost) {
      for (const { onConflict } of this.#members) {
        // Its failure is reported like that of a listener, and stops nothing.
        if (onConflict !== undefined) void (async () => onConflict(conflictOf(sides, true)))();
      }
    }
  }

  /** Asks the first handle that can tell. */
  async merge(sides: SidesOnWire): Promise<MergedOnWire> {
    const { onConflict } = [...this.#members].find((member) => member.onConflict !== undefined) ?? {};
    const resolution = await onConflict?.(conflictOf(sides, false));
    return mergedOnWire(resolution, sides, this.parts.config);
  }

  get #wantsLive(): boolean {
    return [...this.#members].some(({ live }) => live);
  }

  get #args(): SyncArgs {
    const { ref, remote } = this.parts;
    return {
      collection: ref(),
      remote: onWire(remote),
      live: this.#live,
    };
  }

  /** Until no handle is left. */
  async #run(): Promise<void> {
    while (this.#members.size > 0) {
      this.#live = this.#wantsLive;
      try {
        await this.parts.call((api, call) => api.sync(call, this.#args));
      } catch (error) {
        const { code } = error as VectorStoreError;
        const state = code === 'CLOSED' ? 'stopped' : 'error';
        this.tell({ ...this.#status, state, error: error as VectorStoreError });
        if (code !== 'WORKER_LOST' && code !== 'STORAGE_BLOCKED') break;
        await this.#nextTry();
      }
    }
    this.#running = undefined;
  }

  async #nextTry(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#endWait = resolve;
      setTimeout(resolve, this.#wait);
    });
    this.#wait = Math.min(LONGEST_WAIT_MS, Math.max(1_000, 2 * this.#wait));
  }

  /** The running call ends, and the next one, if there is any, is made for those who are left. */
  async #restart(): Promise<void> {
    const { id } = this.parts.ref();
    this.#endWait?.();
    // Where it is lost or closed, nothing runs.
    await this.parts.call((api, call) => api.stopSync(call, id)).catch(() => undefined);
  }
}
