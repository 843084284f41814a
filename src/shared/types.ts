import type { BackendStatus, Degradation } from './backend-types.js';
import type { Embedder, WorkerEmbedder } from './embedder-types.js';
import type { ChangeEvent, QuarantineEvent } from './event-types.js';
import type { Filter } from './filter-types.js';
import type { Quantization } from './quantization.js';
import type { KeywordOptions } from './ranking-types.js';
import type { RecallStats } from './recall-stats.js';
import type { Metric, StoredRecord } from './record-types.js';
import type { Visit } from './visit.js';

export type * from './backend-types.js';
export type * from './embedder-types.js';
export type * from './event-types.js';
export type * from './metrics-types.js';
export type * from './quantization.js';
export type * from './query-types.js';
export type * from './ranking-types.js';
export type * from './recall-stats.js';
export type * from './record-types.js';
export type * from './server-receipt.js';
export type * from './visit.js';

/** Options of `VectorStore.collection`. What is pinned at creation may be left out later; another value is `CONFIG_MISMATCH`. */
export interface CollectionOptions {
  /** Numbers in a vector, 1 to 4,096. Needed to create a collection, unless an embedder tells it. */
  dimension?: number;
  /** Default `'cosine'`; pinned at creation. */
  metric?: Metric;
  /** Fingerprint of the model that makes the vectors; pinned at creation. Default: the embedder's id. */
  embeddingSpace?: string;
  /** Default `'last-writer-wins'`; pinned at creation, on the server, too. Nothing depends on it until it is synced. */
  conflict?: ConflictPolicy;
  /** Lets `upsert` and `query` take text. */
  embedder?: Embedder | WorkerEmbedder;
  /**
   * Default `'none'`, or what an earlier handle of this page has set. A store's `memoryBudgetBytes` may make it coarser.
   * Not pinned: nothing on disk depends on it. SIMD kernels only; others hold float32.
   */
  quantization?: Quantization;
  /**
   * Records that the collection keeps, from 1. A commit that would leave more evicts the oldest (those written longest ago,
   * `setMetadata` included; of one batch the earlier ones) together with what it writes, and a `change` event of kind
   * `'evict'` tells their ids. Default: no bound, or what an earlier handle of this page has set. Not pinned: where there
   * are more when it is set, the next write evicts them.
   */
  maxRecords?: number;
  /**
   * Makes ready in idle time, from opening on and after every write, what words are looked up in (with `fields`: and those
   * of metadata), so that the first keyword query does not wait for it. Default: from the first keyword or hybrid query
   * on, or what an earlier handle of this page has set. Not pinned; it takes about as much memory as the texts. Without
   * effect with `storage: 'remote'`.
   */
  keyword?: boolean | KeywordOptions;
}

/** How far a call has come. */
export interface Progress {
  /** Records (or, for `optimize`, rows) done so far. */
  done: number;
  total: number;
}

/** Options of every write. */
export interface WriteOptions {
  /**
   * `'disk'` (default): resolves when the commit has been flushed to disk. `'memory'`: resolves when the
   * browser has taken the commit over; it outlives the tab, but a power cut in the next moments may lose it.
   */
  durability?: 'disk' | 'memory';
  /** Aborts until the commit has begun; a call that has committed resolves. */
  signal?: AbortSignal;
  /** Called between the parts in which records are embedded and checked. */
  onProgress?: (progress: Progress) => void;
}

/** What a write resolves to. */
export interface WriteResult {
  /** Records written or deleted. */
  count: number;
  /** The collection's generation that holds the change. */
  generation: number;
  /** Records that made room for these; absent: none. */
  evicted?: number;
  /**
   * Resolves once a sync server has acknowledged the write, or a later one of the same records; it may take until the
   * network is back.
   *
   * @throws `SYNC_REJECTED` where another write has won, or the server refuses it for good; `INVALID_ARGUMENT` where the
   *   collection is not being synced on this page (see `Collection.sync`); `CLOSED` once that is stopped; `WORKER_LOST`
   *   (the write is on disk, and will be synced); `ABORTED`.
   */
  replicated(options?: { signal?: AbortSignal }): Promise<void>;
}

/** Options of `Collection.reembed`. */
export interface ReembedOptions {
  /** Aborts until the swap; what was built is removed. */
  signal?: AbortSignal;
  /** In records. */
  onProgress?: (progress: Progress) => void;
}

/** What `Collection.reembed` has done. */
export interface ReembedResult {
  /** Records of the collection. */
  count: number;
  /** Texts that this call has embedded: not again what a call before it, which was broken off, had done. */
  embedded: number;
}

/** Options of `Collection.list`. */
export interface ListOptions<M = unknown> {
  filter?: Filter<M>;
  /** Records per page, 1 to 10,000. Default 100. */
  limit?: number;
  /** The `cursor` of the page before. */
  cursor?: string;
  includeVectors?: boolean;
}

/** One page of `Collection.list`. */
export interface ListPage<M = unknown> {
  /** In the order of id (UTF-16 code units), which no write or compaction changes. */
  records: StoredRecord<M>[];
  /** Absent at the end. */
  cursor?: string;
}

/** What is pinned when a collection is created. */
export interface CollectionConfig {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly embeddingSpace?: string;
  /** How a server decides between two devices; absent: the last writer wins. */
  readonly conflict?: Exclude<ConflictPolicy, 'last-writer-wins'>;
}

/**
 * Of two devices that have changed one record, the later wins (`'last-writer-wins'`), or whoever comes second to the
 * server is asked to merge (`'compare-and-set'`).
 */
export type ConflictPolicy = 'last-writer-wins' | 'compare-and-set';

/** What `Collection.stats` tells: counts, bytes, and the index. */
export interface CollectionStats extends CollectionConfig {
  /** Live records. */
  records: number;
  /** Rows on disk that were replaced or deleted and are not yet reclaimed. */
  deadRecords: number;
  /** Parts that the records lie in: one per write, until they are merged. */
  segments: number;
  /** Bytes of vectors and columns held by the worker (ONNX Runtime's heap included). */
  memoryBytes: number;
  /** Of these, vectors and indexes: what `memoryBudgetBytes` bounds, for all collections of a store together. */
  vectorBytes: number;
  /** Bytes in IndexedDB, counted by this package. */
  diskBytes: number;
  /** Bytes this page's worker has written for the collection since it was opened. */
  bytesWritten: number;
  /** Grows by one with every commit. */
  generation: number;
  /** Segments that were found damaged: kept, and not searched. `records` were live in them. */
  quarantined: { segments: number; records: number };
  heldAs: HeldAs;
  index: IndexStats;
}

/** Rows, live and dead, by how their vectors are held in memory; `storage`: they are read when they are looked at. */
export type HeldAs = Record<'float32' | 'int16' | 'int8' | 'storage', number>;

/** The index of a collection: inverted lists in its large segments. */
export interface IndexStats {
  /** `'ivf'`: at least one segment has inverted lists; `'flat'`: every search is exact. */
  kind: 'flat' | 'ivf';
  /** Inverted lists of all segments. */
  lists: number;
  /** Live and dead rows in segments that have lists; the others are searched exactly. */
  indexedRows: number;
  /** How far the training that is under way has come. */
  training?: Progress;
  /** Recall of searches for the default target, as measured: see `RecallStats`. */
  recall?: RecallStats;
}

/** What `VectorStore.status` tells. */
export interface StoreStatus {
  name: string;
  /** With `'remote'` nothing is here: what tells of databases is empty. */
  storage: 'indexeddb' | 'memory' | 'remote';
  backend: BackendStatus;
  /** Whether the browser has promised not to evict this origin; `'unknown'` where it cannot be asked. */
  persisted: boolean | 'unknown';
  /**
   * Whether the browser may delete this origin's data to make room, or after a time without a visit. True where it has
   * not been asked to persist it (see `navigator.storage.persist()`), and with `storage: 'memory'`.
   */
  mayPurge: boolean | 'unknown';
  usage: {
    /** Bytes of this store in IndexedDB, counted by this package. */
    ownBytes: number;
    /** What `navigator.storage.estimate()` says of the whole origin; may be stale. */
    originBytes?: number;
    /** What it says this origin may take. Chromium names `originBytes` + 10 GiB, however much there is. */
    quotaBytes?: number;
  };
  /** When an export of the whole store was last completed, in milliseconds since 1970. Absent: never. */
  lastBackup?: number;
  /**
   * Records and tombstones (of deletes that are not yet compacted away) that no server has acknowledged. Without sync
   * that is all of them: what is lost with this browser's data, but for a backup.
   */
  unsynced: number;
  /** How this tab and others work together; `'none'` in memory, which no other tab sees. */
  tabs: {
    /** `'none'`: commits compare generations all the same, but two tabs may do the same merge. */
    locks: 'web-locks' | 'none';
    /** `'polling'`: commits of other tabs are looked for every second, and their events are of kind `'unknown'`. */
    announcements: 'broadcast' | 'polling' | 'none';
  };
  /** Made with the database: another one under the same name is another store. */
  databaseId: string;
  /** How this page found the store when it opened it. */
  visit: Visit;
  /** Version of what is stored; see SPEC.md. */
  format: number;
  collections: number;
  /** Names of collections that cannot be opened (`CORRUPT`): drop them, and restore them from a backup. */
  damagedCollections: string[];
  /** How often this page had to replace the worker. */
  workerRestarts: number;
}

/** What happens to an index; searches are exact as long as there is none. */
export type IndexChange =
  | { state: 'training'; progress: Progress }
  /** Searches use it from now on. */
  | { state: 'trained' }
  /** It could not be made here. */
  | { state: 'failed'; reason: string }
  /** It was found damaged and is made again. No record is concerned. */
  | { state: 'damaged'; reason: string };

/** An `IndexChange`, with the name of its collection. */
export type IndexEvent = IndexChange & { collection: string };

/** What `VectorStore.on` tells: name of the event → what its listeners get. */
export interface StoreEvents {
  /** A commit has changed records, here, in another tab, or by sync; or a collection was dropped. */
  change: ChangeEvent;
  /** The active backend changed. */
  backend: BackendStatus;
  /** A backend failed, or could not start; the next one has answered, and nothing was lost. */
  degraded: Degradation;
  /** An index is made, is ready, or could not be used. */
  index: IndexEvent;
  /** Stored data was found damaged, here or in another tab. */
  quarantine: QuarantineEvent;
  /** The worker was lost and the next call starts a new one. */
  'worker-lost': { reason: string };
  /**
   * The data on disk is gone or was replaced: while the store was open (every later call is `STORAGE_LOST`), or since
   * the last visit (`status().visit` is `'evicted'`; told to the first listener, and the store is open, empty).
   */
  'storage-lost': { reason: string };
  /** Another tab upgrades the store with a newer release: calls here are `STORAGE_BLOCKED` until this tab is reloaded. */
  outdated: { reason: string };
}
