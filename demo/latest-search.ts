import type { QueryResult } from 'nearshore';
import type { Entry, PartOfSpeech, Words } from './words.js';

export interface Question {
  readonly text: string;
  /** The entry whose neighbours are asked for: then `text` is only its word. */
  readonly likeId?: string | undefined;
  /** `undefined`: all parts of speech. */
  readonly pos: PartOfSpeech | undefined;
}

export interface Answer extends QueryResult<Entry> {
  readonly question: Question;
  /** Milliseconds from the question to the answer, on the page. */
  readonly elapsedMs: number;
}

interface Wanted {
  readonly topK: number;
  readonly includeVectors: boolean;
}

/** Asks one question at a time: a newer one aborts the older, whose answer is never given. */
export class LatestSearch {
  #current: AbortController | undefined;

  constructor(
    private readonly words: Words,
    private readonly wanted: Wanted = { topK: 10, includeVectors: false },
  ) {}

  /** `undefined` if a newer question came meanwhile. */
  async ask(question: Question): Promise<Answer | undefined> {
    this.forget();
    const current = new AbortController();
    this.#current = current;
    const began = performance.now();
    try {
      const { text, likeId, pos } = question;
      const result = await this.words.query({
        ...(likeId === undefined ? { text } : { id: likeId }),
        ...this.wanted,
        ...(pos === undefined ? {} : { filter: { pos } }),
        signal: current.signal,
      });
      if (current.signal.aborted) return undefined;
      return { ...result, question, elapsedMs: performance.now() - began };
    } catch (error) {
      if (current.signal.aborted) return undefined;
      throw error;
    }
  }

  /** Aborts what is being asked. */
  forget(): void {
    this.#current?.abort();
    this.#current = undefined;
  }
}
