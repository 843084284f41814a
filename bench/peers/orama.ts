import type { System } from './contract.js';
import { deleteDatabase } from './database.js';
import { WorkerLink } from './link.js';
import type { OramaSearch } from './orama.worker.js';

export function orama(): System {
  const link = new WorkerLink<OramaSearch>(
    new Worker(new URL('./orama.worker.ts', import.meta.url), { type: 'module' }),
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
    destroy: () => deleteDatabase('bench-orama'),
  };
}
