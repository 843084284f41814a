import type { VectorStoreError } from '../../shared/errors.js';
import { compileFilter } from '../../shared/filter.js';
import { packStrings, type StringColumn } from '../../shared/string-column.js';
import type {
  ChangeEvent,
  CollectionConfig,
  CollectionStats,
  IndexChange,
  IndexEvent,
  KeywordOptions,
  ListOptions,
  Quantization,
  QuarantineEvent,
  Query,
} from '../../shared/types.js';
import type {
  KeptVectors,
  MatchesOnWire,
  PackedRecords,
  QueryOnWire,
  RecordsOnWire,
  Wishes,
  WrittenOnWire,
} from '../../shared/worker-api.js';
import type { Compute } from '../compute/compute.js';
import type { Precision } from '../compute/kernels.js';
import type { TextEmbedders } from '../embed/text-embedders.js';
import { TextVectors } from '../embed/text-vectors.js';
import type { MetricsRecorder } from '../metrics.js';
import type { CatchUpParts } from '../reembed/catch-up.js';
import { type Replaced, reembed } from '../reembed/reembed.js';
import type { CollectionRow, QuarantinedSegment, Storage } from '../storage/storage.js';
import type { Mirror } from '../sync/mirror.js';
import { type Clock, deviceClock } from '../sync/surroundings.js';
import type { CallOptions } from './call-options.js';
import { changeEvents } from './change-events.js';
import type { CollectionCalls } from './collection-calls.js';
import { CollectionMirror } from './collection-mirror.js';
import type { Bound } from './eviction.js';
import { GpuCopies } from './gpu-copies.js';
import { hasNewIndex, heldAs, indexStats } from './index-stats.js';
import { keptVectors } from './kept-vectors.js';
import { KeywordsAhead } from './keywords-ahead.js';
import { listPlaces } from './list.js';
import type { Training } from './list-order.js';
import { locate } from './locate.js';
import { Maintenance } from './maintenance.js';
import type { MemoryBudget } from './memory-budget.js';
import { discardQuarantined, quarantinedBytes, quarantineEvent, quarantineStats } from './quarantined.js';
import { Queries } from './queries.js';
import { QueryVectors } from './query-vectors.js';
import { RecordImport } from './record-import.js';
import { readRecords } from './records.js';
import type { CompiledFilter } from './segment.js';
import { select } from './segment-view.js';
import { CollectionState, type Committed } from './state.js';
import {
  checkedNorms,
  deleteRecords,
  placesOf,
  type Written,
  writeMetadata,
  writeRecords,
} from './writes.js';

/** How long the loading of ONNX Runtime, which keeps both cores busy, waits for a first query to go ahead of it. */
const FIRST_ANSWER_MS = 500;

export interface EngineParts {
  readonly storage: Storage;
  readonly compute: Compute;
  readonly embedders: Pick<TextEmbedders, 'embed'>;
  readonly metrics: MetricsRecorder;
  readonly training: Training;
  readonly memory: MemoryBudget;
  /** A commit was made here; what it did, if it was not only moving records. */
  readonly onCommit: (generation: number, events: readonly ChangeEvent[]) => void;
  /** When the events up to this generation have been emitted. */
  readonly emittedUpTo: (generation: number) => Promise<void>;
  readonly onIndex: (event: IndexEvent) => void;
  readonly onQuarantine: (event: QuarantineEvent) => void;
  /** Milliseconds since 1970. Default: the device's clock. */
  readonly now?: () => number;
  /** Until maintenance begins. Default: by the device's timers. */
  readonly sleep?: Clock['sleep'];
}

/** One open collection: what its calls do, in the words of the public interface. */
export class CollectionEngine implements CollectionCalls {
  readonly #maintenance: Maintenance;
  readonly #queries: Queries;
  readonly #keywordsAhead: KeywordsAhead;
  readonly #gpuCopies: GpuCopies;
  readonly #texts: TextVectors;
  readonly #queryVectors: QueryVectors;
  readonly import: RecordImport;
  readonly #closing = new AbortController();
  /** What a replicator does to it. */
  readonly mirror: Mirror;
  #setAnswered!: () => void;
  readonly #answered = new Promise<void>((resolve) => {
    this.#setAnswered = resolve;
  });

  private constructor(
    private readonly parts: EngineParts,
    private readonly state: CollectionState,
    readonly config: CollectionConfig,
    private readonly wish: { finest: Precision },
    private readonly bound: Bound,
  ) {
    const { sleep = deviceClock.sleep } = parts;
    this.#queries = new Queries(state, parts.compute, parts.metrics.cache, () => this.#maintenance.retrain());
    this.#gpuCopies = new GpuCopies(state, parts.compute, config);
    this.#texts = new TextVectors(config, parts.embedders);
    this.#queryVectors = new QueryVectors(state, config, this.#texts);
    this.mirror = new CollectionMirror(state, bound);
    this.import = new RecordImport(state, config, bound, (written) => this.#written(written));
    this.#maintenance = new Maintenance(
      state,
      parts.storage,
      parts.training,
      (change) => this.#onIndex(change),
      sleep,
    );
    this.#keywordsAhead = new KeywordsAhead(state, () => this.#maintenance.isAtWork, sleep);
  }

  static async open(
    parts: EngineParts,
    row: CollectionRow,
    deviceId: string,
    { quantization = 'none', maxRecords, keyword }: Wishes = {},
  ): Promise<CollectionEngine> {
    const { storage, compute, memory, metrics } = parts;
    const { name } = row.config;
    const onCommit = (committed: Committed) => {
      metrics.add('commit', committed.milliseconds);
      parts.onCommit(committed.generation, changeEvents(name, committed));
    };
    const wish = { finest: finestUnder(quantization) };
    const holding = { compute, memory, finest: () => wish.finest };
    const onQuarantine = (segments: readonly QuarantinedSegment[]) => {
      for (const segment of segments) parts.onQuarantine(quarantineEvent(row.config.name, segment));
    };
    const state = await CollectionState.open(
      storage,
      holding,
      row,
      deviceId,
      onCommit,
      onQuarantine,
      parts.now,
    );
    const engine = new CollectionEngine(parts, state, row.config, wish, { maxRecords });
    if (keyword !== undefined) engine.wantKeywords(keyword);
    return engine;
  }

  /** From the next commit on. */
  setMaxRecords(maxRecords: number): void {
    this.bound.maxRecords = maxRecords;
  }

  /** Makes ready from now on, in idle time, what words are looked up in. */
  wantKeywords({ fields = [] }: KeywordOptions): void {
    this.#keywordsAhead.want(fields);
  }

  /** How finely vectors are to be held from now on. */
  async setQuantization(quantization: Quantization): Promise<void> {
    this.wish.finest = finestUnder(quantization);
    await this.parts.memory.rebalance();
  }

  /** Reads the vectors into memory, then lets ONNX Runtime load and take them over: the first answer comes first. */
  async warmUp(): Promise<void> {
    const { compute } = this.parts;
    await this.state.read(({ views }) => Promise.all(views.map(({ sealed }) => sealed?.loaded())));
    await Promise.race([this.#answered, new Promise((resolve) => setTimeout(resolve, FIRST_ANSWER_MS))]);
    await compute.load();
    // Other kernels hold other things.
    await this.parts.memory.rebalance();
    for (const { sealed } of this.state.current.views) {
      await sealed?.moveToActiveKernels();
      if (sealed?.indexFault !== undefined)
        this.#onIndex({ state: 'damaged', reason: String(sealed.indexFault) });
    }
    this.#maintenance.schedule();
  }

  keptVectors(ids: StringColumn, texts: StringColumn): Promise<KeptVectors> {
    return this.state.read((snapshot) => keptVectors(snapshot, ids, texts));
  }

  async upsert(
    records: PackedRecords,
    mode: 'upsert' | 'insert',
    durability: 'disk' | 'memory',
    options: CallOptions,
  ): Promise<WrittenOnWire> {
    const { signal, onProgress } = options;
    const total = records.ids.offsets.length - 1;
    if (total === 0) return { count: 0, generation: this.state.current.generation };
    await this.#texts.fillIn(records, options, (ids, texts) => this.keptVectors(ids, texts));
    const norms = await checkedNorms(records, this.config, signal);
    onProgress({ done: 0, total });
    const written = await writeRecords(this.state, records, norms, mode, {
      durability,
      signal,
      bound: this.bound,
    });
    onProgress({ done: total, total });
    return this.#written(written);
  }

  async setMetadata(
    ids: StringColumn,
    metadata: StringColumn,
    durability: 'disk' | 'memory',
    { signal }: CallOptions,
  ): Promise<WrittenOnWire> {
    if (ids.offsets.length === 1) return { count: 0, generation: this.state.current.generation };
    const bounded = { durability, signal, bound: this.bound };
    return this.#written(await writeMetadata(this.state, ids, metadata, bounded));
  }

  async delete(
    which: { ids: readonly string[] } | { filter: Query['filter'] },
    durability: 'disk' | 'memory',
    { signal }: CallOptions,
  ): Promise<WrittenOnWire> {
    const target =
      'ids' in which ? { ids: packStrings([...new Set(which.ids)]) } : { filter: compiled(which.filter)! };
    const { deleted, ...written } = await deleteRecords(this.state, target, { durability, signal });
    return { ...(await this.#written(written)), ...('filter' in target && { deleted }) };
  }

  get(
    ids: readonly string[],
    includeVectors: boolean,
  ): Promise<{ found: boolean[]; records: RecordsOnWire }> {
    return this.state.read(async (snapshot) => {
      const places = placesOf(await locate(snapshot.views, packStrings(ids)));
      const there = places.filter(({ source }) => source !== -1);
      const records = await readRecords(snapshot, there, { vectors: includeVectors, metadata: true });
      return { found: places.map(({ source }) => source !== -1), records };
    });
  }

  count(filter: Query['filter']): Promise<number> {
    const condition = compiled(filter);
    return this.state.read(async (snapshot) => {
      if (condition === undefined) return snapshot.live;
      let count = 0;
      for (const view of snapshot.views) count += (await select(view, condition)).rows;
      return count;
    });
  }

  list({ filter, limit = 100, cursor, includeVectors = false }: ListOptions) {
    const condition = compiled(filter);
    return this.state.read(async (snapshot) => {
      const { places, more } = await listPlaces(snapshot, condition, cursor, limit);
      const records = await readRecords(snapshot, places, { vectors: includeVectors, metadata: true });
      return { records, cursor: more ? records.ids.at(-1) : undefined };
    });
  }

  async query(queries: readonly QueryOnWire[], options: CallOptions): Promise<MatchesOnWire[]> {
    const answers = await this.state.read(async (snapshot) => {
      const vectors = await this.#queryVectors.of(queries, options);
      const found = await this.#queries.answer(snapshot, queries, vectors, options.signal);
      this.#gpuCopies.observe(snapshot, found);
      return found;
    });
    this.#setAnswered();
    for (const { keyword, hybrid } of queries) {
      const words = keyword ?? hybrid;
      if (words !== undefined) this.wantKeywords(words);
    }
    return answers;
  }

  /** What queries are about: one vector each, of unit length under cosine; none of a query for words alone. */
  queryVectors(
    queries: readonly QueryOnWire[],
    options: CallOptions,
  ): Promise<(Float32Array<ArrayBuffer> | undefined)[]> {
    return this.#queryVectors.of(queries, options);
  }

  get id(): number {
    return this.state.current.row.id;
  }

  /** Builds `to` beside this collection, with new vectors, and puts it in its place. */
  reembedInto(
    to: CollectionEngine,
    embed: CatchUpParts['embed'],
    { signal, onProgress }: CallOptions,
  ): Promise<Replaced> {
    const { storage } = this.parts;
    return reembed({ from: this.state, to: to.state, storage, embed, signal, onProgress });
  }

  /** Merges and indexes; see `Maintenance`. */
  optimize(options: CallOptions): Promise<void> {
    return this.#maintenance.optimize(options);
  }

  /** Gives back the space of what is quarantined. */
  discardQuarantined({ signal }: CallOptions): Promise<{ records: number }> {
    return discardQuarantined(this.state, signal);
  }

  async stats(): Promise<CollectionStats> {
    const { row, views, live, generation, tail } = this.state.current;
    const rows = views.reduce((sum, view) => sum + view.segment.rows, 0);
    const vectorBytes = views.reduce((sum, view) => sum + (view.sealed?.memoryBytes ?? 0), tail.memoryBytes);
    return {
      ...this.config,
      records: live,
      deadRecords: rows - live,
      segments: views.length,
      memoryBytes: views.reduce((sum, view) => sum + view.segment.memoryBytes, vectorBytes),
      vectorBytes,
      diskBytes: this.diskBytes,
      bytesWritten: this.state.bytesWritten,
      generation,
      quarantined: quarantineStats(row),
      heldAs: heldAs(this.state.current),
      index: indexStats(this.state.current, this.#maintenance.trainingProgress, this.#queries.audited),
    };
  }

  get diskBytes(): number {
    const { row, views } = this.state.current;
    return views.reduce(
      (sum, { segment, dead }) => sum + segment.manifest.bytes + (dead?.byteLength ?? 0),
      quarantinedBytes(row),
    );
  }

  /** Aborts when it is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  close(reason: VectorStoreError): void {
    this.#closing.abort(reason);
    this.#maintenance.close(reason);
    this.#queries.close();
    this.#keywordsAhead.close(reason);
    this.#gpuCopies.close();
    this.state.close(reason);
  }

  /** Catches up with another tab, which has made this generation; resolves to the one that is there now. */
  async follow(generation: number): Promise<number> {
    const before = this.state.current;
    if (generation > before.generation) await this.state.catchUp();
    const now = this.state.current;
    if (hasNewIndex(before, now)) this.#onIndex({ state: 'trained' });
    // Whoever is first to have the lock does it.
    this.#maintenance.schedule();
    return now.generation;
  }

  async #written({ count, generation, stamp, evicted }: Written): Promise<WrittenOnWire> {
    if (count === 0) return { count, generation };
    this.#maintenance.schedule();
    await this.parts.emittedUpTo(generation);
    return { count, generation, stamp, ...(evicted && { evicted }) };
  }

  #onIndex(change: IndexChange): void {
    if (change.state === 'trained') this.#queries.forgetAudits();
    this.parts.onIndex({ ...change, collection: this.config.name });
  }
}

function compiled(filter: Query['filter']): CompiledFilter | undefined {
  return filter === undefined ? undefined : compileFilter(filter);
}

function finestUnder(quantization: Quantization): Precision {
  return quantization === 'none' ? 'float32' : quantization;
}
