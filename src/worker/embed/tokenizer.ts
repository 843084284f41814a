const WORD = /[\p{L}\p{M}\p{N}]+(?:[-'‐’ʼ][\p{L}\p{M}\p{N}]+)*/gu;
const JOINER = /[-'‐’ʼ]/;
/** Longer ones are cut at every joint: they are no words, and trying them joint by joint would take for ever. */
const MAX_COMPOUND = 64;
const CLITIC = /^(.+)'(?:s|ll|re|ve|d|m)$/;
const NEGATION = /^(.+)n't$/;
/** What is left of "can't", "won't" and "shan't" before n't. */
const IRREGULAR_STEMS: Readonly<Record<string, string>> = { ca: 'can', wo: 'will', sha: 'shall' };

/**
 * The rows of the text's known words, in order; a word that occurs twice is there twice. Words are runs of
 * letters, marks and digits of any script, lowercase, in compatibility form (NFKC). A word with hyphens or
 * apostrophes that is unknown as a whole is taken apart: "spider's" is "spider", "don't" is "do not",
 * "ice-cold" is "ice cold". Other unknown words are left out.
 */
export function tokenize(text: string, rowOf: ReadonlyMap<string, number>): number[] {
  const rows: number[] = [];
  for (const word of text.normalize('NFKC').toLowerCase().match(WORD) ?? []) addRows(word, rowOf, rows);
  return rows;
}

function addRows(word: string, rowOf: ReadonlyMap<string, number>, rows: number[]): void {
  const row = rowOf.get(word);
  if (row !== undefined) rows.push(row);
  else if (word.length > MAX_COMPOUND) {
    for (const part of word.split(JOINER)) if (rowOf.has(part)) rows.push(rowOf.get(part)!);
  } else if (JOINER.test(word)) {
    for (const part of partsOf(word, rowOf)) addRows(part, rowOf, rows);
  }
}

/** What stands for a compound that is unknown as it is written; each part is shorter, or known, or no compound. */
function partsOf(word: string, rowOf: ReadonlyMap<string, number>): string[] {
  const plain = word.replace(/[’ʼ]/g, "'").replace(/‐/g, '-');
  if (rowOf.has(plain)) return [plain];
  const negated = NEGATION.exec(plain)?.[1];
  if (negated !== undefined) return [IRREGULAR_STEMS[negated] ?? negated, 'not'];
  const host = CLITIC.exec(plain)?.[1];
  if (host !== undefined) return [host];
  return plain.split(JOINER);
}
