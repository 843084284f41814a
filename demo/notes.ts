import type { StoredRecord } from 'nearshore';
import type { Entry, Words } from './words.js';

/** The user's own records: beside the dictionary in one collection, told apart by their part of speech. */
export class Notes {
  constructor(private readonly words: Words) {}

  /** Rejects with `INVALID_ARGUMENT` if the embedder knows no word of the text. */
  async add(text: string): Promise<void> {
    // The time comes first in the id: lists are in the order of id.
    const id = `note-${Date.now().toString(36)}-${crypto.randomUUID()}`;
    await this.words.upsert([{ id, text, metadata: { words: [], pos: 'note' } }]);
  }

  async delete(id: string): Promise<void> {
    await this.words.delete({ ids: [id] });
  }

  /** The newest first. */
  async list(): Promise<StoredRecord<Entry>[]> {
    const all: StoredRecord<Entry>[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.words.list({
        filter: { pos: 'note' },
        limit: 1000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      all.push(...page.records);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return all.reverse();
  }
}
