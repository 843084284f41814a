import type { System } from './contract.js';
import { WorkerLink } from './link.js';
import type { SqliteVec } from './sqlite-vec.worker.js';

/** In OPFS, where SQLite keeps its files. */
const FOLDER = '.bench-sqlite-vec';

export function sqliteVec(): System {
  const link = new WorkerLink<SqliteVec>(
    new Worker(new URL('./sqlite-vec.worker.ts', import.meta.url), { type: 'module' }),
  );
  return {
    create: (shape) => link.call('create', [shape, FOLDER]),
    ingest: (rows) => {
      const vectors = rows.vectors.slice();
      return link.call('ingest', [{ ...rows, vectors }], [vectors.buffer]);
    },
    open: () => link.call('open', [FOLDER]),
    query: (vector, topK) => link.call('query', [vector, topK]),
    queryFiltered: (vector, topK, filter) => link.call('queryFiltered', [vector, topK, filter]),
    queryMany: (vectors, topK) => link.call('queryMany', [vectors, topK]),
    upsert: (id, vector, metadata) => link.call('upsert', [id, vector, metadata]),
    close: async () => link.close(),
    destroy: () => removeFolder(FOLDER),
  };
}

/** Waits for files of workers that were ended a moment ago; they close by themselves. */
async function removeFolder(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  for (const deadline = performance.now() + 10_000; ; ) {
    try {
      await root.removeEntry(name, { recursive: true });
      return;
    } catch (error) {
      if (!(error instanceof DOMException) || error.name === 'NotFoundError') return;
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
