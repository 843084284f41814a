import { type Chunk, corpus, fetchChunk, Unreachable } from './corpus.js';
import type { Words } from './words.js';

export interface ImportState {
  readonly kind: 'checking' | 'running' | 'cancelled' | 'unreachable' | 'failed' | 'done';
  /** Records that are in the store. */
  readonly done: number;
  readonly total: number;
  /** Why it has `failed`. */
  readonly error?: unknown;
}

/**
 * Brings the dictionary into the store, chunk by chunk: fetch, embed, write. Each chunk is one upsert, all or
 * nothing, so its first record tells whether it is there, after a reload too.
 */
export class CorpusImport {
  #running: AbortController | undefined;
  #kind: ImportState['kind'] = 'checking';
  #done = 0;

  constructor(
    private readonly words: Words,
    private readonly onState: (state: ImportState) => void,
  ) {}

  cancel(): void {
    this.#running?.abort();
  }

  /** The network is back. What the user has cancelled stays so. */
  async resumeIfUnreachable(): Promise<void> {
    if (this.#kind === 'unreachable') await this.resume();
  }

  /** Imports what is not there yet. */
  async resume(): Promise<void> {
    if (this.#running !== undefined) return;
    const running = new AbortController();
    this.#running = running;
    try {
      this.#tell('checking');
      const missing = await this.#missingChunks();
      if (missing.length > 0) await this.#import(missing, running.signal);
      this.#tell('done');
    } catch (error) {
      if (running.signal.aborted) this.#tell('cancelled');
      else if (error instanceof Unreachable) this.#tell('unreachable');
      else this.#tell('failed', error);
    } finally {
      this.#running = undefined;
    }
  }

  async #missingChunks(): Promise<Chunk[]> {
    const firsts = await this.words.get(corpus.chunks.map(({ first }) => first));
    const missing = corpus.chunks.filter((_, i) => firsts[i] === undefined);
    this.#done = corpus.count - missing.reduce((sum, { count }) => sum + count, 0);
    return missing;
  }

  async #import(chunks: readonly Chunk[], signal: AbortSignal): Promise<void> {
    this.#tell('running');
    let next = fetchAhead(chunks[0], signal);
    for (const [i, chunk] of chunks.entries()) {
      const records = await next;
      // The network and the worker are busy at the same time.
      next = fetchAhead(chunks[i + 1], signal);
      await this.words.upsert(records, { signal });
      this.#done += chunk.count;
      this.#tell('running');
    }
  }

  #tell(kind: ImportState['kind'], error?: unknown): void {
    this.#kind = kind;
    this.onState({ kind, done: this.#done, total: corpus.count, ...(error === undefined ? {} : { error }) });
  }
}

function fetchAhead(chunk: Chunk | undefined, signal: AbortSignal) {
  const records = chunk === undefined ? Promise.resolve([]) : fetchChunk(chunk, signal);
  // Whoever awaits it sees the failure; nobody may, if the chunk before fails first.
  records.catch(() => undefined);
  return records;
}
