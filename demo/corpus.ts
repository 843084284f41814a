import type { VectorRecord } from 'nearshore';
import corpus from './corpus.json';
import { PARTS_OF_SPEECH } from './parts-of-speech.js';
import type { Entry } from './words.js';

/** What scripts/build-corpus.mjs made: all of WordNet in chunks, the common words first. */
export { corpus };

export type Chunk = (typeof corpus.chunks)[number];

type Row = [id: string, words: string[], text: string];

/** The server cannot be reached, as when the network is off. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export async function fetchChunk(chunk: Chunk, signal: AbortSignal): Promise<VectorRecord<Entry>[]> {
  const rows = (await (await fetchFile(`wordnet/${chunk.file}`, signal)).json()) as Row[];
  return rows.map(([id, words, text]) => ({ id, text, metadata: { words, pos: PARTS_OF_SPEECH[id[0]!]! } }));
}

async function fetchFile(path: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new Unreachable(`${path} could not be fetched.`, { cause });
  }
  if (response.ok) return response;
  throw new Error(
    `The server answered ${response.status} for ${path}. Without this file the dictionary stays incomplete. ` +
      'If a new version of this page was published meanwhile, reload it.',
  );
}
