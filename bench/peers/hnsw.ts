import type { System } from './contract.js';
import { deleteDatabase } from './database.js';
import type { BuildOptions, Hnsw } from './hnsw.worker.js';
import { WorkerLink } from './link.js';

/** Where hnswlib-wasm mounts its IDBFS: Emscripten names the database after the folder. */
const FOLDER = '/hnswlib-index';

export function hnsw(build: BuildOptions): System {
  const link = new WorkerLink<Hnsw>(
    new Worker(new URL('./hnsw.worker.ts', import.meta.url), { type: 'module' }),
  );
  return {
    create: (shape) => link.call('create', [shape, build]),
    ingest: (rows) => {
      const vectors = rows.vectors.slice();
      return link.call('ingest', [{ ...rows, vectors }], [vectors.buffer]);
    },
    open: (shape) => link.call('open', [shape]),
    query: (vector, topK) => link.call('query', [vector, topK]),
    queryFiltered: (vector, topK, bucket) => link.call('queryFiltered', [vector, topK, bucket]),
    queryMany: (vectors, topK) => link.call('queryMany', [vectors, topK]),
    upsert: (id, vector, metadata) => link.call('upsert', [id, vector, metadata]),
    setEf: (ef) => link.call('setEf', [ef]),
    close: async () => link.close(),
    destroy: async () => {
      await deleteDatabase(FOLDER);
      await deleteDatabase('bench-hnsw');
    },
  };
}
