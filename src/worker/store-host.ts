import { errorToWire, VectorStoreError } from '../shared/errors.js';
import type { StringColumn } from '../shared/string-column.js';
import { isToEmbed } from '../shared/texts-to-embed.js';
import type { ListOptions, Query } from '../shared/types.js';
import type {
  AboutTrainer,
  CallId,
  CollectionRef,
  DeleteArgs,
  FromWorker,
  ImportArgs,
  MatchesOnWire,
  OpenCollectionArgs,
  OpenStoreArgs,
  Outcome,
  QueryCall,
  ReembedArgs,
  SetMetadataArgs,
  StoreApi,
  StoreEventOnWire,
  SyncArgs,
  Told,
  UpsertArgs,
  WrittenOnWire,
} from '../shared/worker-api.js';
import { BackupCalls } from './backup/backup-calls.js';
import type { CallOptions } from './collection/call-options.js';
import type { CollectionCalls } from './collection/collection-calls.js';
import { Superseded } from './collection/superseded.js';
import { PageTrainers } from './index/page-trainers.js';
import { PageQuestions } from './page-questions.js';
import { syncedError } from './reembed/refusals.js';
import { RemoteStore } from './remote/remote-store.js';
import { ScopedQueries } from './remote/scoped-queries.js';
import type { Store } from './store.js';
import { StoreEngine } from './store-engine.js';
import type { AskPage } from './sync/http/page-client.js';
import { StoreSyncs } from './sync/store-syncs.js';

/** Hands buffers over with the answer of a call. */
export type HandOver = <T extends object>(answer: T, buffers: Transferable[]) => T;

export type Post = (message: FromWorker, handedOver?: Transferable[]) => void;

type Task<T> = (engine: CollectionCalls, options: CallOptions, store: Store) => Promise<T>;

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
    const outcome = await this.#with(call, collection, (engine) => engine.keptVectors(ids, texts), true);
    return outcome.ok ? this.handOver(outcome, [outcome.value.vectors.buffer]) : outcome;
  }

  upsert(call: CallId, { collection, records, mode, durability }: UpsertArgs) {
    const upsert: Task<WrittenOnWire> = (engine, options) =>
      engine.upsert(records, mode, durability, options);
    return this.#timed('upsert', call, collection, upsert, true);
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
    const ask: Task<MatchesOnWire[]> = (engine, options, store) => {
      if (remote === undefined || !(store instanceof StoreEngine)) return engine.query(queries, options);
      this.#scoped ??= new ScopedQueries(store, this.#ask);
      return this.#scoped.answer(collection, remote, queries, options);
    };
    const usesSpace = queries.some((query) => query.vector !== undefined || isToEmbed(query));
    const outcome = await this.#timed('query', callId, collection, ask, usesSpace);
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

  reembed(call: CallId, collection: CollectionRef, args: ReembedArgs) {
    return this.#answer(call, async (options) => {
      const store = await this.#opened();
      if (!(store instanceof StoreEngine)) throw nothingStoredError(store.name);
      if (this.#syncs?.has(collection.id)) throw syncedError(collection.name);
      const { embedder } = args;
      const embed = (texts: readonly string[]) =>
        typeof embedder === 'number'
          ? this.#questions.ask<Float32Array>({ about: 'embed', embedder, texts })
          : store.embed(embedder, texts, options.signal);
      return store.reembed(collection, args, embed, { ...options, embedder: undefined });
    });
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
    task: Task<T>,
    usesSpace = false,
  ): Promise<Outcome<T>> {
    const timed: Task<T> = (engine, options, store) =>
      store.metrics.time(operation, () => task(engine, options, store));
    return this.#with(call, collection, timed, usesSpace);
  }

  /** @param usesSpace it has vectors, or makes some, that fit those of the handle's collection alone */
  #with<T>(call: CallId, collection: CollectionRef, task: Task<T>, usesSpace = false): Promise<Outcome<T>> {
    return this.#answer(call, async (options) => {
      const store = await this.#opened();
      for (let ref = collection; ; ) {
        try {
          const engine = await store.collection(ref, options.signal);
          return await task(engine, { ...options, embedder: collection.embedder }, store);
        } catch (error) {
          // Nothing was done yet.
          if (usesSpace || !(error instanceof Superseded) || !(store instanceof StoreEngine)) throw error;
          ref = await store.successor(ref);
        }
      }
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

function nothingStoredError(name: string): VectorStoreError {
  return new VectorStoreError(
    'INVALID_ARGUMENT',
    `Store "${name}" was opened with storage: 'remote': its records are on the server, whose embedding space is pinned for all devices. Nothing was changed. ` +
      'Create a collection of another name with the new embedder, and write the records to it.',
  );
}

function nothingToSyncError(name: string): VectorStoreError {
  return new VectorStoreError(
    'INVALID_ARGUMENT',
    `Store "${name}" was opened with storage: 'remote': its records are on the server alone, and there is nothing here to sync. Nothing was started. ` +
      "Leave sync out, or open the store with storage: 'indexeddb'.",
  );
}
