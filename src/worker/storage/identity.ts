import { entriesOf } from './collection-entries.js';
import type { Database } from './schema.js';
import type { CollectionRow } from './storage.js';
import { transactRead } from './transact.js';

/** What this worker knows of its database: enough to tell it from another one of the same name. */
export class Identity {
  /** By the collection's id. */
  readonly #generations = new Map<number, number>();

  constructor(readonly databaseId: string) {}

  /** Generations only grow: one that is lower later is another history. */
  saw({ id, generation }: Pick<CollectionRow, 'id' | 'generation'>): void {
    this.#generations.set(id, Math.max(generation, this.#generations.get(id) ?? 0));
  }

  /** Why it is not the database that was known; `undefined`: it is. */
  async mismatch(database: Database): Promise<string | undefined> {
    if (!database.objectStoreNames.contains('meta')) return 'a database without a store is in its place';
    const [store, collections] = await transactRead(database, ['meta', 'collections'], (tx) =>
      Promise.all([tx.objectStore('meta').get('store'), entriesOf(tx.objectStore('collections'))]),
    );
    if (store?.databaseId !== this.databaseId) return 'another database is in its place';
    // A collection that is not there was dropped by another tab. A damaged one tells nothing.
    for (const { row } of collections) {
      if (row === undefined) continue;
      const known = this.#generations.get(row.id) ?? 0;
      if (row.generation < known)
        return `collection "${row.config.name}" is back at generation ${row.generation}, from ${known}`;
      this.saw(row);
    }
    return undefined;
  }
}
