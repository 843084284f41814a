import { describe, expect, it } from 'vitest';
import { tokenize } from './tokenizer.js';

const VOCABULARY =
  "the spider do not can will is it mother in law brother-in-law ice cold don o brien o'clock rock 'n' roll " +
  'café naïve 寒い straße h2o 3d s t';
const words = VOCABULARY.split(' ');
const rowOf = new Map(words.map((word, row) => [word, row]));
const known = (text: string) => tokenize(text, rowOf).map((row) => words[row]);

describe('tokenize', () => {
  it.each([
    ['words in any case, in order, repeated', 'The SPIDER, the Spider!', ['the', 'spider', 'the', 'spider']],
    ['unknown words are left out', 'the qxzzyk spider', ['the', 'spider']],
    ['nothing', '', []],
    ['no word at all', ' \t\n--- \' … 🕷️ 👩‍🔬 — "', []],
    ['possessive', "the spider's", ['the', 'spider']],
    ['typographic apostrophe', 'the spider’s', ['the', 'spider']],
    ['plural possessive', "brother-in-law' is", ['brother-in-law', 'is']],
    ['contraction', "it's cold", ['it', 'cold']],
    ['negation', "don't", ['do', 'not']],
    ['irregular negations', "can't won't", ['can', 'not', 'will', 'not']],
    ['known compound', 'brother-in-law', ['brother-in-law']],
    ['known compound with a Unicode hyphen', 'brother‐in‑law', ['brother-in-law']],
    ['known compound, possessive', "brother-in-law's", ['brother-in-law']],
    ['unknown compound', 'mother-in-law', ['mother', 'in', 'law']],
    ['unknown compound, possessive', "mother-in-law's", ['mother', 'in', 'law']],
    ['unknown compound with unknown parts', 'ice-qxzzyk-cold', ['ice', 'cold']],
    ['apostrophe in the middle', "O'Brien", ['o', 'brien']],
    ['known word with an apostrophe', "o'clock", ["o'clock"]],
    ['quotation marks are not apostrophes', "'cold' ‘ice’", ['cold', 'ice']],
    ['a dash is no hyphen', 'ice--cold ice—cold', ['ice', 'cold', 'ice', 'cold']],
    ['accents, composed and decomposed', 'Café cafe\u0301 NAI\u0308VE', ['café', 'café', 'naïve']],
    ['full-width forms and ligatures', 'ｃｏｌｄ ice', ['cold', 'ice']],
    ['digits in words', 'H2O 3D', ['h2o', '3d']],
    ['a script without spaces is one word', '寒い、寒い日', ['寒い']],
    ['letters beside emoji', '🧊ice🧊cold', ['ice', 'cold']],
    ['lone surrogates', '\ud83dice\udc00', ['ice']],
    ['markup and underscores separate', '<b>ice_cold</b>', ['ice', 'cold']],
  ])('%s', (_, text, expected) => {
    expect(known(text)).toEqual(expected);
  });

  it('takes keys that every object has for unknown words', () => {
    expect(known('constructor __proto__ toString hasOwnProperty')).toEqual([]);
  });

  it('is linear in the length of the text, also for hostile ones', () => {
    const seconds = (text: string) => {
      const start = performance.now();
      tokenize(text, rowOf);
      return (performance.now() - start) / 1000;
    };
    expect(tokenize('the spider '.repeat(500_000), rowOf).length).toBe(1_000_000);
    expect(seconds('a'.repeat(2_000_000))).toBeLessThan(5);
    expect(seconds('a-'.repeat(1_000_000))).toBeLessThan(5);
    expect(seconds("a'".repeat(1_000_000))).toBeLessThan(5);
    expect(seconds("n't".repeat(700_000))).toBeLessThan(5);
    expect(seconds("x'd".repeat(500_000))).toBeLessThan(5);
  });
});
