import type { System } from './contract.js';
import { deleteDatabase } from './database.js';
import type { BuildOptions, Hnsw } from './hnsw.worker.js';
import { WorkerLink } from './link.js';

/** Where hnswlib-wasm mounts its IDBFS: Emscripten names the database after the folder. */
const FOLDER = '/hnswlib-index';

const EFS = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 160, 200, 240, 320, 400, 480, 640, 960];

export function hnsw(build: BuildOptions): System {
  const link = new WorkerLink<Hnsw>(
    new Worker(new URL('./hnsw.worker.ts', import.meta.url), { type: 'module' }),
  );
  return {
    effort: { name: 'ef', tries: EFS },
    create: (shape) => link.call('create', [shape, build]),
    ingest: (rows) => {
      const vectors = rows.vectors.slice();
      return link.call('ingest', [{ ...rows, vectors }], [vectors.buffer]);
    },
    train: () => link.call('count', []),
    open: (shape) => link.call('open', [shape]),
    query: (vector, topK) => link.call('query', [vector, topK]),
    queryFiltered: (vector, topK, filter) => link.call('queryFiltered', [vector, topK, filter]),
    queryMany: (vectors, topK) => link.call('queryMany', [vectors, topK]),
    upsert: (id, vector, metadata) => link.call('upsert', [id, vector, metadata]),
    async setEffort(effort) {
      if (typeof effort === 'number') await link.call('setEf', [effort]);
    },
    close: async () => link.close(),
    destroy: async () => {
      await deleteDatabase(FOLDER);
      await deleteDatabase('bench-hnsw');
    },
  };
}
