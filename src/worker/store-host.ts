import { errorToWire, VectorStoreError } from '../shared/errors.js';
import type { StringColumn } from '../shared/string-column.js';
import type { ListOptions, Query } from '../shared/types.js';
import type {
  AboutTrainer,
  CallId,
  CollectionRef,
  DeleteArgs,
  FromWorker,
  ImportArgs,
  OpenCollectionArgs,
  OpenStoreArgs,
  Outcome,
  QueryCall,
  SetMetadataArgs,
  StoreApi,
  StoreEventOnWire,
  SyncArgs,
  Told,
  UpsertArgs,
} from '../shared/worker-api.js';
import { BackupCalls } from './backup/backup-calls.js';
import type { CallOptions } from './collection/call-options.js';
import type { CollectionCalls } from './collection/collection-calls.js';
import { PageTrainers } from './index/page-trainers.js';
import { PageQuestions } from './page-questions.js';
import { RemoteStore } from './remote/remote-store.js';
import { ScopedQueries } from './remote/scoped-queries.js';
import type { Store } from './store.js';
import { StoreEngine } from './store-engine.js';
import type { AskPage } from './sync/http/page-client.js';
import { StoreSyncs } from './sync/store-syncs.js';

/** Hands buffers over with the answer of a call. */
export type HandOver = <T extends object>(answer: T, buffers: Transferable[]) => T;

export type Post = (message: FromWorker, handedOver?: Transferable[]) => void;

/** Answers one page's calls: errors become data, calls can be aborted, events go out beside them. */
export class StoreHost implements StoreApi {
  readonly #calls = new Map<CallId, AbortController>();
  #store: Promise<Store> | undefined;
  #syncs: StoreSyncs | undefined;
  #scoped: ScopedQueries | undefined;
  readonly #trainers: PageTrainers;
  readonly #questions: PageQuestions;
  readonly #backups = new BackupCalls(() => this.#opened());

  constructor(
    private readonly post: Post,
    private readonly handOver: HandOver = (answer) => answer,
  ) {
    this.#trainers = new PageTrainers(post);
    this.#questions = new PageQuestions(post);
  }

  open(call: CallId, args: OpenStoreArgs) {
    return this.#answer(call, async () => {
      const emit = (event: StoreEventOnWire) => this.post({ nearshore: 'store-event', event });
      this.#store =
        args.remote === undefined
          ? StoreEngine.open(args, emit, this.#trainers.start)
          : Promise.resolve(new RemoteStore(args, args.remote, this.#ask, emit));
      return (await this.#store).opened;
    });
  }

  openCollection(call: CallId, args: OpenCollectionArgs) {
    return this.#answer(call, async ({ signal }) => (await this.#opened()).openCollection(args, signal));
  }

  listCollections(call: CallId) {
    return this.#answer(call, async ({ signal }) => (await this.#opened()).listCollections(signal));
  }

  dropCollection(call: CallId, name: string) {
    return this.#answer(call, async ({ signal }) => (await this.#opened()).dropCollection(name, signal));
  }

  async keptVectors(call: CallId, collection: CollectionRef, ids: StringColumn, texts: StringColumn) {
    const outcome = await this.#with(call, collection, (engine) => engine.keptVectors(ids, texts));
    return outcome.ok ? this.handOver(outcome, [outcome.value.vectors.buffer]) : outcome;
  }

  upsert(call: CallId, { collection, records, mode, durability }: UpsertArgs) {
    return this.#timed('upsert', call, collection, (engine, options) =>
      engine.upsert(records, mode, durability, options),
    );
  }

  setMetadata(call: CallId, { collection, ids, metadata, durability }: SetMetadataArgs) {
    return this.#timed('upsert', call, collection, (engine, options) =>
      engine.setMetadata(ids, metadata, durability, options),
    );
  }

  delete(call: CallId, { collection, ids, filter, durability }: DeleteArgs) {
    return this.#timed('delete', call, collection, (engine, options) =>
      engine.delete(ids === undefined ? { filter } : { ids }, durability, options),
    );
  }

  get(call: CallId, collection: CollectionRef, ids: readonly string[], includeVectors: boolean) {
    return this.#with(call, collection, (engine, options) => engine.get(ids, includeVectors, options));
  }

  count(call: CallId, collection: CollectionRef, filter: Query['filter']) {
    return this.#with(call, collection, (engine, options) => engine.count(filter, options));
  }

  list(call: CallId, collection: CollectionRef, page: ListOptions) {
    return this.#with(call, collection, (engine, options) => engine.list(page, options));
  }

  async query({ callId, collection, queries, remote }: QueryCall): Promise<void> {
    const outcome = await this.#timed('query', callId, collection, (engine, options, store) => {
      if (remote === undefined || !(store instanceof StoreEngine)) return engine.query(queries, options);
      this.#scoped ??= new ScopedQueries(store, this.#ask);
      return this.#scoped.answer(collection, remote, queries, options);
    });
    const answers = outcome.ok ? outcome.value : [];
    const vectors = answers.flatMap(({ vectors }) => (vectors === undefined ? [] : [vectors.buffer]));
    try {
      this.post({ nearshore: 'answer', callId, outcome }, vectors);
    } catch (error) {
      // Too large to be copied.
      this.post({ nearshore: 'answer', callId, outcome: { ok: false, error: errorToWire(error) } });
    }
  }

  receive(message: AboutTrainer | Told): void {
    if (message.nearshore === 'told') this.#questions.receive(message);
    else this.#trainers.receive(message);
  }

  optimize(call: CallId, collection: CollectionRef) {
    return this.#with(call, collection, (engine, options) => engine.optimize(options));
  }

  discardQuarantined(call: CallId, collection: CollectionRef) {
    return this.#with(call, collection, (engine, options) => engine.discardQuarantined(options));
  }

  stats(call: CallId, collection: CollectionRef) {
    return this.#with(call, collection, (engine, options) => engine.stats(options));
  }

  status(call: CallId) {
    return this.#answer(call, async ({ signal }) => (await this.#opened()).status(signal));
  }

  metrics(call: CallId) {
    return this.#answer(call, async () => (await this.#opened()).metrics.summary());
  }

  exportOpen(call: CallId, collections: readonly string[] | undefined) {
    return this.#answer(call, () => this.#backups.open(call, collections));
  }

  async exportNext(call: CallId, opened: CallId) {
    const outcome = await this.#answer(call, () => this.#backups.next(opened));
    return outcome.ok && outcome.value !== undefined
      ? this.handOver(outcome, [outcome.value.buffer])
      : outcome;
  }

  exportEnd(call: CallId, opened: CallId) {
    return this.#answer(call, async () => this.#backups.end(opened));
  }

  importBackup(call: CallId, args: ImportArgs) {
    return this.#answer(call, (options) => this.#backups.import(call, args, options));
  }

  importChunk(importing: CallId, chunk: Uint8Array<ArrayBuffer> | undefined, fault: string | undefined) {
    return this.#backups.chunk(importing, chunk, fault);
  }

  sync(call: CallId, args: SyncArgs) {
    return this.#answer(call, async () => (await this.#openedSyncs()).run(args));
  }

  syncNow(call: CallId, args: SyncArgs) {
    return this.#answer(call, async ({ signal }) => (await this.#openedSyncs()).now(args, signal));
  }

  replicated(call: CallId, args: SyncArgs, ids: readonly string[], stamp: string) {
    return this.#answer(call, async ({ signal }) =>
      (await this.#openedSyncs()).replicated(args, ids, stamp, signal),
    );
  }

  stopSync(call: CallId, collection: number) {
    return this.#answer(call, async () => this.#syncs?.stop(collection));
  }

  watch(call: CallId, collection: CollectionRef) {
    return this.#answer(call, async ({ signal }) => {
      const store = await this.#opened();
      // Other stores tell of changes by themselves.
      if (store instanceof RemoteStore) await store.watch(collection, signal);
    });
  }

  destroy(call: CallId) {
    return this.#answer(call, async () => {
      this.#backups.close();
      await this.#endSyncs();
      await (await this.#opened()).destroy();
    });
  }

  close(call: CallId) {
    return this.#answer(call, async () => {
      this.#backups.close();
      await this.#endSyncs();
      await (await this.#store)?.close();
    });
  }

  async abort(call: CallId, reason: string): Promise<void> {
    this.#calls.get(call)?.abort(reason);
  }

  #timed<T>(
    operation: 'upsert' | 'delete' | 'query',
    call: CallId,
    collection: CollectionRef,
    task: (engine: CollectionCalls, options: CallOptions, store: Store) => Promise<T>,
  ): Promise<Outcome<T>> {
    return this.#with(call, collection, (engine, options, store) =>
      store.metrics.time(operation, () => task(engine, options, store)),
    );
  }

  #with<T>(
    call: CallId,
    collection: CollectionRef,
    task: (engine: CollectionCalls, options: CallOptions, store: Store) => Promise<T>,
  ): Promise<Outcome<T>> {
    return this.#answer(call, async (options) => {
      const store = await this.#opened();
      return task(
        await store.collection(collection, options.signal),
        { ...options, embedder: collection.embedder },
        store,
      );
    });
  }

  async #answer<T>(
    call: CallId,
    task: (options: Omit<CallOptions, 'embedder'>) => Promise<T>,
  ): Promise<Outcome<T>> {
    const controller = new AbortController();
    this.#calls.set(call, controller);
    try {
      const value = await task({
        signal: controller.signal,
        onProgress: (progress) => this.post({ nearshore: 'progress', callId: call, progress }),
      });
      return { ok: true, value };
    } catch (error) {
      return { ok: false, error: errorToWire(error) };
    } finally {
      this.#calls.delete(call);
    }
  }

  readonly #ask: AskPage = (question) => this.#questions.ask(question);

  async #openedSyncs(): Promise<StoreSyncs> {
    const store = await this.#opened();
    if (!(store instanceof StoreEngine)) throw nothingToSyncError(store.name);
    this.#syncs ??= new StoreSyncs(store, { ask: this.#ask, tell: this.post });
    return this.#syncs;
  }

  async #endSyncs(): Promise<void> {
    this.#questions.close();
    await this.#syncs?.close();
  }

  async #opened(): Promise<Store> {
    if (this.#store === undefined) {
      throw new VectorStoreError(
        'CLOSED',
        'The store has not been opened in this worker. Call openStore() first.',
      );
    }
    const store = await this.#store;
    store.checkStorage();
    return store;
  }
}

function nothingToSyncError(name: string): VectorStoreError {
  return new VectorStoreError(
    'INVALID_ARGUMENT',
    `Store "${name}" was opened with storage: 'remote': its records are on the server alone, and there is nothing here to sync. Nothing was started. ` +
      "Leave sync out, or open the store with storage: 'indexeddb'.",
  );
}
