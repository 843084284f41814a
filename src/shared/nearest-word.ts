/**
 * The word that a misspelt one most likely meant: at most 2 edits away (1 for words of up to 4 letters), among
 * equals the one that begins alike. Case, `_` and `-` do not count.
 */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  const wanted = fold(word);
  // A long word is no typing mistake, and edit distance is quadratic.
  if (wanted.length > 40) return undefined;
  const most = wanted.length <= 4 ? 1 : 2;
  const near = words
    .map((candidate) => ({
      candidate,
      edits: editDistance(wanted, fold(candidate)),
      prefix: commonPrefix(wanted, fold(candidate)),
    }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits || b.prefix - a.prefix);
  return near[0]?.candidate;
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, '');
}

/**
 * Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours.
 * https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance#Optimal_string_alignment_distance
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, beforeLast[j - 2]! + 1);
      }
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
