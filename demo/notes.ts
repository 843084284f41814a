import type { Collection, StoredRecord } from 'nearshore';
import { listAll } from './list-all.js';

/** The user's own records, in a collection of their own: it is what is synced, and the dictionary need not be. */
export class Notes {
  constructor(readonly collection: Collection) {}

  /** Rejects with `INVALID_ARGUMENT` if the embedder knows no word of the text. */
  async add(text: string): Promise<void> {
    // The time comes first in the id: lists are in the order of id.
    await this.write(`note-${Date.now().toString(36)}-${crypto.randomUUID()}`, text);
  }

  /** Rejects as `add` does. */
  async write(id: string, text: string): Promise<void> {
    await this.collection.upsert([{ id, text }]);
  }

  async delete(id: string): Promise<void> {
    await this.collection.delete({ ids: [id] });
  }

  /** The newest first. */
  async list(): Promise<StoredRecord[]> {
    return (await listAll(this.collection)).reverse();
  }
}
