import type { QueryResult } from 'nearshore';
import type { Entry, PartOfSpeech, Words } from './words.js';

const TOP_K = 10;

export interface Question {
  readonly text: string;
  /** `undefined`: all parts of speech. */
  readonly pos: PartOfSpeech | undefined;
}

export interface Answer extends QueryResult<Entry> {
  readonly question: Question;
  /** Milliseconds from the question to the answer, on the page. */
  readonly elapsedMs: number;
}

/** Asks one question at a time: a newer one aborts the older, whose answer is never given. */
export class LatestSearch {
  #current: AbortController | undefined;

  constructor(private readonly words: Words) {}

  /** `undefined` if a newer question came meanwhile. */
  async ask(question: Question): Promise<Answer | undefined> {
    this.forget();
    const current = new AbortController();
    this.#current = current;
    const began = performance.now();
    try {
      const result = await this.words.query({
        text: question.text,
        topK: TOP_K,
        ...(question.pos === undefined ? {} : { filter: { pos: question.pos } }),
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
