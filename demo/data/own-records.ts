import {
  type Collection,
  type QueryResult,
  type VectorRecord,
  type VectorStore,
  VectorStoreError,
} from 'nearshore';
import { staticEmbedder } from 'nearshore/embedders';
import type { Fields } from './fields.js';
import type { Table } from './table.js';

const NAME = 'own-data';
const BATCH = 250;

/** What is kept with a row: its title, and the other columns to be shown. */
export type OwnRow = { title: string; more: string[] };

export interface Imported {
  readonly done: number;
  readonly total: number;
  /** Rows whose text the embedder knows no word of. */
  readonly leftOut: number;
}

/** The user's own rows, in a collection of their own beside the dictionary. */
export class OwnRecords {
  #collection: Promise<Collection<OwnRow>> | undefined;

  constructor(private readonly store: VectorStore) {}

  async count(): Promise<number> {
    return (await this.#opened()).count();
  }

  async search(text: string, signal: AbortSignal): Promise<QueryResult<OwnRow>> {
    return (await this.#opened()).query({ text, signal });
  }

  async clear(): Promise<void> {
    await this.#opened();
    this.#collection = undefined;
    await this.store.dropCollection(NAME);
  }

  /** In place of what was there. If the signal aborts it, what has been written stays. */
  async import(
    { columns, rows }: Table,
    fields: Fields,
    { signal, onProgress }: { signal: AbortSignal; onProgress: (imported: Imported) => void },
  ): Promise<void> {
    await this.clear();
    const collection = await this.#opened();
    const others = columns.filter((column) => column !== fields.text && column !== fields.title);
    let leftOut = 0;
    for (let start = 0; start < rows.length; start += BATCH) {
      const batch = rows.slice(start, start + BATCH).map((row, i): VectorRecord<OwnRow> => {
        const more = others.flatMap((name) => (row[name] ? [`${name}: ${row[name]}`] : []));
        const metadata = { title: row[fields.title] ?? '', more };
        return { id: String(start + i).padStart(6, '0'), text: row[fields.text] ?? '', metadata };
      });
      leftOut += await upsertKnown(collection, batch, signal);
      onProgress({ done: start + batch.length, total: rows.length, leftOut });
    }
  }

  #opened(): Promise<Collection<OwnRow>> {
    this.#collection ??= this.store.collection<OwnRow>(NAME, { embedder: staticEmbedder() });
    return this.#collection;
  }
}

/** A batch is refused whole, naming the rows it is refused for: these are left out. Resolves to their number. */
async function upsertKnown(
  collection: Collection<OwnRow>,
  batch: readonly VectorRecord<OwnRow>[],
  signal: AbortSignal,
): Promise<number> {
  let wanted = batch.filter(({ text }) => text!.trim() !== '');
  while (wanted.length > 0) {
    try {
      await collection.upsert(wanted, { signal });
      break;
    } catch (error) {
      const problems = error instanceof VectorStoreError ? (error.problems ?? []) : [];
      const unknown = new Set(problems.map(({ position }) => position));
      if (unknown.size === 0 || problems.some(({ code }) => code !== 'INVALID_ARGUMENT')) throw error;
      wanted = wanted.filter((_, position) => !unknown.has(position));
    }
  }
  return batch.length - wanted.length;
}
