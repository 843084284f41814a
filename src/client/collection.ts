import { batchError, type Problem, VectorStoreError } from '../shared/errors.js';
import { checkFilter } from '../shared/filter.js';
import type { Filter } from '../shared/filter-types.js';
import { unpackStrings } from '../shared/string-column.js';
import type { SyncOptions } from '../shared/sync/sync-types.js';
import type {
  ChangeEvent,
  CollectionConfig,
  CollectionStats,
  Embedder,
  ListOptions,
  ListPage,
  Metric,
  Progress,
  Query,
  QueryResult,
  ReembedOptions,
  ReembedResult,
  StoredRecord,
  VectorBatch,
  VectorRecord,
  WorkerEmbedder,
  WriteOptions,
  WriteResult,
} from '../shared/types.js';
import type { CollectionRef, OpenedCollection, WrittenOnWire } from '../shared/worker-api.js';
import { checkEmbedder } from './check-embedder.js';
import { checkOptions } from './check-options.js';
import { checkedIds } from './checked-ids.js';
import { embedInBatches, isWorkerEmbedder } from './embed.js';
import { type LiveState, subscribe } from './live-query.js';
import { packMetadata, packRecords } from './pack-records.js';
import { type Asking, runQueries } from './queries.js';
import type { Space, StoreAccess } from './store-access.js';
import type { Sync } from './sync.js';
import { unpackRecords } from './unpack-records.js';
import { copyOfTexts, writeRecords } from './write-records.js';
import { AcknowledgedWriteResult, LocalWriteResult } from './write-result.js';

const WRITE_OPTIONS = ['durability', 'signal', 'onProgress'];

/**
 * A named set of records whose vectors share one dimension and metric. Made by `VectorStore.collection`.
 *
 * Every method rejects with a `VectorStoreError`: besides the codes it names, `CLOSED`, `WORKER_LOST` and the
 * storage codes are possible everywhere.
 *
 * @typeParam M the metadata's type: filters are typed by it.
 */
export class Collection<M = unknown> {
  readonly name: string;
  readonly metric: Metric;
  #space: Space;
  /** Resolves when the last `reembed` that was called has ended. */
  #reembedding: Promise<unknown> | undefined;

  /** @internal */
  constructor(
    { id, config }: OpenedCollection,
    embedder: Embedder | WorkerEmbedder | undefined,
    private readonly store: StoreAccess,
  ) {
    this.name = config.name;
    this.metric = config.metric;
    this.#space = { id, config, embedder };
  }

  /** Numbers in a vector; `reembed` may change it. */
  get dimension(): number {
    return this.#config.dimension;
  }

  /** The pinned fingerprint of the model that makes the vectors, where one was given. */
  get embeddingSpace(): string | undefined {
    return this.#config.embeddingSpace;
  }

  get #config(): CollectionConfig {
    return this.#space.config;
  }

  get #ref(): CollectionRef {
    const { id, embedder } = this.#space;
    return {
      id,
      name: this.name,
      embedder: isWorkerEmbedder(embedder) ? embedder : undefined,
      ...this.store.wishes.get(id),
    };
  }

  /**
   * Writes records, replacing those with the same id. One call is all or nothing, and is on disk when it resolves
   * (see `durability`). The caller's arrays are copied at once and never changed.
   *
   * With `storage: 'remote'` it is on the server when it resolves, and atomic for each shard of the collection: where a
   * shard fails, the error lists in `applied` what was written, and repeating the call is harmless.
   *
   * @throws `INVALID_ARGUMENT`, `DIMENSION_MISMATCH` or `DUPLICATE_ID` (within the batch), with every bad position
   *   in `problems`; `QUOTA_EXCEEDED`; `ABORTED`.
   */
  upsert(
    records: readonly VectorRecord<M>[] | VectorBatch<M>,
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    return this.#write(records, 'upsert', options);
  }

  /** As `upsert`, but an id that is already there rejects the whole batch with `DUPLICATE_ID`. */
  insert(
    records: readonly VectorRecord<M>[] | VectorBatch<M>,
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    return this.#write(records, 'insert', options);
  }

  /**
   * Replaces the metadata of records and leaves their vectors and texts alone.
   *
   * @throws `INVALID_ARGUMENT` where an id is not there, with every bad position in `problems`.
   */
  async setMetadata(
    updates: readonly { id: string; metadata: M }[],
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    checkOptions('setMetadata', options, WRITE_OPTIONS);
    const { ids, metadata } = packMetadata(updates, this.#config);
    const args = { collection: this.#ref, ids, metadata, durability: options.durability ?? 'disk' };
    const written = await this.store.call((api, call) => api.setMetadata(call, args), {
      isWrite: true,
      signal: options.signal,
    });
    return this.#result(written, () => unpackStrings(ids));
  }

  /** Deletes records by id (absent ones are passed over) or by filter. `count` tells how many there were. */
  async delete(
    which: { ids: readonly string[]; filter?: never } | { filter: Filter<M>; ids?: never },
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    checkOptions('delete', options, WRITE_OPTIONS);
    const { ids, filter } = (which ?? {}) as { ids?: unknown; filter?: unknown };
    if ((ids === undefined) === (filter === undefined)) {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        'delete takes exactly one of ids and filter. Anything else could delete more than was meant, so nothing was. Give { ids: [...] } or { filter }.',
      );
    }
    if (filter !== undefined) checkFilter(filter);
    const args = {
      collection: this.#ref,
      ids: ids === undefined ? undefined : checkedIds(ids),
      filter: filter as Query['filter'],
      durability: options.durability ?? 'disk',
    };
    const written = await this.store.call((api, call) => api.delete(call, args), {
      isWrite: true,
      signal: options.signal,
    });
    const { deleted } = written;
    return this.#result(written, () => args.ids ?? (deleted === undefined ? [] : unpackStrings(deleted)));
  }

  /** The records with these ids, in the order asked; `undefined` where there is none. */
  async get(
    ids: readonly string[],
    options: { includeVectors?: boolean } = {},
  ): Promise<(StoredRecord<M> | undefined)[]> {
    checkOptions('get', options, ['includeVectors']);
    const { includeVectors = false } = options;
    const wanted = checkedIds(ids);
    const { found, records } = await this.store.call((api, call) =>
      api.get(call, this.#ref, wanted, includeVectors),
    );
    const unpacked = unpackRecords<M>(records);
    let next = 0;
    return found.map((isThere) => (isThere ? unpacked[next++] : undefined));
  }

  /** Whether a record with this id is there. */
  async has(id: string): Promise<boolean> {
    const [record] = await this.get([id]);
    return record !== undefined;
  }

  /** How many records there are, or how many pass the filter. */
  async count(filter?: Filter<M>): Promise<number> {
    if (filter !== undefined) checkFilter(filter);
    return this.store.call((api, call) => api.count(call, this.#ref, filter as Query['filter']));
  }

  /** One page of records, in the order of id; pass the page's `cursor` on for the next. No cursor: the end. */
  async list(options: ListOptions<M> = {}): Promise<ListPage<M>> {
    checkOptions('list', options, ['filter', 'limit', 'cursor', 'includeVectors']);
    const { filter, limit = 100, cursor, includeVectors = false } = options;
    if (filter !== undefined) checkFilter(filter);
    const wire = {
      filter,
      limit,
      includeVectors,
      ...(cursor === undefined ? {} : { cursor }),
    } as ListOptions;
    const page = await this.store.call((api, call) => api.list(call, this.#ref, wire));
    const records = unpackRecords<M>(page.records);
    return page.cursor === undefined ? { records } : { records, cursor: page.cursor };
  }

  /**
   * The `topK` nearest records. There is no hidden threshold: if k records pass the filter, k are returned.
   *
   * Large collections have an index, which finds `targetRecall` of the true nearest on average; `receipt.exact` says
   * whether the answer is exact, and `exact: true` asks for one that is.
   *
   * @throws `INVALID_ARGUMENT`, `DIMENSION_MISMATCH`, `BACKEND_UNAVAILABLE`, `ABORTED`.
   */
  async query(query: Query<M>): Promise<QueryResult<M>> {
    const ask = () =>
      runQueries<M>(this.#asking, [query], (problem) => {
        throw new VectorStoreError(problem.code, problem.message);
      });
    const [answer] = await this.#inNewSpace(ask, query?.vector === undefined);
    return answer!;
  }

  /**
   * One answer per query, computed together. The queries' own signals abort the whole call.
   *
   * @throws as `query`, with every bad position in `problems`.
   */
  async queryMany(queries: readonly Query<M>[]): Promise<QueryResult<M>[]> {
    if (!Array.isArray(queries)) {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        'queryMany was not given an array. It answers by position. Give an array of queries, or use query() for one.',
      );
    }
    if (queries.length === 0) return [];
    const ask = () => {
      const problems: Problem[] = [];
      const check = (problem: Problem) => problems.push(problem);
      return runQueries<M>(this.#asking, queries, check, () => {
        if (problems.length > 0) throw batchError('queries', problems, problems.length);
      });
    };
    return this.#inNewSpace(
      ask,
      queries.every((query) => query?.vector === undefined),
    );
  }

  /**
   * Goes over to another embedder: makes every record's vector anew from its text. They are built beside the collection,
   * which is used as before meanwhile, and put in its place in one transaction, together with what was written until then.
   * From then on this handle uses `embedder`; others (see the `change` event of kind `'reembed'`) have to be opened again
   * to query by vectors or texts and to write them. Does nothing where the collection has that embedder already.
   *
   * Takes as much space on disk again while it runs. Where it is killed, or the embedder fails, the collection is as it
   * was, and the next call with the same embedder goes on from there.
   *
   * @throws `INVALID_ARGUMENT` where records have no text (`problems` names the first 100), and with `storage: 'remote'`;
   *   `CONFIG_MISMATCH` where it has been synced with a server; `CORRUPT` where segments are quarantined;
   *   `QUOTA_EXCEEDED`; `ABORTED`; what the embedder rejects with.
   */
  async reembed(embedder: Embedder | WorkerEmbedder, options: ReembedOptions = {}): Promise<ReembedResult> {
    checkOptions('reembed', options, ['signal', 'onProgress']);
    checkEmbedder(embedder);
    const work = import('./reembed.js').then(async ({ reembed }) => {
      const handle = { store: this.store, ref: this.#ref, config: this.#config };
      const { space, result } = await reembed(handle, embedder, options, embedInBatches);
      this.#space = space;
      return result;
    });
    this.#reembedding = work.catch(() => undefined);
    return work;
  }

  /**
   * Compacts and indexes now, which otherwise happens by itself in idle time: merges segments, gives back the space of
   * replaced and deleted records, and trains the index of large segments. Queries go on meanwhile.
   *
   * @throws `ABORTED`; what was finished before stays.
   */
  async optimize(
    options: { signal?: AbortSignal; onProgress?: (progress: Progress) => void } = {},
  ): Promise<void> {
    checkOptions('optimize', options, ['signal', 'onProgress']);
    await this.store.call((api, call) => api.optimize(call, this.#ref), { ...options, isWrite: true });
  }

  /**
   * Drops for good what is quarantined (see `stats().quarantined` and the store's `quarantine` event), and gives its
   * space back. Resolves to the number of records that were in it.
   */
  async discardQuarantined(): Promise<{ records: number }> {
    return this.store.call((api, call) => api.discardQuarantined(call, this.#ref), { isWrite: true });
  }

  /** Counts, bytes in memory and on disk, and the index; changes nothing. */
  async stats(): Promise<CollectionStats> {
    return this.store.call((api, call) => api.stats(call, this.#ref));
  }

  /**
   * Keeps the collection in step with one of the same name on a server, both ways: what is written here is pushed, and
   * what others write comes with a `change` event of origin `'sync'`. It works offline and goes on by itself when the
   * network is back. Nothing waits for it; begin it on each page that uses the collection, since one tab at a time syncs.
   *
   * @throws `INVALID_ARGUMENT` (also without a server, and without `onConflict` under `'compare-and-set'`);
   *   `CONFIG_MISMATCH` if the page syncs it with another server. What goes wrong later is in its `status()`.
   */
  sync(options: SyncOptions<M> = {}): Sync {
    if (this.store.isRemote) {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        `Collection "${this.name}" is on the server alone, since its store was opened with storage: 'remote'. There is nothing here to sync, and nothing was started. ` +
          "Leave sync out, or open the store with storage: 'indexeddb'.",
      );
    }
    return this.store.syncs.start(() => this.#ref, this.#config, options as SyncOptions);
  }

  /**
   * Calls the listener after each change of this collection. Returns a function that ends it. With `storage: 'remote'`
   * what others change comes without its ids, as events of kind `'unknown'`.
   */
  on(event: 'change', listener: (event: ChangeEvent) => void): () => void {
    if (event !== 'change') {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        `There is no event ${JSON.stringify(event)}. A listener for it would never be called. Collections have 'change'.`,
      );
    }
    return this.store.onChange(listener);
  }

  /**
   * Calls the listener with each answer to the query: at first, and again after each change of this collection. Returns a
   * function that ends it. What goes wrong is in the state's `error`.
   */
  subscribe(query: Query<M>, listener: (state: LiveState<M>) => void): () => void {
    return subscribe(this, query, listener);
  }

  async #write(
    input: readonly VectorRecord<M>[] | VectorBatch<M>,
    mode: 'upsert' | 'insert',
    options: WriteOptions,
  ): Promise<WriteResult> {
    checkOptions(mode, options, WRITE_OPTIONS);
    const records = packRecords(input, this.#config, this.#space.embedder !== undefined);
    const isText = records.toEmbed.length === records.ids.offsets.length - 1;
    // The column itself is handed over.
    const ids = { bytes: records.ids.bytes.slice(), offsets: records.ids.offsets.slice() };
    const write = () => {
      const own = isText ? copyOfTexts(records, this.dimension) : records;
      return writeRecords(this.store, this.#ref, this.#space, own, mode, options);
    };
    const written = await this.#inNewSpace(write, isText);
    return this.#result(written, () => unpackStrings(ids));
  }

  #result(written: WrittenOnWire, ids: () => readonly string[]): WriteResult {
    return this.store.isRemote
      ? new AcknowledgedWriteResult(written)
      : new LocalWriteResult(written, ids, () => this.store.syncs.of(this.#space.id));
  }

  /** Where `reembed` has replaced the collection under a call, makes it once more, with the new embedder; a vector is the old one's. */
  async #inNewSpace<T>(call: () => Promise<T>, canRepeat: boolean): Promise<T> {
    const before = this.#space;
    try {
      return await call();
    } catch (error) {
      if ((error as VectorStoreError).code !== 'CONFIG_MISMATCH' || !canRepeat) throw error;
      await this.#reembedding;
      if (this.#space === before) throw error;
      return call();
    }
  }

  get #asking(): Asking {
    const ref = this.#ref;
    const { config, embedder } = this.#space;
    return {
      config,
      embedder,
      ask: (queries, signal) => {
        const isScoped = queries.some(({ scope = 'local' }) => scope !== 'local');
        const remote = isScoped ? this.store.syncs.remoteOf(ref.id) : undefined;
        return this.store.query(ref, queries, { signal }, remote);
      },
    };
  }
}
