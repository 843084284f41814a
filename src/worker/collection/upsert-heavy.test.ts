import { expect, it } from 'vitest';
import { clusteredVectors } from '../index/trained.contract.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { runUpsertHeavy } from './upsert-heavy.contract.js';

// 5,000 updates over 10,000 records; in full size: upsert-heavy.full.test.ts.

const DIMENSION = 64;
const ROWS = 10_000;
const UPDATES = 5_000;
const QUERIES = 200;

/** Base, replacements and queries: draws from one mixture; drifted, replacements and half of the queries are mirrored. */
function drawn(isDrifted: boolean) {
  const rows = ROWS + UPDATES + QUERIES;
  const all = clusteredVectors(new SeededRandom(21), {
    rows,
    dimension: DIMENSION,
    clusters: 50,
    spread: 0.8,
  });
  const part = (from: number, count: number) => all.slice(from * DIMENSION, (from + count) * DIMENSION);
  const replacements = part(ROWS, UPDATES);
  const queries = Array.from({ length: QUERIES }, (_, i) => part(ROWS + UPDATES + i, 1));
  const mirrored = (vector: Float32Array<ArrayBuffer>) => vector.map((value) => -value);
  return {
    base: part(0, ROWS),
    replacements: isDrifted ? mirrored(replacements) : replacements,
    queries: isDrifted ? queries.map((query, i) => (i % 2 === 0 ? query : mirrored(query))) : queries,
  };
}

it.each([
  ['drawn anew', false],
  ['of other clusters', true],
])(
  'I4 I6: half of the records replaced by vectors %s: recall stays',
  async (_, isDrifted) => {
    const seen = await runUpsertHeavy({
      ...drawn(isDrifted),
      dimension: DIMENSION,
      batch: 100,
      checks: 2,
      minComponents: 2048 * DIMENSION,
    });
    for (const { kept, fresh, stats } of seen) {
      expect(stats.deadRecords).toBeGreaterThan(0);
      // So few lists are probed here that one more may find 0.04 more: a fresh build can be that far above the target.
      expect(kept.recall).toBeGreaterThanOrEqual(Math.min(0.95, fresh.recall - 0.01));
    }
  },
  60_000,
);
