import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Matches } from './join-matches.js';
import { mergeTiers, type Tier } from './merge-tiers.js';

interface Scored {
  readonly id: string;
  readonly score: number;
}

function matchesOf(rows: readonly Scored[], topK: number): Tier {
  const best = rows.toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, topK);
  const matches: Matches = {
    ids: best.map(({ id }) => id),
    scores: best.map(({ score }) => score),
    distances: best.map(({ score }) => 1 - score),
    vectors: new Float32Array(best.map(({ score }) => score)),
  };
  return { matches, isFull: best.length === topK };
}

const scored = fc.uniqueArray(
  fc.record({ id: fc.constantFrom(...'abcdefghijkl'), score: fc.integer({ min: 0, max: 5 }) }),
  { selector: ({ id }) => id },
);

it('O1 the merged answer is the best of the server without what is pending here, and of what is pending here', () => {
  fc.assert(
    fc.property(
      scored,
      scored,
      fc.uniqueArray(fc.constantFrom(...'abcdefghijkl')),
      fc.integer({ min: 1, max: 6 }),
      (here, there, ids, topK) => {
        const pending = new Set(ids);
        const wanted = [
          ...there.filter(({ id }) => !pending.has(id)).map((row) => ({ ...row, origin: 'remote' })),
          ...here.filter(({ id }) => pending.has(id)).map((row) => ({ ...row, origin: 'local' })),
        ]
          .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
          .slice(0, topK);
        let asked = topK;
        for (;;) {
          const merged = mergeTiers(matchesOf(here, asked), matchesOf(there, asked), pending, topK, false);
          if (merged.isSettled) {
            const { ids, scores, origins = [], vectors } = merged.matches;
            expect(scores).toEqual(wanted.map(({ score }) => score));
            // Which of several equally scored ones make the cut is open.
            const last = wanted.at(-1)?.score;
            const sure = ids.map((id, i) => ({ id, score: scores[i]!, origin: origins[i] }));
            expect(sure.filter(({ score }) => score !== last)).toEqual(
              wanted.filter(({ score }) => score !== last),
            );
            expect([...(vectors ?? [])]).toEqual(scores);
            return;
          }
          asked *= 2;
        }
      },
    ),
  );
});

it('O4 where the server may miss matches, those of the device take their place', () => {
  const here = matchesOf(
    [
      { id: 'a', score: 3 },
      { id: 'b', score: 2 },
    ],
    3,
  );
  const there = matchesOf(
    [
      { id: 'b', score: 2 },
      { id: 'c', score: 1 },
    ],
    3,
  );
  const { matches } = mergeTiers(here, there, new Set(), 3, true);
  expect(matches.ids).toEqual(['a', 'b', 'c']);
  expect(matches.origins).toEqual(['local', 'remote', 'remote']);
  expect(mergeTiers(here, there, new Set(), 3, false).matches.ids).toEqual(['b', 'c']);
});
