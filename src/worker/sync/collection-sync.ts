import { abortedError, errorFromWire, errorToWire, type VectorStoreError } from '../../shared/errors.js';
import type { SyncStatus } from '../../shared/sync/sync-status.js';
import type { SyncStatusOnWire } from '../../shared/worker-api.js';
import type { Replicator } from './replicator.js';
import { stoppedError } from './sync-errors.js';
import type { SyncNotice, SyncQuestion } from './sync-notices.js';

/** What tabs share; where there is none, each syncs for itself. */
export interface SyncTabs {
  /** One tab at a time runs its task; the signal ends the waiting. */
  readonly lock: <T>(task: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  readonly post: (notice: SyncNotice) => void;
}

/** What it does the work with. */
export type Syncing = Pick<Replicator, 'start' | 'now' | 'replicated' | 'status' | 'onStatus' | 'stop'>;

export interface CollectionSyncParts {
  readonly collection: number;
  /** Syncs as long as it can; otherwise when it is asked to. */
  readonly live: boolean;
  readonly tabs: SyncTabs | undefined;
  readonly makeReplicator: () => Syncing;
  readonly onStatus: (status: SyncStatusOnWire) => void;
}

interface Asked {
  readonly question: SyncQuestion;
  /** Aborts once it is answered, from wherever. */
  readonly answered: AbortController;
  readonly settle: (error: Error | undefined) => void;
}

/**
 * The sync of one collection in one tab. One tab holds the lock and syncs (Y10); the others ask it, and the next one
 * takes over where it ends. One that is not live takes the lock for the time of a `now` only.
 */
export class CollectionSync {
  readonly #stopped = new AbortController();
  readonly #asked = new Map<string, Asked>();
  #replicator: Syncing | undefined;
  /** Settles when nothing is under way any more. */
  readonly ended: Promise<void>;

  constructor(private readonly parts: CollectionSyncParts) {
    this.ended = this.#run().finally(() => this.#settleAll());
  }

  get live(): boolean {
    return this.parts.live;
  }

  /** Resolves when it is so; rejects with what has kept it from being so, `CLOSED` or `ABORTED`. */
  ask(question: SyncQuestion, signal: AbortSignal): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.reject(stoppedError());
    if (signal.aborted) return Promise.reject(abortedError(signal.reason));
    const name = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      const abort = () => asked.settle(abortedError(signal.reason));
      const asked: Asked = {
        question,
        answered: new AbortController(),
        settle: (error) => {
          if (!this.#asked.delete(name)) return;
          signal.removeEventListener('abort', abort);
          asked.answered.abort();
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#asked.set(name, asked);
      this.#put(name, asked);
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort(stoppedError());
    await this.ended;
  }

  /** What another tab says about this collection. */
  hear(notice: SyncNotice): void {
    if (notice.about === 'answer') {
      const { asked, error } = notice;
      this.#asked.get(asked)?.settle(error && errorFromWire(error));
    } else if (notice.about === 'status') {
      this.parts.onStatus(notice.status);
    } else if (notice.about === 'begun') {
      for (const [name, asked] of this.#asked) this.#putElsewhere(name, asked);
    } else if (this.#answersOthers) {
      if (notice.about === 'status-wanted') this.#tellTabs(onWire(this.#replicator!.status()));
      else void this.#answer(notice.asked, notice.question);
    }
  }

  get #answersOthers(): boolean {
    return this.parts.live && this.#replicator !== undefined;
  }

  async #run(): Promise<void> {
    const { live, tabs } = this.parts;
    const { signal } = this.#stopped;
    if (!live || tabs === undefined) return this.#sync();
    this.#post({ about: 'status-wanted' });
    try {
      await tabs.lock(() => this.#sync(), signal);
    } catch (error) {
      // It was stopped while it waited.
      if (!signal.aborted) throw error;
    }
  }

  async #sync(): Promise<void> {
    const { signal } = this.#stopped;
    if (signal.aborted) return;
    const replicator = this.parts.makeReplicator();
    this.#replicator = replicator;
    const unsubscribe = replicator.onStatus((status) => this.#tell(status));
    replicator.start();
    if (this.parts.live) this.#post({ about: 'begun' });
    this.#tell(replicator.status());
    for (const asked of this.#asked.values()) this.#askHere(asked, replicator);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    unsubscribe();
    this.#replicator = undefined;
    await replicator.stop();
  }

  #put(name: string, asked: Asked): void {
    if (this.#replicator !== undefined) this.#askHere(asked, this.#replicator);
    if (!this.#answersOthers) this.#putElsewhere(name, asked);
  }

  #putElsewhere(name: string, { question }: Asked): void {
    this.#post({ about: 'question', question, asked: name });
  }

  #askHere({ question, answered, settle }: Asked, replicator: Syncing): void {
    const { live, tabs } = this.parts;
    const { signal } = answered;
    const ask = () => put(replicator, question, signal);
    const done = live || tabs === undefined || question.kind !== 'now' ? ask() : tabs.lock(ask, signal);
    done.then(() => settle(undefined), settle);
  }

  /** A question of another tab. */
  async #answer(asked: string, question: SyncQuestion): Promise<void> {
    const error = await put(this.#replicator!, question).then(
      () => undefined,
      (error: Error) => error,
    );
    // Where this tab has stopped, the next one is asked.
    if (!this.#stopped.signal.aborted)
      this.#post({ about: 'answer', asked, error: error && errorToWire(error) });
  }

  #tell(status: SyncStatus): void {
    const wire = onWire(status);
    this.parts.onStatus(wire);
    this.#tellTabs(wire);
  }

  #tellTabs(status: SyncStatusOnWire): void {
    if (this.parts.live) this.#post({ about: 'status', status });
  }

  #post(notice: NoticeOf<SyncNotice>): void {
    this.parts.tabs?.post({ ...notice, collection: this.parts.collection } as SyncNotice);
  }

  #settleAll(): void {
    const reason: VectorStoreError = stoppedError();
    for (const { settle } of [...this.#asked.values()]) settle(reason);
  }
}

function onWire({ error, ...status }: SyncStatus): SyncStatusOnWire {
  return { ...status, ...(error !== undefined && { error: errorToWire(error) }) };
}

type NoticeOf<T> = T extends SyncNotice ? Omit<T, 'collection'> : never;

function put(replicator: Syncing, question: SyncQuestion, signal?: AbortSignal): Promise<void> {
  return question.kind === 'now'
    ? replicator.now(signal)
    : replicator.replicated(question.ids, question.stamp, signal);
}
