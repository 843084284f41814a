import type { ImportResult, OnConflict } from './backup-types.js';
import type { ErrorOnWire } from './errors.js';
import type { MatchesOnWire, QueryOnWire, RecordsOnWire } from './records-on-wire.js';
import type { StringColumn } from './string-column.js';
import type { Entry, WithVector } from './sync/protocol.js';
import type { SyncStatus } from './sync/sync-status.js';
import type {
  Backend,
  CollectionConfig,
  CollectionStats,
  ConflictPolicy,
  KernelChoice,
  KeywordOptions,
  ListOptions,
  Metric,
  Metrics,
  Progress,
  Quantization,
  Query,
  ReembedResult,
  StoreEvents,
  StoreStatus,
  WorkerEmbedder,
  WriteResult,
} from './types.js';

export type * from './records-on-wire.js';

// The whole conversation between a page and its worker. No logic here.
//
// The page sends `Connect` to the worker. Everything else goes over the channel: the MessagePort that came with
// `Connect`, or the worker itself where none did. One `Ready`, then Comlink calls of `StoreApi`, and beside them
// `ToWorker` and `FromWorker`. No call throws across the channel (Comlink would strip class, code and cause): it
// answers an `Outcome`.

export const PROTOCOL = 1;

export interface Connect {
  readonly nearshore: 'connect';
  readonly protocol: number;
}

export interface Ready {
  readonly nearshore: 'ready';
  readonly protocol: number;
  readonly aliveLock: string | undefined;
}

/** Answered by 'answer'. Not a Comlink call, whose wrapping takes as long as a small search. */
export interface QueryCall {
  readonly nearshore: 'query';
  readonly callId: CallId;
  readonly collection: CollectionRef;
  readonly queries: readonly QueryOnWire[];
  /** Where a query has a `scope`. */
  readonly remote?: RemoteOnWire | undefined;
}

/** What a page answers to 'start-trainer'. The port leads to the trainer. */
export type AboutTrainer =
  | { readonly nearshore: 'trainer'; readonly trainer: number; readonly port: MessagePort }
  | { readonly nearshore: 'trainer-lost'; readonly trainer: number; readonly reason: string };

/** What a page answers to 'ask'. */
export interface Told {
  readonly nearshore: 'told';
  readonly ask: number;
  readonly outcome: Outcome<unknown>;
}

export type ToWorker = QueryCall | AboutTrainer | Told;

/** What only the page can answer, since it has the functions that the app gave; names a collection by its id. */
export type Question =
  /** Answered by a token. */
  | { readonly about: 'token'; readonly collection: number }
  /** Answered by their vectors, n × dimension, row-major; `embedder` is what `ReembedArgs` names it by. */
  | { readonly about: 'embed'; readonly embedder: number; readonly texts: readonly string[] }
  /** Answered by a `MergedOnWire`. */
  | { readonly about: 'merge'; readonly collection: number; readonly sides: SidesOnWire };

/** `remote` undefined: the server has nothing. */
export interface SidesOnWire {
  readonly local: WithVector<Entry>;
  readonly remote: WithVector<Entry> | undefined;
}

export type MergedOnWire = WithVector<Omit<Entry, 'stamp'>> | 'remote';

export type SyncStatusOnWire = Omit<SyncStatus, 'error'> & { readonly error?: ErrorOnWire };

/** What a sync tells the page. */
export type AboutSync =
  | { readonly nearshore: 'ask'; readonly ask: number; readonly question: Question }
  | { readonly nearshore: 'sync-status'; readonly collection: number; readonly status: SyncStatusOnWire }
  | { readonly nearshore: 'sync-lost'; readonly collection: number; readonly lost: readonly SidesOnWire[] };

/** Asks for a second worker, to train in. */
export type TrainerWanted =
  | { readonly nearshore: 'start-trainer'; readonly trainer: number }
  | { readonly nearshore: 'end-trainer'; readonly trainer: number };

export type FromWorker =
  | { readonly nearshore: 'answer'; readonly callId: CallId; readonly outcome: Outcome<MatchesOnWire[]> }
  | { readonly nearshore: 'progress'; readonly callId: number; readonly progress: Progress }
  | { readonly nearshore: 'store-event'; readonly event: StoreEventOnWire }
  | TrainerWanted
  | AboutSync;

export type StoreEventOnWire = {
  [K in keyof StoreEvents]: { readonly type: K; readonly detail: StoreEvents[K] };
}[keyof StoreEvents];

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ErrorOnWire };

/** Records as columns. Row i of each column is record i; all buffers are transferred. */
export interface PackedRecords {
  readonly ids: StringColumn;
  /** n × dimension; rows in `toEmbed` are still zero. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** Rows whose vector the worker's embedder computes from their text. */
  readonly toEmbed: readonly number[];
  /** JSON; an empty row means none. */
  readonly metadata: StringColumn | undefined;
  /** An empty row means none. */
  readonly texts: StringColumn | undefined;
}

export interface OpenStoreArgs {
  readonly name: string;
  readonly storage: 'indexeddb' | 'memory' | 'remote';
  /** With `storage: 'remote'`. */
  readonly remote?: RemoteOnWire | undefined;
  readonly backend: 'auto' | Backend;
  readonly kernel: KernelChoice;
  readonly assetBaseUrl: string | undefined;
  readonly memoryBudgetBytes: number | undefined;
  /** The database that an earlier worker of this page had open: another one is `STORAGE_LOST`. */
  readonly databaseId?: string | undefined;
}

export interface OpenedStore {
  readonly databaseId: string;
  /** It was created by this call. */
  readonly isNew: boolean;
}

/** What handles of a page have asked for: nothing on disk depends on it, and a worker that opens it anew asks again. */
export interface Wishes {
  quantization?: Quantization | undefined;
  maxRecords?: number | undefined;
  keyword?: KeywordOptions | undefined;
}

/**
 * Names one collection for good: `id` is never used again, so that a handle cannot reach another collection that
 * was created later under the same name. The worker keeps no other memory of a page's handles.
 */
export interface CollectionRef extends Wishes {
  readonly id: number;
  readonly name: string;
  /** Where texts are embedded in the worker. */
  readonly embedder: WorkerEmbedder | undefined;
}

export interface OpenedCollection {
  readonly id: number;
  readonly config: CollectionConfig;
}

export interface OpenCollectionArgs extends Wishes {
  readonly name: string;
  readonly dimension: number | undefined;
  readonly metric: Metric | undefined;
  readonly embeddingSpace: string | undefined;
  readonly conflict?: ConflictPolicy | undefined;
  /** Its assets are fetched ahead of the first text. */
  readonly embedder: WorkerEmbedder | undefined;
}

export interface UpsertArgs {
  readonly collection: CollectionRef;
  readonly records: PackedRecords;
  readonly mode: 'upsert' | 'insert';
  readonly durability: 'disk' | 'memory';
}

export interface SetMetadataArgs {
  readonly collection: CollectionRef;
  readonly ids: StringColumn;
  readonly metadata: StringColumn;
  readonly durability: 'disk' | 'memory';
}

export interface DeleteArgs {
  readonly collection: CollectionRef;
  readonly ids: readonly string[] | undefined;
  readonly filter: Query['filter'] | undefined;
  readonly durability: 'disk' | 'memory';
}

export interface ImportArgs {
  /** Undefined: a stream's chunks come with `importChunk`. */
  readonly file: Blob | undefined;
  readonly onConflict: OnConflict;
}

/** Of the records that were asked about, those whose text is what is stored. */
export interface KeptVectors {
  /** Ascending. */
  readonly positions: readonly number[];
  /** One row for each. */
  readonly vectors: Float32Array<ArrayBuffer>;
}

export interface ReembedArgs {
  readonly embeddingSpace: string;
  readonly dimension: number;
  /** A number: the page is asked, and knows it by that. */
  readonly embedder: WorkerEmbedder | number;
}

/** The collection as it is now. */
export interface Reembedded extends OpenedCollection, ReembedResult {}

/** What a write did. */
export interface WrittenOnWire extends Omit<WriteResult, 'replicated'> {
  /** Of all that it wrote; absent where it wrote nothing. */
  readonly stamp?: string;
  /** Of a delete by filter. */
  readonly deleted?: StringColumn;
}

/** Sync servers, as a worker is told of them. */
export interface RemoteOnWire {
  /** Absolute. */
  readonly urls: readonly string[];
  /** The page can be asked for tokens. */
  readonly hasToken: boolean;
}

export interface SyncArgs {
  readonly collection: CollectionRef;
  readonly remote: RemoteOnWire;
  readonly live: boolean;
}

/** Each call's first argument: names the call, so that it can be aborted and report progress. */
export type CallId = number;

export interface StoreApi {
  open(call: CallId, args: OpenStoreArgs): Promise<Outcome<OpenedStore>>;
  openCollection(call: CallId, args: OpenCollectionArgs): Promise<Outcome<OpenedCollection>>;
  listCollections(call: CallId): Promise<Outcome<CollectionConfig[]>>;
  dropCollection(call: CallId, name: string): Promise<Outcome<boolean>>;
  /** Vectors that an embedder on the page need not make: row i of `texts` is for the i-th id. */
  keptVectors(
    call: CallId,
    collection: CollectionRef,
    ids: StringColumn,
    texts: StringColumn,
  ): Promise<Outcome<KeptVectors>>;
  upsert(call: CallId, args: UpsertArgs): Promise<Outcome<WrittenOnWire>>;
  setMetadata(call: CallId, args: SetMetadataArgs): Promise<Outcome<WrittenOnWire>>;
  delete(call: CallId, args: DeleteArgs): Promise<Outcome<WrittenOnWire>>;
  get(
    call: CallId,
    collection: CollectionRef,
    ids: readonly string[],
    includeVectors: boolean,
  ): Promise<Outcome<{ found: boolean[]; records: RecordsOnWire }>>;
  count(
    call: CallId,
    collection: CollectionRef,
    filter: Query['filter'] | undefined,
  ): Promise<Outcome<number>>;
  list(
    call: CallId,
    collection: CollectionRef,
    options: ListOptions,
  ): Promise<Outcome<{ records: RecordsOnWire; cursor: string | undefined }>>;
  optimize(call: CallId, collection: CollectionRef): Promise<Outcome<void>>;
  reembed(call: CallId, collection: CollectionRef, args: ReembedArgs): Promise<Outcome<Reembedded>>;
  discardQuarantined(call: CallId, collection: CollectionRef): Promise<Outcome<{ records: number }>>;
  stats(call: CallId, collection: CollectionRef): Promise<Outcome<CollectionStats>>;
  status(call: CallId): Promise<Outcome<Omit<StoreStatus, 'workerRestarts' | 'visit'>>>;
  metrics(call: CallId): Promise<Outcome<Metrics>>;
  /** Begins an export, which later calls name by this one's id; `collections` undefined: all. */
  exportOpen(
    call: CallId,
    collections: readonly string[] | undefined,
  ): Promise<Outcome<{ expectedBytes: number }>>;
  /** The next part of the file, handed over; undefined after the last. */
  exportNext(call: CallId, opened: CallId): Promise<Outcome<Uint8Array<ArrayBuffer> | undefined>>;
  exportEnd(call: CallId, opened: CallId): Promise<Outcome<void>>;
  importBackup(call: CallId, args: ImportArgs): Promise<Outcome<ImportResult>>;
  /**
   * The next chunk of the stream that call `importing` reads; undefined: it has ended, by the fault where there is one.
   * Answers when the next one may come; false: none is wanted any more.
   */
  importChunk(
    importing: CallId,
    chunk: Uint8Array<ArrayBuffer> | undefined,
    fault: string | undefined,
  ): Promise<boolean>;
  /** Syncs until `stopSync`; answers then. A sync that another call has begun goes on, and is waited for. */
  sync(call: CallId, args: SyncArgs): Promise<Outcome<void>>;
  /** Answers when all that is pending was pushed and everything pulled; begins the sync where it was lost. */
  syncNow(call: CallId, args: SyncArgs): Promise<Outcome<void>>;
  /** Answers when none of the records' writes is pending any more; `stamp` is that of the write. */
  replicated(call: CallId, args: SyncArgs, ids: readonly string[], stamp: string): Promise<Outcome<void>>;
  /** Emits an event after each change of others that a server hints of; answers once it was aborted. */
  watch(call: CallId, collection: CollectionRef): Promise<Outcome<void>>;
  /** @param collection its id */
  stopSync(call: CallId, collection: number): Promise<Outcome<void>>;
  destroy(call: CallId): Promise<Outcome<void>>;
  close(call: CallId): Promise<Outcome<void>>;
  /** Answers nothing; the aborted call does. */
  abort(call: CallId, reason: string): Promise<void>;
}
