import type { Remote } from 'comlink';
import { abortedError, errorFromWire, VectorStoreError } from '../shared/errors.js';
import type { Progress } from '../shared/types.js';
import type {
  AboutSync,
  CollectionRef,
  FromWorker,
  MatchesOnWire,
  OpenedStore,
  OpenStoreArgs,
  Outcome,
  QueryOnWire,
  RemoteOnWire,
  StoreApi,
  StoreEventOnWire,
  Told,
  TrainerWanted,
} from '../shared/worker-api.js';
import { WorkerConnection, type WorkerSource } from './worker-connection.js';

export interface CallOptions {
  /** A write that is lost on the way may have happened. */
  readonly isWrite?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Who is told what the worker says beside its answers. */
export interface LinkListeners {
  readonly onEvent: (event: StoreEventOnWire) => void;
  /** `post` reaches the worker that has said it. */
  readonly onSync: (message: AboutSync, post: (told: Told) => void) => void;
}

interface Pending {
  readonly isWrite: boolean;
  readonly settle: (outcome: Outcome<unknown>) => void;
  readonly fail: (error: Error) => void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

type Call<T> = (api: Remote<StoreApi>, call: number) => Promise<Outcome<T>>;

/**
 * The page's side of one store's worker. Every call settles: with a value, with an error, or with `WORKER_LOST`;
 * the next call after a loss starts a new worker and opens the store in it.
 */
export class WorkerLink {
  readonly #pending = new Map<number, Pending>();
  #connection: Promise<WorkerConnection> | undefined;
  /** The worker that is up, or opening the store. */
  #live: WorkerConnection | undefined;
  #opened: OpenedStore | undefined;
  #nextCall = 1;
  #closed: VectorStoreError | undefined;
  #restarts = -1;

  constructor(
    private readonly source: WorkerSource,
    private readonly store: OpenStoreArgs,
    private readonly listeners: LinkListeners,
  ) {}

  /** It will never answer again. */
  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** How often the worker had to be replaced. */
  get restarts(): number {
    return Math.max(0, this.#restarts);
  }

  /** Starts the worker and opens the store in it, once; tells what the first worker found. */
  async open(): Promise<OpenedStore> {
    await this.#connected();
    return this.#opened!;
  }

  async call<T>(send: Call<T>, options: CallOptions = {}): Promise<T> {
    return this.#call(await this.#connected(options.signal), send, options);
  }

  /** One answer per query. */
  async query(
    collection: CollectionRef,
    queries: readonly QueryOnWire[],
    options: CallOptions,
    remote?: RemoteOnWire,
  ): Promise<MatchesOnWire[]> {
    const connection = await this.#connected(options.signal);
    return this.#settle(options, connection, (callId) =>
      connection.post({ nearshore: 'query', callId, collection, queries, ...(remote && { remote }) }),
    );
  }

  /** Every later call rejects with `CLOSED`. */
  async close(last?: Call<void>): Promise<void> {
    if (this.#closed !== undefined) return;
    const open = this.#connection;
    try {
      if (last !== undefined) await this.call(last, { isWrite: true });
      else if (open !== undefined) await this.call((api, call) => api.close(call)).catch(() => undefined);
    } finally {
      this.#end(closedError(this.store.name));
      (await open?.catch(() => undefined))?.close();
    }
  }

  #end(reason: VectorStoreError): void {
    this.#closed ??= reason;
    this.#rejectPending(() => reason);
  }

  #connected(signal?: AbortSignal): Promise<WorkerConnection> {
    if (signal?.aborted) return Promise.reject(abortedError(signal.reason));
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<WorkerConnection> {
    let connection: WorkerConnection | undefined;
    try {
      connection = new WorkerConnection(this.source, (message) => this.#receive(message, connection!));
      await connection.ready();
    } catch (error) {
      connection?.close();
      this.#connection = undefined;
      throw startError(error);
    }
    const started = connection;
    this.#live = started;
    started.lost.then((reason) => this.#onLost(started, reason));
    try {
      const args = { ...this.store, databaseId: this.#opened?.databaseId };
      const opened = await this.#call(started, (api, call) => api.open(call, args), {});
      this.#opened ??= opened;
    } catch (error) {
      this.#forget(started);
      // What a lost worker had open is not there any more.
      if (error instanceof VectorStoreError && error.code === 'STORAGE_LOST') this.#end(error);
      throw error;
    }
    this.#restarts++;
    return started;
  }

  #call<T>(connection: WorkerConnection, send: Call<T>, options: CallOptions): Promise<T> {
    return this.#settle<T>(options, connection, (call, { settle, fail }) => {
      send(connection.api, call).then(settle, fail);
    });
  }

  #settle<T>(
    options: CallOptions,
    connection: WorkerConnection,
    send: (call: number, pending: Pending) => void,
  ): Promise<T> {
    const { isWrite = false, signal, onProgress } = options;
    // It may have fired while the worker was starting.
    if (signal?.aborted) return Promise.reject(abortedError(signal.reason));
    const call = this.#nextCall++;
    return new Promise<T>((resolve, reject) => {
      const abort = () => {
        connection.api.abort(call, String(signal?.reason)).catch(() => undefined);
        // A write may have been committed already: its own answer decides.
        if (!isWrite) fail(abortedError(signal?.reason));
      };
      const finish = () => {
        this.#pending.delete(call);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: Error) => {
        finish();
        reject(error);
      };
      signal?.addEventListener('abort', abort);
      const settle = (outcome: Outcome<unknown>) => {
        if (!outcome.ok) return fail(errorFromWire(outcome.error));
        finish();
        resolve(outcome.value as T);
      };
      const pending: Pending = { isWrite, settle, fail, onProgress };
      // Comlink's own promise never settles once the worker is gone: `fail` is called from here then.
      this.#pending.set(call, pending);
      try {
        send(call, pending);
      } catch (error) {
        // It cannot be cloned.
        fail(error as Error);
      }
    });
  }

  #receive(message: Exclude<FromWorker, TrainerWanted>, from: WorkerConnection): void {
    if (message.nearshore === 'answer') this.#pending.get(message.callId)?.settle(message.outcome);
    else if (message.nearshore === 'progress')
      this.#pending.get(message.callId)?.onProgress?.(message.progress);
    else if (message.nearshore === 'store-event') this.listeners.onEvent(message.event);
    else this.listeners.onSync(message, (told) => from.post(told));
  }

  #onLost(connection: WorkerConnection, reason: string): void {
    this.#forget(connection);
    if (this.#closed !== undefined) return;
    this.#rejectPending((isWrite) => lostError(reason, isWrite));
    if (this.store.storage === 'memory') this.#end(memoryLostError(this.store.name, reason));
    else if (!this.source.replaceable)
      this.#end(lostError(`${reason}, and it was given as a ready Worker`, false));
    this.listeners.onEvent({ type: 'worker-lost', detail: { reason } });
  }

  /** The next call starts a new worker. */
  #forget(connection: WorkerConnection): void {
    connection.close();
    if (this.#live !== connection) return;
    this.#live = undefined;
    this.#connection = undefined;
  }

  #rejectPending(errorOf: (isWrite: boolean) => Error): void {
    for (const { fail, isWrite } of [...this.#pending.values()]) fail(errorOf(isWrite));
  }
}

function startError(cause: unknown): VectorStoreError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new VectorStoreError(
    'WORKER_LOST',
    `The store's worker could not be started: ${detail}. Nothing can be read or written without it. ` +
      "Check that the worker's file is served (404?) and allowed by the Content-Security-Policy (worker-src; with require-trusted-types-for, also: trusted-types nearshore), or pass openStore a worker of your own.",
    { cause },
  );
}

function lostError(reason: string, isWrite: boolean): VectorStoreError {
  return new VectorStoreError(
    'WORKER_LOST',
    `The store's worker was lost before it answered: ${reason}. ${
      isWrite
        ? 'The write may or may not be on disk; what was acknowledged before is. Repeat it: upsert and delete are harmless to repeat.'
        : 'Nothing was changed by this call. Repeat it: the next call starts a new worker.'
    }`,
    isWrite ? { outcome: 'unknown' } : {},
  );
}

function memoryLostError(name: string, reason: string): VectorStoreError {
  return new VectorStoreError(
    'STORAGE_LOST',
    `Store "${name}" was kept in the memory of a worker that was lost: ${reason}. Its records are gone. ` +
      "Open and fill it anew, or use storage: 'indexeddb' to keep them.",
  );
}

function closedError(name: string): VectorStoreError {
  return new VectorStoreError(
    'CLOSED',
    `Store "${name}" has been closed on this page. Its worker no longer answers. Open it again with openStore().`,
  );
}
