import answers from './first-answers.json';
import { PARTS_OF_SPEECH } from './parts-of-speech.js';
import type { Entry } from './words.js';

/** A match as the list shows it. */
export interface Shown {
  readonly id: string;
  readonly score: number;
  readonly text?: string;
  readonly metadata?: Entry;
}

export interface FirstAnswer {
  readonly question: string;
  readonly matches: readonly Shown[];
}

/**
 * The example questions with their answers over the whole dictionary, by the same embedder, computed when the page
 * was built (scripts/build-first-answers.mjs): what there is to see before the store is open.
 */
export const FIRST_ANSWERS: readonly FirstAnswer[] = answers.answers.map(({ question, matches }) => ({
  question,
  matches: (matches as [string, string[], string, number][]).map(([id, words, text, score]) => ({
    id,
    text,
    score,
    metadata: { words, pos: PARTS_OF_SPEECH[id[0]!]! },
  })),
}));
