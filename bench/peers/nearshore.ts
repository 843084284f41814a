import { openStore, type Quantization, type QueryResult, type Receipt, type StoreOptions } from 'nearshore';
import type { Metadata } from '../data/dataset.js';
import type { RowFilter } from '../data/filters.js';
import type { Answer, Effort, Shape, System, SystemName } from './contract.js';

const COLLECTION = 'rows';

const TARGETS = [
  0.8, 0.85, 0.88, 0.9, 0.92, 0.93, 0.94, 0.95, 0.955, 0.96, 0.965, 0.97, 0.975, 0.98, 0.985, 0.9875, 0.99,
  0.9915, 0.993, 0.995, 0.997, 0.999, 1,
];

interface Variant {
  /** Stores that are open at the same time with different options need different names. */
  readonly store: string;
  readonly options: Pick<StoreOptions, 'backend' | 'kernel'>;
  readonly quantization?: Quantization;
  /** What has to have computed, where that was asked for. */
  readonly computedBy?: Pick<Receipt, 'backend' | 'kernel'>;
}

const VARIANTS: Record<SystemName & `nearshore${string}`, Variant> = {
  nearshore: {
    store: 'bench',
    options: { backend: 'wasm' },
    computedBy: { backend: 'wasm', kernel: 'simd' },
  },
  'nearshore-onnx': {
    store: 'bench-onnx',
    options: { backend: 'wasm', kernel: 'onnx' },
    computedBy: { backend: 'wasm', kernel: 'onnx' },
  },
  'nearshore-auto': { store: 'bench', options: {} },
  'nearshore-int16': { store: 'bench', options: {}, quantization: 'int16' },
  'nearshore-int8': { store: 'bench', options: {}, quantization: 'int8' },
};

/** More raw vectors than this are held within as many bytes, as an application that has them would do. */
const MEMORY_BUDGET_BYTES = 1e9;

/** nearshore through its public API. With `counting`, the worker counts what it gives to IndexedDB. */
export function nearshore(name: keyof typeof VARIANTS, counting: boolean): System {
  const { store: storeName, options, quantization, computedBy } = VARIANTS[name];
  const worker = () => new Worker(new URL('./nearshore.worker.ts', import.meta.url), { type: 'module' });
  const open = (more: StoreOptions = {}) =>
    openStore(storeName, { ...options, ...more, ...(counting ? { worker } : {}) });
  const connect = async ({ dimension, capacity }: Shape) => {
    const isLarge = 4 * dimension * capacity > MEMORY_BUDGET_BYTES;
    const store = await open(isLarge ? { memoryBudgetBytes: MEMORY_BUDGET_BYTES } : {});
    const config = { dimension, metric: 'cosine', ...(quantization ? { quantization } : {}) } as const;
    return { store, config, rows: await store.collection<Metadata>(COLLECTION, config) };
  };
  let connection: Awaited<ReturnType<typeof connect>> | undefined;
  let effort: Effort;
  const opened = () => {
    if (!connection) throw new Error('The store is not open. Call create or open first.');
    return connection;
  };
  const question = (vector: Float32Array, topK: number) => ({
    vector,
    topK,
    includeMetadata: false,
    ...(effort === 'exact' ? { exact: true } : {}),
    ...(typeof effort === 'number' ? { targetRecall: effort } : {}),
  });
  const answer = ({ matches, receipt }: QueryResult<Metadata>): Answer => {
    const note = faultOf(receipt, effort, computedBy) ?? (computedBy ? undefined : `by ${receipt.kernel}`);
    return {
      ids: matches.map(({ id }) => id),
      insideMs: receipt.elapsedMs,
      exact: receipt.exact,
      ...(note === undefined ? {} : { note }),
    };
  };
  return {
    effort: { name: 'targetRecall', tries: TARGETS },
    async setEffort(wanted) {
      effort = wanted;
    },
    async create(shape) {
      connection = await connect(shape);
    },
    async ingest({ ids, vectors, metadata }) {
      await opened().rows.upsert({ ids, vectors, metadata });
    },
    async train() {
      const { rows } = opened();
      await rows.optimize();
      return (await rows.stats()).index.indexedRows;
    },
    async open(shape) {
      connection = await connect(shape);
    },
    async holdAs(quantization) {
      const { store, config, rows } = opened();
      await store.collection<Metadata>(COLLECTION, { ...config, quantization });
      // Within a budget, there may be no room for all float32.
      const wanted = quantization === 'none' ? ['float32', 'int16'] : [quantization];
      const isHeld = async () => {
        const { heldAs, records } = await rows.stats();
        return wanted.reduce((sum, precision) => sum + heldAs[precision as 'int16'], 0) >= records;
      };
      while (!(await isHeld())) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    async query(vector, topK) {
      return answer(await opened().rows.query(question(vector, topK)));
    },
    async queryFiltered(vector, topK, filter) {
      return answer(await opened().rows.query({ ...question(vector, topK), filter: toFilter(filter) }));
    },
    async queryMany(vectors, topK) {
      const results = await opened().rows.queryMany(vectors.map((vector) => question(vector, topK)));
      return results.map(answer);
    },
    async upsert(id, vector, metadata) {
      await opened().rows.upsert([{ id, vector, metadata }]);
      return { putBytes: counting ? await takeWorkerPutBytes() : Number.NaN };
    },
    async cacheHits() {
      return (await opened().store.metrics()).query.cacheHits;
    },
    async close() {
      await connection?.store.close();
      connection = undefined;
    },
    async destroy() {
      const store = connection?.store ?? (await open());
      await store.destroy();
      connection = undefined;
    },
  };
}

function toFilter(filter: RowFilter) {
  return 'bucket' in filter ? { bucket: filter.bucket } : { rank: { $lt: filter.rankBelow } };
}

/** What about an answer is not as it was asked for. */
function faultOf(receipt: Receipt, effort: Effort, computedBy: Variant['computedBy']): string | undefined {
  const { exact, complete, plan, backend, kernel } = receipt;
  if (!complete) return `incomplete: ${receipt.reason}`;
  if (effort === 'exact' && !exact) return `exact: true was answered by plan ${plan}`;
  if (computedBy && (backend !== computedBy.backend || kernel !== computedBy.kernel))
    return `by ${kernel} on ${backend} instead of ${computedBy.kernel} on ${computedBy.backend}`;
  return undefined;
}

/** Asks nearshore.worker.ts, on a channel that the store knows nothing of. */
function takeWorkerPutBytes(): Promise<number> {
  const channel = new BroadcastChannel('bench-put-bytes');
  return new Promise((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<number>) => {
      channel.close();
      resolve(data);
    };
    channel.postMessage('take');
  });
}
