import { VectorStoreError } from '../../shared/errors.js';
import type { IndexChange, Progress } from '../../shared/types.js';
import { Queue } from '../slices.js';
import { dueMerge, dueTraining, fullMerge, merge } from './compact.js';
import type { Train, Training } from './list-order.js';
import type { CollectionState } from './state.js';

/** How long after a commit due work begins: a burst of writes is merged once. */
const DELAY_MS = 100;

export interface MaintenanceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Merging and training, one at a time: by itself in idle time, or all of it when asked. */
export class Maintenance {
  readonly #work = new Queue();
  readonly #closed = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #progress: Progress | undefined;
  /** Nothing is trained here any more; merging goes on, and searches are exact. */
  #cannotTrain = false;
  /** Queries that no index suits must not have it made for ever. */
  #hasRetrained = false;

  constructor(
    private readonly state: CollectionState,
    private readonly training: Training,
    private readonly onIndex: (event: IndexChange) => void,
  ) {}

  /** How far the training that is under way has come. */
  get trainingProgress(): Progress | undefined {
    return this.#progress;
  }

  /** Call it after whatever may have made work due. */
  schedule(): void {
    if (this.#timer !== undefined || this.#closed.signal.aborted || this.#due().length === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#work
        .run(() => this.#doWhatIsDue())
        .catch(() => {
          // Nothing has changed; the next commit, or the next visit, schedules it again.
        });
    }, DELAY_MS);
  }

  /** Merges segments until each is as large and as clean as it can be, and indexes all that are worth it. */
  optimize(options: MaintenanceOptions): Promise<void> {
    return this.#work.run(async () => {
      await this.state.refresh();
      for (const segments of fullMerge(this.state.current)) await this.#merge(segments, options);
      for (
        let due = dueTraining(this.state.current, this.training);
        due.length > 0;
        due = dueTraining(this.state.current, this.training)
      ) {
        if (!(await this.#merge(due, options))) return;
      }
    });
  }

  /** The lists no longer suit the queries: makes them anew, once. */
  retrain(): void {
    if (this.#hasRetrained) return;
    this.#hasRetrained = true;
    const reason = new Error('recent queries find too little in its lists');
    for (const { sealed } of this.state.current.views) if (sealed !== undefined) sealed.indexFault ??= reason;
    this.schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closed.abort();
  }

  #due(): number[] {
    const snapshot = this.state.current;
    const merges = dueMerge(snapshot);
    return merges.length > 0 || this.#cannotTrain ? merges : dueTraining(snapshot, this.training);
  }

  async #doWhatIsDue(): Promise<void> {
    for (let due = this.#due(); due.length > 0; due = this.#due()) {
      const cannotTrain = this.#cannotTrain;
      try {
        if (!(await this.#merge(due, {}))) return;
      } catch (error) {
        // Without training the same merge may succeed.
        if (cannotTrain === this.#cannotTrain) throw error;
      }
    }
  }

  async #merge(
    segments: readonly number[],
    { signal, onProgress = () => {} }: MaintenanceOptions,
  ): Promise<boolean> {
    const closed = this.#closed.signal;
    let isTrained = false;
    const train: Train = async (rows, config, options) => {
      const report = (progress: Progress) => {
        this.#progress = progress;
        onProgress(progress);
        this.onIndex({ state: 'training', progress });
      };
      try {
        report({ done: 0, total: rows.norms.length });
        const trained = await this.training.train(rows, config, { ...options, onProgress: report });
        isTrained = true;
        return trained;
      } catch (error) {
        if (!(error instanceof VectorStoreError && error.code === 'ABORTED')) {
          this.#cannotTrain = true;
          this.onIndex({ state: 'failed', reason: String(error) });
        }
        throw error;
      } finally {
        this.#progress = undefined;
      }
    };
    const merged = await merge(this.state, segments, {
      training: this.#cannotTrain ? undefined : { ...this.training, train },
      signal: signal === undefined ? closed : AbortSignal.any([closed, signal]),
      onProgress,
    });
    if (merged && isTrained) this.onIndex({ state: 'trained' });
    return merged;
  }
}
