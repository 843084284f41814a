import type { PartOfSpeech } from './words.js';

/** By the first letter of an entry's id. */
export const PARTS_OF_SPEECH: Readonly<Record<string, PartOfSpeech>> = {
  n: 'noun',
  v: 'verb',
  a: 'adjective',
  r: 'adverb',
};
