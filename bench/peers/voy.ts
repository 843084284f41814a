import type { System } from './contract.js';
import { deleteDatabase } from './database.js';
import { WorkerLink } from './link.js';
import type { VoySearch } from './voy.worker.js';

export function voy(): System {
  const link = new WorkerLink<VoySearch>(
    new Worker(new URL('./voy.worker.ts', import.meta.url), { type: 'module' }),
  );
  return {
    create: () => link.call('create', []),
    ingest: (rows) => {
      const vectors = rows.vectors.slice();
      return link.call('ingest', [{ ...rows, vectors }], [vectors.buffer]);
    },
    open: () => link.call('open', []),
    query: (vector, topK) => link.call('query', [vector, topK]),
    queryMany: (vectors, topK) => link.call('queryMany', [vectors, topK]),
    upsert: (id, vector) => link.call('upsert', [id, vector]),
    close: async () => link.close(),
    destroy: () => deleteDatabase('bench-voy'),
  };
}
