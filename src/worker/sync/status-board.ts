import type { SyncStatus } from '../../shared/sync/sync-status.js';
import type { Mirror } from './mirror.js';
import { stampTime } from './surroundings.js';

const NOTHING = new Set<string>();

/** The status, and who is told when it changes. */
export class StatusBoard {
  readonly #listeners = new Set<(status: SyncStatus) => void>();
  #status: SyncStatus;
  /** A count is under way; and, once more, another is asked for. */
  #counting = false;
  #countAgain = false;

  constructor(private readonly mirror: Mirror) {
    const { lastSyncedAt } = mirror.row ?? {};
    this.#status = {
      state: 'idle',
      pending: 0,
      pushed: 0,
      pulled: 0,
      setAside: 0,
      setAsideWrites: [],
      ...(lastSyncedAt !== undefined && { lastSyncedAt }),
    };
  }

  get status(): SyncStatus {
    return this.#status;
  }

  /** `undefined` takes a member away. */
  set(changes: { readonly [K in keyof SyncStatus]?: SyncStatus[K] | undefined }): void {
    const entries = Object.entries({ ...this.#status, ...changes }).filter(
      ([, value]) => value !== undefined,
    );
    const next = Object.fromEntries(entries) as unknown as SyncStatus;
    if (JSON.stringify(next) === JSON.stringify(this.#status) && next.error === this.#status.error) return;
    this.#status = next;
    for (const listener of [...this.#listeners]) listener(next);
  }

  /** Counts what is pending; those who ask meanwhile are answered by one more count. */
  async count(): Promise<void> {
    if (this.#counting) {
      this.#countAgain = true;
      return;
    }
    this.#counting = true;
    try {
      do {
        this.#countAgain = false;
        const { total, oldest } = await this.mirror.pending({ count: 0, bytes: 0 }, NOTHING);
        this.set({ pending: total, oldestPendingAt: oldest === undefined ? undefined : stampTime(oldest) });
      } while (this.#countAgain);
    } finally {
      this.#counting = false;
    }
  }

  onChange(listener: (status: SyncStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
