import type { BestRows } from './kernels.js';

/**
 * Under l2 2q·x − |x|² loses digits between near neighbours: how many candidates beyond k are measured again by their
 * differences.
 */
export const L2_MARGIN = 16;

/** An answer without any row. */
export function nothingFound(k: number, queries: number): BestRows {
  return {
    k,
    rows: new Int32Array(queries * k).fill(-1),
    similarities: new Float32Array(queries * k).fill(Number.NEGATIVE_INFINITY),
    scanned: 0,
  };
}

/** The best k of answers to the same queries about different rows; `at(i)` is where the rows of answer i begin. */
export function bestOf(
  answers: readonly BestRows[],
  k: number,
  queries: number,
  at: (answer: number) => number,
): BestRows {
  if (answers.length === 1 && answers[0]!.k === k && at(0) === 0) return answers[0]!;
  let best = nothingFound(k, queries);
  for (const [i, answer] of answers.entries()) best = merged(best, answer, at(i), queries);
  return best;
}

/** One after the other: the answers of queries that were asked apart. */
export function concatenated(answers: readonly BestRows[]): BestRows {
  if (answers.length === 1) return answers[0]!;
  const { k } = answers[0]!;
  const total = answers.reduce((sum, answer) => sum + answer.rows.length, 0);
  const rows = new Int32Array(total);
  const similarities = new Float32Array(total);
  let end = 0;
  let scanned = 0;
  for (const answer of answers) {
    rows.set(answer.rows, end);
    similarities.set(answer.similarities, end);
    end += answer.rows.length;
    scanned += answer.scanned;
  }
  return { k, rows, similarities, scanned };
}

/** Two answers, each best first, as one as wide as the first; rows of the second begin at `offset`. */
function merged(a: BestRows, b: BestRows, offset: number, queries: number): BestRows {
  const { k } = a;
  const { rows, similarities } = nothingFound(k, queries);
  for (let query = 0; query < queries; query++) {
    let fromA = query * k;
    let fromB = query * b.k;
    const endB = fromB + b.k;
    for (let to = query * k; to < (query + 1) * k; to++) {
      const isB = fromB < endB && b.rows[fromB] !== -1 && !(a.similarities[fromA]! >= b.similarities[fromB]!);
      if (isB) {
        rows[to] = b.rows[fromB]! + offset;
        similarities[to] = b.similarities[fromB++]!;
      } else {
        rows[to] = a.rows[fromA]!;
        similarities[to] = a.similarities[fromA++]!;
      }
    }
  }
  return { k, rows, similarities, scanned: a.scanned + b.scanned };
}
