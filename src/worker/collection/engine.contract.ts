import { packStrings, type StringColumn } from '../../shared/string-column.js';
import type {
  ChangeEvent,
  CollectionConfig,
  IndexEvent,
  Metric,
  Quantization,
  QuarantineEvent,
} from '../../shared/types.js';
import type { PackedRecords, RecordsOnWire } from '../../shared/worker-api.js';
import { Compute, type ComputeOptions } from '../compute/compute.js';
import { TextEmbedders } from '../embed/text-embedders.js';
import { trainInWorker } from '../index/train-in-worker.js';
import { MetricsRecorder } from '../metrics.js';
import type { Storage } from '../storage/storage.js';
import type { CallOptions } from './call-options.js';
import { CollectionEngine, type EngineParts } from './collection-engine.js';
import type { Train } from './list-order.js';
import { MemoryBudget } from './memory-budget.js';
import type { Holding } from './sealed-rows.js';

// What tests of the collection engine share: opening one on a storage, and talking to it in plain records.

export interface PlainRecord {
  readonly id: string;
  readonly vector: ArrayLike<number>;
  readonly metadata?: unknown;
  readonly text?: string | undefined;
}

export interface OpenedEngine {
  readonly engine: CollectionEngine;
  readonly changes: ChangeEvent[];
  readonly indexEvents: IndexEvent[];
  readonly quarantines: QuarantineEvent[];
  readonly metrics: MetricsRecorder;
}

export function jsCompute(): Compute {
  return computeWith('js');
}

export function computeWith(backend: ComputeOptions['backend'], kernel: ComputeOptions['kernel'] = 'auto') {
  return new Compute(
    { backend, kernel, assetBaseUrl: undefined },
    { onChange: () => {}, onDegraded: () => {} },
  );
}

export interface HoldingOptions {
  readonly memory?: MemoryBudget;
  readonly quantization?: Quantization;
  readonly maxRecords?: number;
}

export type OpenOptions = HoldingOptions &
  Partial<Pick<EngineParts, 'embedders' | 'onCommit' | 'emittedUpTo' | 'now' | 'sleep'>>;

/** How tests that are not about it hold rows. */
export function holdingWith(compute: Compute): Holding {
  return { compute, memory: new MemoryBudget(undefined), finest: () => 'float32' };
}

/** Trains on this thread, with plain JS. */
export const trainHere: Train = (rows, { dimension, metric }, options) =>
  trainInWorker(
    rows,
    { dimension, metric },
    { ...options, seed: 1, startTrainer: undefined, assetBaseUrl: undefined },
  );

/** @param minComponents of segments that get an index; by default none does. */
export async function openEngine(
  storage: Storage,
  config: CollectionConfig,
  compute = jsCompute(),
  minComponents = Number.POSITIVE_INFINITY,
  train = trainHere,
  { memory = new MemoryBudget(undefined), quantization, maxRecords, ...others }: OpenOptions = {},
): Promise<OpenedEngine> {
  const { deviceId } = await storage.readStore();
  const row = await storage.createCollection(config);
  const changes: ChangeEvent[] = [];
  const indexEvents: IndexEvent[] = [];
  const quarantines: QuarantineEvent[] = [];
  const metrics = new MetricsRecorder();
  const parts = {
    storage,
    compute,
    embedders: new TextEmbedders(compute),
    metrics,
    training: { train, minComponents },
    memory,
    onCommit: (_: number, events: readonly ChangeEvent[]) => changes.push(...events),
    emittedUpTo: async () => {},
    onIndex: (event: IndexEvent) => indexEvents.push(event),
    onQuarantine: (event: QuarantineEvent) => quarantines.push(event),
    ...others,
  };
  const engine = await CollectionEngine.open(parts, row, deviceId, { quantization, maxRecords });
  return { engine, changes, indexEvents, quarantines, metrics };
}

export function callOptions(signal = new AbortController().signal): CallOptions {
  return { embedder: undefined, signal, onProgress: () => {} };
}

export function packRecords(records: readonly PlainRecord[], dimension: number): PackedRecords {
  const vectors = new Float32Array(records.length * dimension);
  for (const [i, { vector }] of records.entries()) vectors.set(Array.from(vector), i * dimension);
  return {
    ids: packStrings(records.map(({ id }) => id)),
    vectors,
    toEmbed: [],
    metadata: columnOf(
      records.map(({ metadata }) => (metadata === undefined ? '' : JSON.stringify(metadata))),
    ),
    texts: columnOf(records.map(({ text }) => text ?? '')),
  };
}

function columnOf(cells: readonly string[]): StringColumn | undefined {
  return cells.every((cell) => cell === '') ? undefined : packStrings(cells);
}

/** Records as they were given, from the parallel arrays they cross in. */
export function unpackRecords({ ids, metadata, texts, vectors }: RecordsOnWire, dimension: number) {
  return ids.map((id, i) => ({
    id,
    metadata: metadata?.[i] === undefined ? undefined : JSON.parse(metadata[i]),
    text: texts?.[i],
    vector: vectors && [...vectors.subarray(i * dimension, (i + 1) * dimension)],
  }));
}

/** The score of SPEC's table at `Match`, in double precision. */
export function trueScore(metric: Metric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let product = 0;
  let squares = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squares += (a[i]! - b[i]!) ** 2;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  if (metric === 'dot') return product;
  return metric === 'l2' ? 1 / (1 + Math.sqrt(squares)) : product / Math.sqrt(aa * bb);
}

export const CONFIG: CollectionConfig = { name: 'notes', dimension: 2, metric: 'cosine' };

export function record(id: string, x = 1, y = 0, metadata?: unknown, text?: string): PlainRecord {
  return { id, vector: [x, y], metadata, text };
}

export function batch(from: number, count: number, metadata?: unknown): PlainRecord[] {
  return Array.from({ length: count }, (_, i) =>
    record(`r${String(from + i).padStart(6, '0')}`, 1, from + i, metadata),
  );
}

export type EngineClient = ReturnType<typeof clientOf>;

/** Calls of an engine with two-dimensional vectors, in plain records. */
export function clientOf(engine: CollectionEngine) {
  const write = (records: readonly PlainRecord[], mode: 'upsert' | 'insert') =>
    engine.upsert(packRecords(records, 2), mode, 'disk', callOptions());
  const list = async (options: Parameters<CollectionEngine['list']>[0] = {}) => {
    const { records, cursor } = await engine.list(options);
    return { ids: records.ids, cursor };
  };
  return {
    list,
    upsert: (records: readonly PlainRecord[]) => write(records, 'upsert'),
    insert: (records: readonly PlainRecord[]) => write(records, 'insert'),
    deleteIds: (ids: readonly string[]) => engine.delete({ ids }, 'disk', callOptions()),
    setMetadata: (updates: Record<string, unknown>) =>
      engine.setMetadata(
        packStrings(Object.keys(updates)),
        packStrings(Object.values(updates).map((each) => JSON.stringify(each))),
        'disk',
        callOptions(),
      ),
    get: async (ids: readonly string[]) => {
      const { found, records } = await engine.get(ids, true);
      const rest = unpackRecords(records, 2);
      return found.map((there) => (there ? rest.shift() : undefined));
    },
    query: async (vector: readonly number[], more: object = {}) =>
      (await engine.query([{ vector: Float32Array.from(vector), ...more }], callOptions()))[0]!,
    /** What a refused or aborted call must not change. */
    state: async () => ({ ...(await engine.stats()), memoryBytes: 0, ids: (await list()).ids }),
  };
}
