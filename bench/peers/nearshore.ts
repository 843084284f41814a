import { openStore, type QueryResult } from 'nearshore';
import type { Metadata } from '../data/dataset.js';
import type { Answer, System } from './contract.js';

const STORE = 'bench';
const COLLECTION = 'rows';

/**
 * nearshore through its public API. `backend: 'wasm'` waits for ONNX Runtime, `'auto'` answers by plain JS until it
 * is there. With `counting`, the worker counts what it gives to IndexedDB.
 */
export function nearshore(backend: 'wasm' | 'auto', counting: boolean): System {
  const worker = () => new Worker(new URL('./nearshore.worker.ts', import.meta.url), { type: 'module' });
  const open = () => openStore(STORE, { backend, ...(counting ? { worker } : {}) });
  const answer = (result: QueryResult<Metadata>) => toAnswer(result, backend);
  const connect = async (dimension: number) => {
    const store = await open();
    const rows = await store.collection<Metadata>(COLLECTION, { dimension, metric: 'cosine' });
    return { store, rows };
  };
  let connection: Awaited<ReturnType<typeof connect>> | undefined;
  const rows = () => {
    if (!connection) throw new Error('The store is not open. Call create or open first.');
    return connection.rows;
  };
  return {
    async create({ dimension }) {
      connection = await connect(dimension);
    },
    async ingest({ ids, vectors, metadata }) {
      await rows().upsert({ ids, vectors, metadata });
    },
    async open({ dimension }) {
      connection = await connect(dimension);
    },
    async query(vector, topK) {
      return answer(await rows().query({ vector, topK, includeMetadata: false }));
    },
    async queryFiltered(vector, topK, bucket) {
      return answer(await rows().query({ vector, topK, filter: { bucket }, includeMetadata: false }));
    },
    async queryMany(vectors, topK) {
      const results = await rows().queryMany(
        vectors.map((vector) => ({ vector, topK, includeMetadata: false })),
      );
      return results.map(answer);
    },
    async upsert(id, vector, metadata) {
      await rows().upsert([{ id, vector, metadata }]);
      return { putBytes: counting ? await takeWorkerPutBytes() : Number.NaN };
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

function toAnswer({ matches, receipt }: QueryResult<Metadata>, backend: 'wasm' | 'auto'): Answer {
  const answer: Answer = { ids: matches.map(({ id }) => id), insideMs: receipt.elapsedMs };
  const asAsked = receipt.exact && receipt.complete && receipt.plan === 'flat';
  if (!asAsked || (backend === 'wasm' && receipt.backend !== 'wasm')) {
    answer.note = `not by an exact scan in WASM: plan ${receipt.plan}, backend ${receipt.backend}, exact ${receipt.exact}, complete ${receipt.complete}`;
  } else if (backend === 'auto') {
    answer.note = `answered by ${receipt.backend}`;
  }
  return answer;
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
