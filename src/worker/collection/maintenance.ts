import { VectorStoreError } from '../../shared/errors.js';
import type { IndexChange, Progress } from '../../shared/types.js';
import { isQuotaError } from '../storage/quota-errors.js';
import type { Storage } from '../storage/storage.js';
import type { Clock } from '../sync/surroundings.js';
import { dueMerge, dueTraining, fullMerge } from './compact.js';
import { checkOrder, type Train, type Training } from './list-order.js';
import { mergeWithinRoom } from './merge-within-room.js';
import type { Snapshot } from './snapshot.js';
import type { CollectionState } from './state.js';

/** How long after a commit due work begins: a burst of writes is merged once. */
const DELAY_MS = 100;
/** And how long after a full disk has prevented it. */
const FULL_DISK_DELAY_MS = 60_000;

export interface MaintenanceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Merging and training: by itself in idle time, or all of it when asked.
 *
 * Lock rule: a merge, with its training, runs inside `storage.maintenanceLock`, and begins with what is there once it
 * is held: another tab may have done what was due.
 */
export class Maintenance {
  readonly #closed = new AbortController();
  #isScheduled = false;
  #isAtWork = false;
  #progress: Progress | undefined;
  /** Why nothing is trained here any more: merging goes on, and searches are exact. */
  #trainingFault: unknown;
  /** Queries that no index suits must not have it made for ever. */
  #hasRetrained = false;

  constructor(
    private readonly state: CollectionState,
    private readonly storage: Pick<Storage, 'maintenanceLock'>,
    private readonly training: Training,
    private readonly onIndex: (event: IndexChange) => void,
    private readonly sleep: Clock['sleep'],
  ) {}

  /** A merge is under way. */
  get isAtWork(): boolean {
    return this.#isAtWork;
  }

  /** How far the training that is under way has come. */
  get trainingProgress(): Progress | undefined {
    return this.#progress;
  }

  /** Call it after whatever may have made work due. */
  schedule(delay = DELAY_MS): void {
    const { signal } = this.#closed;
    if (this.#isScheduled || this.#isAtWork || signal.aborted) return;
    if (this.#due().length === 0) return;
    this.#isScheduled = true;
    void this.sleep(delay, signal).then(() => {
      this.#isScheduled = false;
      if (!signal.aborted) this.#begin();
    });
  }

  #begin(): void {
    this.#isAtWork = true;
    this.#doWhatIsDue()
      .finally(() => {
        this.#isAtWork = false;
      })
      // What has become due while the lock was given back.
      .then(() => this.schedule())
      .catch((error: unknown) => {
        // Nothing has changed; the next commit, or the next visit, schedules it again.
        if (isQuotaError(error)) this.schedule(FULL_DISK_DELAY_MS);
      });
  }

  /**
   * Merges segments until each is as large and as clean as it can be, and indexes all that are worth it. Rejects at
   * the end where training failed, or there was no room (`QUOTA_EXCEEDED`) for all of it.
   */
  async optimize(options: MaintenanceOptions): Promise<void> {
    this.#trainingFault = undefined;
    await this.state.refresh();
    while (await this.#mergeAll(options));
    while (await this.#mergeDue(() => this.#dueTraining(), options));
    if (this.#trainingFault !== undefined) throw this.#trainingFault;
  }

  /** The lists no longer suit the queries: makes them anew, once. */
  retrain(): void {
    if (this.#hasRetrained) return;
    this.#hasRetrained = true;
    const reason = new Error('recent queries find too little in its lists');
    for (const { sealed } of this.state.current.views) if (sealed !== undefined) sealed.indexFault ??= reason;
    this.schedule();
  }

  close(reason: VectorStoreError): void {
    this.#closed.abort(reason);
  }

  #due(): number[] {
    const merges = dueMerge(this.state.current);
    return merges.length > 0 ? merges : this.#dueTraining();
  }

  #dueTraining(): number[] {
    return this.#trainingFault === undefined ? dueTraining(this.state.current, this.training) : [];
  }

  /** True: there was no room for all of it, but space was given back, so that there may be now. */
  async #mergeAll(options: MaintenanceOptions): Promise<boolean> {
    const before = diskBytes(this.state.current);
    let fullDisk: unknown;
    for (const segments of fullMerge(this.state.current)) {
      await this.#mergeDue(() => segments, options).catch((error: unknown) => {
        if (!isQuotaError(error)) throw error;
        fullDisk ??= error;
      });
    }
    if (fullDisk !== undefined && diskBytes(this.state.current) >= before) throw fullDisk;
    return fullDisk !== undefined;
  }

  async #doWhatIsDue(): Promise<void> {
    while (await this.#mergeDue(() => this.#due(), {}));
  }

  /** False: nothing is due, or the segments are not there any more. */
  async #mergeDue(
    due: () => readonly number[],
    { signal, onProgress = () => {} }: MaintenanceOptions,
  ): Promise<boolean> {
    const closed = this.#closed.signal;
    const either = signal === undefined ? closed : AbortSignal.any([closed, signal]);
    const task = async () => {
      await this.state.refresh();
      const segments = due();
      return segments.length > 0 && this.#merge(segments, either, onProgress);
    };
    try {
      return await this.storage.maintenanceLock('exclusive', task, either);
    } catch (error) {
      throw closed.aborted && !signal?.aborted ? closed.reason : error;
    }
  }

  /** False: the segments are not there any more. */
  async #merge(
    segments: readonly number[],
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
  ): Promise<boolean> {
    const options = { signal, onProgress };
    let isTrained = false;
    const train: Train = async (...args) => {
      const trained = await this.#train(...args);
      isTrained = true;
      return trained;
    };
    const training = this.#trainingFault === undefined ? { ...this.training, train } : undefined;
    try {
      const merged = await mergeWithinRoom(this.state, segments, { ...options, training });
      if (merged && isTrained) this.onIndex({ state: 'trained' });
      return merged;
    } catch (error) {
      if (error !== this.#trainingFault) throw error;
      this.onIndex({ state: 'failed', reason: String(error) });
      // A segment alone was to be trained and nothing else.
      return (
        segments.length === 1 || mergeWithinRoom(this.state, segments, { ...options, training: undefined })
      );
    }
  }

  /** Trains and reports; what fails for another reason than being aborted is not tried again. */
  readonly #train: Train = async (rows, config, { signal, onProgress }) => {
    const report = (progress: Progress) => {
      this.#progress = progress;
      onProgress?.(progress);
      this.onIndex({ state: 'training', progress });
    };
    const count = rows.norms.length;
    try {
      report({ done: 0, total: count });
      const trained = await this.training.train(rows, config, { signal, onProgress: report });
      checkOrder(trained.order, count);
      return trained;
    } catch (error) {
      if (!(error instanceof VectorStoreError && error.code === 'ABORTED')) this.#trainingFault = error;
      throw error;
    } finally {
      this.#progress = undefined;
    }
  };
}

function diskBytes({ views }: Snapshot): number {
  return views.reduce((sum, { segment }) => sum + segment.manifest.bytes, 0);
}
