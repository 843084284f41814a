import type { System } from './contract.js';
import { deleteDatabase } from './database.js';
import type { BruteForce } from './js.worker.js';
import { WorkerLink } from './link.js';

/** Plain JavaScript brute force, behind a worker like everyone else. */
export function bruteForce(): System {
  const link = new WorkerLink<BruteForce>(
    new Worker(new URL('./js.worker.ts', import.meta.url), { type: 'module' }),
  );
  return {
    create: (shape) => link.call('create', [shape]),
    ingest: (rows) => {
      const vectors = rows.vectors.slice();
      return link.call('ingest', [{ ...rows, vectors }], [vectors.buffer]);
    },
    open: (shape) => link.call('open', [shape]),
    query: (vector, topK) => link.call('query', [vector, topK]),
    queryFiltered: (vector, topK, filter) => link.call('queryFiltered', [vector, topK, filter]),
    queryMany: (vectors, topK) => link.call('queryMany', [vectors, topK]),
    upsert: (id, vector, metadata) => link.call('upsert', [id, vector, metadata]),
    close: async () => link.close(),
    destroy: () => deleteDatabase('bench-js'),
  };
}
