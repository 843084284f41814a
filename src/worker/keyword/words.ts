const WORD = /[\p{L}\p{M}\p{N}]+/gu;
/** Combining diacritical marks, of Latin, Greek and Cyrillic; other marks are vowels and belong to their words. */
const DIACRITICS = /[\u0300-\u036f]/g;
/** Scripts that put no spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;
const HAS_UNSPACED = new RegExp(UNSPACED.source, 'u');

/** The words of a text (SPEC, J2), in order; one that occurs twice is there twice. */
export function wordsOf(text: string): string[] {
  const folded = text.normalize('NFKD').replace(DIACRITICS, '').normalize('NFC').toLowerCase();
  const words = folded.match(WORD) ?? [];
  return HAS_UNSPACED.test(folded) ? words.flatMap(cut) : words;
}

/** Overlapping pairs of letters where there are no spaces, as Lucene's CJKAnalyzer has them; the rest as it is. */
function cut(word: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const { 0: run, index } of word.matchAll(UNSPACED)) {
    if (index > from) parts.push(word.slice(from, index));
    const letters = [...run];
    if (letters.length === 1) parts.push(run);
    for (let i = 1; i < letters.length; i++) parts.push(letters[i - 1]! + letters[i]!);
    from = index + run.length;
  }
  if (from < word.length) parts.push(word.slice(from));
  return parts;
}

/** What stands for each byte of ASCII in a word: lower case; 0: it is in none. Agrees with `wordsOf`. */
export const ASCII_FOLDED: Uint8Array = Uint8Array.from({ length: 128 }, (_, byte) => {
  const letter = String.fromCharCode(byte).toLowerCase();
  return /[a-z0-9]/.test(letter) ? letter.charCodeAt(0) : 0;
});
