import type { ImportResult } from '../shared/backup-types.js';
import type { VectorStoreError } from '../shared/errors.js';
import { checkKeywordOption } from '../shared/ranking-check.js';
import type {
  ChangeEvent,
  CollectionConfig,
  IndexEvent,
  QuarantineEvent,
  StoreStatus,
  WorkerEmbedder,
} from '../shared/types.js';
import type {
  CollectionRef,
  OpenCollectionArgs,
  OpenedCollection,
  OpenedStore,
  OpenStoreArgs,
  ReembedArgs,
  Reembedded,
  StoreEventOnWire,
  Wishes,
} from '../shared/worker-api.js';
import type { ChunkQueue } from './backup/chunk-queue.js';
import { type Export, exportStore, holdingOffMerges } from './backup/export-store.js';
import { type ImportCall, type ImportTarget, importBackup } from './backup/import-backup.js';
import type { CallOptions } from './collection/call-options.js';
import { CollectionEngine, type EngineParts } from './collection/collection-engine.js';
import { TRAINED_COMPONENTS, type Train } from './collection/list-order.js';
import { MemoryBudget } from './collection/memory-budget.js';
import { droppedError } from './collection/state.js';
import { Superseded } from './collection/superseded.js';
import { gpuAccess } from './compute/auto-gpu.js';
import { Compute } from './compute/compute.js';
import { TextEmbedders } from './embed/text-embedders.js';
import { type StartTrainer, trainInWorker } from './index/train-in-worker.js';
import { MetricsRecorder } from './metrics.js';
import { newConfig, refuseOtherConfig } from './pinned-config.js';
import { protectionOf } from './protection.js';
import { type ReembedStore, reembedCollection } from './reembed/reembed-collection.js';
import { buildingName } from './storage/building.js';
import { IndexedDbStorage } from './storage/indexeddb-storage.js';
import { MemoryStorage } from './storage/memory-storage.js';
import type { CollectionRow, Storage, StoreRow } from './storage/storage.js';
import type { Store } from './store.js';
import { closedError, destroyedError } from './store-errors.js';
import { broadcastAnnouncements } from './tabs/announcements.js';
import { Tabs } from './tabs/tabs.js';

/** The same rows give the same index. */
const TRAINING_SEED = 1;

type Emit = (event: StoreEventOnWire) => void;

/** One open store in its worker: joins storage, compute and the collections. */
export class StoreEngine implements Store {
  readonly metrics = new MetricsRecorder();
  readonly #embedders: TextEmbedders;
  /** By the collection's id. */
  readonly #collections = new Map<number, Promise<CollectionEngine>>();
  readonly #tabs: Tabs;
  /** Set when another tab has destroyed the store. */
  #destroyed: VectorStoreError | undefined;

  private constructor(
    readonly name: string,
    readonly storage: Storage,
    private readonly row: StoreRow,
    private readonly compute: Compute,
    private readonly assetBaseUrl: string | undefined,
    private readonly memory: MemoryBudget,
    private readonly emit: Emit,
    private readonly startTrainer: StartTrainer,
  ) {
    this.#embedders = new TextEmbedders(compute);
    this.#tabs = new Tabs({
      storage,
      announcements: storage.kind === 'memory' ? undefined : broadcastAnnouncements(name),
      collection: (id) => this.#collections.get(id),
      emit: (detail) => emit({ type: 'change', detail }),
      onDropped: (id, dropped) => this.#closeOne(id, droppedError(dropped)),
      onReplaced: (id, replaced) => this.#closeOne(id, new Superseded(replaced)),
      onDestroyed: () => {
        this.#destroyed = destroyedError(name);
        void this.#closeCollections(this.#destroyed).then(() => this.storage.close());
      },
    });
  }

  static async open(
    { name, storage: kind, backend, kernel, assetBaseUrl, memoryBudgetBytes, databaseId }: OpenStoreArgs,
    emit: Emit,
    startTrainer: StartTrainer,
  ): Promise<StoreEngine> {
    const began = performance.now();
    const storage =
      kind === 'memory'
        ? new MemoryStorage()
        : new IndexedDbStorage(name, {
            onLost: (reason) => emit({ type: 'storage-lost', detail: { reason } }),
            onOutdated: (reason) => emit({ type: 'outdated', detail: { reason } }),
          });
    const row = await storage.open(databaseId);
    const compute = new Compute(
      { backend, kernel, assetBaseUrl },
      {
        onChange: (detail) => emit({ type: 'backend', detail }),
        onDegraded: (detail) => emit({ type: 'degraded', detail }),
      },
      {
        access: gpuAccess(assetBaseUrl),
        memory: {
          read: async () => (await storage.readStore()).gpu,
          write: (findings) => storage.writeGpuFindings(findings),
        },
      },
    );
    const memory = new MemoryBudget(memoryBudgetBytes);
    const engine = new StoreEngine(name, storage, row, compute, assetBaseUrl, memory, emit, startTrainer);
    engine.metrics.add('open', performance.now() - began);
    return engine;
  }

  get opened(): OpenedStore {
    return { databaseId: this.row.databaseId, isNew: this.storage.isNew };
  }

  /** Memory must not go on answering for a store whose data is gone, or is another tab's now. */
  checkStorage(): void {
    if (this.#destroyed !== undefined) throw this.#destroyed;
    if (this.storage.ended !== undefined) throw this.storage.ended;
  }

  /** Opens or creates a collection. */
  async openCollection(args: OpenCollectionArgs): Promise<OpenedCollection> {
    const { quantization, maxRecords, keyword } = args;
    checkKeywordOption(keyword);
    const row = (await this.storage.readCollection(args.name)) ?? (await this.#create(args));
    refuseOtherConfig(row.config, args);
    const isOpen = this.#collections.has(row.id);
    const engine = await this.#engineOf(row.id, () => this.#open(row, args));
    if (isOpen && maxRecords !== undefined) engine.setMaxRecords(maxRecords);
    if (isOpen && quantization !== undefined) await engine.setQuantization(quantization);
    if (isOpen && keyword !== undefined) engine.wantKeywords(keyword);
    // Without its assets, the call that needs them says why.
    if (args.embedder !== undefined) this.#embedders.preload(args.embedder).catch(() => undefined);
    return { id: row.id, config: row.config };
  }

  /** The collection that a handle stands for; opened here if another worker had it open before. */
  collection({ id, name, ...wishes }: CollectionRef): Promise<CollectionEngine> {
    return this.#engineOf(id, async () => {
      const row = await this.#rowOf({ id, name });
      if (row.id !== id) throw new Superseded(name);
      return this.#open(row, wishes);
    });
  }

  /** The handle, as it would be of what has taken its collection's place. */
  async successor(ref: CollectionRef): Promise<CollectionRef> {
    return { ...ref, id: (await this.#rowOf(ref)).id };
  }

  /** Of the collection that a handle stands for, or of what has taken its place. */
  async #rowOf({ id, name }: Pick<CollectionRef, 'id' | 'name'>): Promise<CollectionRow> {
    const row = await this.storage.readCollection(name);
    if (row === undefined || (row.id !== id && !row.replaced?.includes(id))) throw droppedError(name);
    return row;
  }

  /** @param embed with the embedder of `args` */
  reembed(
    ref: CollectionRef,
    args: ReembedArgs,
    embed: (texts: readonly string[]) => Promise<Float32Array>,
    options: CallOptions,
  ): Promise<Reembedded> {
    const parts: ReembedStore = {
      storage: this.storage,
      rowOf: (asked) => this.#rowOf(asked),
      open: (asked) => this.collection(asked),
      create: (config) => this.#create({ embeddingSpace: undefined, ...config }),
      openQuietly: (row) => this.#openQuietly(row, ref),
      onReplaced: (old, next) => {
        this.#closeOne(old.id, new Superseded(ref.name));
        this.#tabs.replaced(old, next);
      },
    };
    return reembedCollection(parts, ref, args, embed, options);
  }

  /** With the embedder of a handle. */
  embed(embedder: WorkerEmbedder, texts: readonly string[], signal: AbortSignal) {
    return this.#embedders.embed(embedder, texts, signal);
  }

  /** Begins an export once no segments are being merged; none are before `ended` fires. */
  beginExport(names: readonly string[] | undefined, ended: AbortSignal): Promise<Export> {
    return holdingOffMerges(this.storage, ended, () => exportStore(this, names, ended));
  }

  importBackup(file: Blob | ChunkQueue, call: ImportCall): Promise<ImportResult> {
    return importBackup(this.#importTarget, file, call);
  }

  async listCollections(): Promise<CollectionConfig[]> {
    return (await this.storage.readCollections()).map((row) => row.config);
  }

  async dropCollection(name: string): Promise<boolean> {
    const row = await this.storage.readCollection(name);
    const dropped = await this.storage.exclusively(async () => {
      await this.storage.dropCollection(buildingName(name));
      return this.storage.dropCollection(name);
    });
    if (row !== undefined) {
      this.#closeOne(row.id, droppedError(name));
      if (dropped) this.#tabs.dropped(row);
    }
    return dropped;
  }

  async status(): Promise<Omit<StoreStatus, 'workerRestarts' | 'visit'>> {
    const rows = await this.storage.readCollections();
    return {
      name: this.name,
      storage: this.storage.kind,
      backend: this.compute.status,
      ...(await protectionOf(this.storage, rows)),
      tabs: this.#tabs.status,
      databaseId: this.row.databaseId,
      format: this.row.format,
      collections: rows.length,
      damagedCollections: await this.storage.damagedCollections(),
    };
  }

  async destroy(): Promise<void> {
    await this.#closeCollections(closedError(this.name));
    await this.storage.exclusively(() => {
      // Before: so that the others let go of it, and do not take it for lost.
      this.#tabs.destroyed();
      return this.storage.destroy();
    });
    this.#tabs.close();
  }

  async close(): Promise<void> {
    this.#tabs.close();
    await this.#closeCollections(closedError(this.name));
    await this.storage.exclusively(() => this.storage.close());
  }

  #engineOf(id: number, open: () => Promise<CollectionEngine>): Promise<CollectionEngine> {
    let engine = this.#collections.get(id);
    if (engine === undefined) {
      engine = open();
      this.#collections.set(id, engine);
      engine.catch(() => this.#collections.delete(id));
    }
    return engine;
  }

  async #open(row: CollectionRow, wishes: Wishes): Promise<CollectionEngine> {
    this.compute.start();
    this.#tabs.opened(row);
    const collection = await CollectionEngine.open(this.#partsFor(row), row, this.row.deviceId, wishes);
    // A failure here is one of storage or compute, and the calls that need them report it.
    collection.warmUp().catch(() => undefined);
    return collection;
  }

  /** Of what is being built nobody is told. */
  #openQuietly(row: CollectionRow, { quantization }: Wishes): Promise<CollectionEngine> {
    const quiet = {
      onCommit: () => {},
      emittedUpTo: async () => {},
      onIndex: () => {},
      onQuarantine: () => {},
    };
    const parts = { ...this.#partsFor(row), ...quiet };
    return CollectionEngine.open(parts, row, this.row.deviceId, { quantization });
  }

  #partsFor(row: CollectionRow): EngineParts {
    return {
      storage: this.storage,
      compute: this.compute,
      embedders: this.#embedders,
      memory: this.memory,
      metrics: this.metrics,
      training: { train: this.#train, minComponents: TRAINED_COMPONENTS },
      onCommit: (generation: number, events: readonly ChangeEvent[]) =>
        this.#tabs.committed(row.id, row.config.name, generation, events),
      emittedUpTo: (generation: number) => this.#tabs.emittedUpTo(row.id, generation),
      onIndex: (detail: IndexEvent) => this.emit({ type: 'index', detail }),
      onQuarantine: (detail: QuarantineEvent) => this.emit({ type: 'quarantine', detail }),
    };
  }

  readonly #importTarget: ImportTarget = {
    find: async (config) => {
      const row = await this.storage.readCollection(config.name);
      if (row === undefined) return undefined;
      refuseOtherConfig(row.config, withoutPolicy(config));
      return this.collection(importedRef(row.id, config.name));
    },
    open: async (config) => {
      const unset = { embedder: undefined, quantization: undefined };
      const isThere = (await this.storage.readCollection(config.name)) !== undefined;
      const asked = isThere ? withoutPolicy(config) : config;
      const { id } = await this.openCollection({ embeddingSpace: undefined, ...asked, ...unset });
      return this.collection(importedRef(id, config.name));
    },
  };

  readonly #train: Train = (rows, { dimension, metric }, options) => {
    const { compute, assetBaseUrl } = this;
    // A store that was opened to use no WebAssembly uses none to train, either.
    const kernels = compute.requested === 'js' ? { kernels: ['js' as const] } : {};
    const training = {
      ...options,
      ...kernels,
      startTrainer: this.startTrainer,
      seed: TRAINING_SEED,
      assetBaseUrl,
      kernelsHere: compute.active,
    };
    return this.metrics.time('train', () => trainInWorker(rows, { dimension, metric }, training));
  };

  #create(args: Parameters<typeof newConfig>[0]): Promise<CollectionRow> {
    const config = newConfig(args);
    return this.storage.exclusively(() => this.storage.createCollection(config));
  }

  #closeOne(id: number, reason: VectorStoreError): void {
    const open = this.#collections.get(id);
    this.#collections.delete(id);
    // Where it could not be opened, there is nothing to close.
    open?.then((collection) => collection.close(reason)).catch(() => undefined);
  }

  async #closeCollections(reason: VectorStoreError): Promise<void> {
    const open = [...this.#collections.values()];
    this.#collections.clear();
    for (const collection of open) await collection.then((each) => each.close(reason)).catch(() => undefined);
  }
}

/** Imported records are new writes: what a collection does with those stays its own. */
function withoutPolicy({ conflict: _conflict, ...config }: CollectionConfig): CollectionConfig {
  return config;
}

function importedRef(id: number, name: string): CollectionRef {
  return { id, name, embedder: undefined, quantization: undefined };
}
