import {
  checkChoice,
  checkDimension,
  checkMaxRecords,
  checkMetric,
  checkName,
} from '../shared/argument-check.js';
import type { ExportOptions, ImportOptions, ImportResult } from '../shared/backup-types.js';
import { VectorStoreError } from '../shared/errors.js';
import type {
  CollectionConfig,
  CollectionOptions,
  Embedder,
  Metrics,
  StoreEvents,
  StoreStatus,
  WorkerEmbedder,
} from '../shared/types.js';
import { exportBlob, exportStream, importBackup } from './backup.js';
import { checkEmbedder } from './check-embedder.js';
import { Collection } from './collection.js';
import { isWorkerEmbedder } from './embed.js';
import { HandleSyncs } from './handle-syncs.js';
import type { SharedLink } from './shared-links.js';
import type { WorkerLink } from './worker-link.js';

const EVENTS: readonly (keyof StoreEvents)[] = [
  'change',
  'backend',
  'degraded',
  'index',
  'quarantine',
  'worker-lost',
  'storage-lost',
  'outdated',
];

/** An open store. Made by `openStore`. */
export class VectorStore {
  readonly name: string;
  #closed = false;
  readonly #syncs: HandleSyncs;

  /** @internal */
  constructor(private readonly shared: SharedLink) {
    this.name = shared.name;
    this.#syncs = new HandleSyncs(shared.syncs, shared.link.call.bind(shared.link));
  }

  /**
   * Opens a collection, or creates it. Nothing is ever dropped or converted implicitly.
   *
   * @throws `CONFIG_MISMATCH` if it exists with another dimension, metric, embedding space or conflict policy; `INVALID_ARGUMENT`.
   */
  async collection<M = unknown>(name: string, options: CollectionOptions = {}): Promise<Collection<M>> {
    this.#checkOpen();
    checkName('collection', name);
    const { metric, embedder, quantization, maxRecords, conflict } = options;
    if (embedder !== undefined) checkEmbedder(embedder);
    const dimension = options.dimension ?? embedder?.dimension;
    if (dimension !== undefined) checkDimension(dimension);
    if (metric !== undefined) checkMetric(metric);
    if (quantization !== undefined) checkChoice('quantization', quantization, ['none', 'int16', 'int8']);
    if (maxRecords !== undefined) checkMaxRecords(maxRecords);
    if (conflict !== undefined) checkChoice('conflict', conflict, ['last-writer-wins', 'compare-and-set']);
    if (embedder !== undefined && embedder.dimension !== dimension)
      throw embedderMismatch(embedder, dimension!);
    const { link, events, wishes, watches } = this.shared;
    const keyword = options.keyword === true ? {} : options.keyword || undefined;
    const embeddingSpace = options.embeddingSpace ?? embedder?.id;
    if (embeddingSpace !== undefined) checkEmbeddingSpace(embeddingSpace);
    const opened = await link.call(
      (api, call) =>
        api.openCollection(call, {
          name,
          dimension,
          metric,
          embeddingSpace,
          conflict,
          embedder: isWorkerEmbedder(embedder) ? embedder : undefined,
          quantization,
          maxRecords,
          keyword,
        }),
      { isWrite: true },
    );
    const wish = { ...wishes.get(opened.id) };
    if (quantization !== undefined) wish.quantization = quantization;
    if (maxRecords !== undefined) wish.maxRecords = maxRecords;
    if (keyword !== undefined) wish.keyword = keyword;
    wishes.set(opened.id, wish);
    return new Collection<M>(opened, embedder, {
      call: (send, callOptions) => {
        this.#checkOpen();
        return link.call(send, callOptions);
      },
      query: (ref, queries, callOptions, remote) => {
        this.#checkOpen();
        return link.query(ref, queries, callOptions, remote);
      },
      wishes,
      embedders: this.shared.syncs.embedders,
      onChange: (listener) => {
        const off = events.on('change', (event) => {
          if (event.collection === name) listener(event);
        });
        const unwatch = watches?.add({ id: opened.id, name, embedder: undefined, quantization: undefined });
        return () => {
          off();
          unwatch?.();
        };
      },
      syncs: this.#syncs,
      isRemote: watches !== undefined,
    });
  }

  /** The collections of the store, by name. */
  async listCollections(): Promise<CollectionConfig[]> {
    this.#checkOpen();
    return this.shared.link.call((api, call) => api.listCollections(call));
  }

  /** Deletes a collection with its records; with `storage: 'remote'` on the server, for all. False: there was none. */
  async dropCollection(name: string): Promise<boolean> {
    this.#checkOpen();
    checkName('collection', name);
    return this.shared.link.call((api, call) => api.dropCollection(call, name), {
      isWrite: true,
    });
  }

  /**
   * A backup of the store as one file, made part by part as it is read: every collection as it was when the first part
   * was asked for. Writes and queries go on meanwhile; segments are merged only after it, and it begins only after a
   * merge that is under way. A reader that takes nothing for 60 s, aborts or cancels ends it.
   *
   * The stream fails with a `VectorStoreError`: `CORRUPT`, `ABORTED`, `WORKER_LOST`, `STORAGE_BLOCKED` (without Web
   * Locks another tab has merged what was to be read).
   *
   * @throws `INVALID_ARGUMENT`.
   */
  exportStream(options: ExportOptions = {}): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#checkOpen();
    return exportStream(this.#call, options);
  }

  /** As `exportStream`, as a Blob. */
  async exportBlob(options: ExportOptions = {}): Promise<Blob> {
    return exportBlob(this.#call, options);
  }

  /**
   * Adds the records of a backup file. Collections that are missing are created; `onConflict` says what becomes of
   * records whose id is there. A Blob is checked as a whole before anything is written; of a stream, the records
   * before a fault stay, and the error says how many they are.
   *
   * @throws `CORRUPT` (damaged, or not such a file), `FORMAT_TOO_NEW`, `CONFIG_MISMATCH` (a collection has another
   *   dimension, metric or embedding space here), `DUPLICATE_ID` with `onConflict: 'error'`, `INVALID_ARGUMENT`,
   *   `QUOTA_EXCEEDED`, `ABORTED`.
   */
  async import(
    source: Blob | ReadableStream<Uint8Array>,
    options: ImportOptions = {},
  ): Promise<ImportResult> {
    return importBackup(this.#call, source, options);
  }

  /** What the store runs on, and what protects its data; changes nothing. */
  async status(): Promise<StoreStatus> {
    this.#checkOpen();
    const { link, visit } = this.shared;
    return { ...(await link.call((api, call) => api.status(call))), visit, workerRestarts: link.restarts };
  }

  /** Durations of operations in the worker, in milliseconds, since it started. */
  async metrics(): Promise<Metrics> {
    this.#checkOpen();
    return this.shared.link.call((api, call) => api.metrics(call));
  }

  /** Calls the listener on each such event. Returns a function that ends it. */
  on<K extends keyof StoreEvents>(event: K, listener: (detail: StoreEvents[K]) => void): () => void {
    if (!EVENTS.includes(event)) {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        `There is no event ${JSON.stringify(event)}. A listener for it would never be called. Stores have ${EVENTS.join(', ')}.`,
      );
    }
    return this.shared.events.on(event, listener);
  }

  /** Ends this handle. The worker ends with the last handle of the page; the data stays. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#syncs.stopAll();
    await this.shared.release();
  }

  /**
   * Deletes the store with all its collections, and closes it for every handle of this page. With `storage: 'remote'` the
   * collections are deleted on the server, for all devices, as far as the token covers them.
   */
  async destroy(): Promise<void> {
    this.#checkOpen();
    this.#closed = true;
    await this.shared.destroy();
  }

  readonly #call: WorkerLink['call'] = (send, options) => {
    this.#checkOpen();
    return this.shared.link.call(send, options);
  };

  #checkOpen(): void {
    if (!this.#closed) return;
    throw new VectorStoreError(
      'CLOSED',
      `This handle of store "${this.name}" has been closed. It no longer reaches the worker. Open the store again with openStore().`,
    );
  }
}

function checkEmbeddingSpace(space: unknown): asserts space is string {
  if (typeof space === 'string' && space !== '') return;
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `embeddingSpace is ${typeof space === 'string' ? 'an empty string' : `a ${typeof space}`}. It is compared on each opening, to keep vectors of two models apart. Give a string that names the model, such as 'all-MiniLM-L6-v2/384/normalized'.`,
  );
}

function embedderMismatch(embedder: Embedder | WorkerEmbedder, dimension: number): VectorStoreError {
  return new VectorStoreError(
    'DIMENSION_MISMATCH',
    `Embedder "${embedder.id}" makes vectors of ${embedder.dimension} numbers, but dimension is ${dimension}. They could not be stored. ` +
      'Leave dimension out, or use an embedder that fits.',
  );
}
