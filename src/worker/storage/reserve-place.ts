import type { ReservePlace } from './reserve.js';
import type { Database, Schema } from './schema.js';

/** No collection has this id. */
const KEY: Schema['pages']['key'] = [0, 0, 'reserve', 0];

/** Beside the pages, so that it needs no other version of the database and goes with it. */
export function reservePlace(
  run: <T>(doing: string, task: (database: Database) => Promise<T>) => Promise<T>,
): ReservePlace {
  return {
    has: () =>
      run('looking for the reserve', async (database) => (await database.getKey('pages', KEY)) !== undefined),
    put: (bytes) =>
      run(
        'holding room back',
        async (database) => void (await database.put('pages', { checksum: 0, bytes }, KEY)),
      ),
    delete: () => run('giving room back', (database) => database.delete('pages', KEY)),
  };
}
