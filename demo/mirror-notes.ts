import type { Collection } from 'nearshore';
import { listAll } from './list-all.js';
import type { Words } from './words.js';

/** Brings the copies of the notes among the words up to date, so that one search finds both. */
export async function mirrorNotes(notes: Collection, words: Words): Promise<void> {
  const [wanted, copies] = await Promise.all([
    listAll(notes, { includeVectors: true }),
    listAll(words, { filter: { pos: 'note' } }),
  ]);
  const textById = new Map(copies.map(({ id, text }) => [id, text]));
  const changed = wanted.filter(({ id, text }) => textById.get(id) !== text);
  for (const { id } of wanted) textById.delete(id);
  if (changed.length > 0) {
    await words.upsert(
      changed.map(({ id, text, vector }) => ({
        id,
        text: text!,
        vector: vector!,
        metadata: { words: [], pos: 'note' as const },
      })),
    );
  }
  if (textById.size > 0) await words.delete({ ids: [...textById.keys()] });
}
