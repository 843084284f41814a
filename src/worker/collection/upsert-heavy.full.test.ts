import { expect, it } from 'vitest';
import { mixture } from '../../../bench/data/mixture.js';
import { runUpsertHeavy } from './upsert-heavy.contract.js';

// In full size, on the bench's mixture of 384 dimensions; small: upsert-heavy.test.ts.

const ROWS = 100_000;
const UPDATES = 50_000;
const QUERIES = 300;

function joined(rows: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(rows.length * rows[0]!.length);
  for (const [i, row] of rows.entries()) all.set(row, i * row.length);
  return all;
}

it.each([
  ['drawn anew', false],
  ['of other clusters', true],
])(
  'I4 I6: 50,000 of 100,000 records replaced by vectors %s: recall stays that of a fresh build',
  async (_, isDrifted) => {
    const heldOut = { tuning: 0, queries: QUERIES, extra: UPDATES };
    const { dimension, parts, queries, extra } = await mixture(ROWS, heldOut, async () => {});
    let base = new Float32Array();
    for await (const part of parts()) base = part.vectors;
    const mirrored = (vector: Float32Array) => vector.map((value) => -value);
    const seen = await runUpsertHeavy({
      dimension,
      base,
      replacements: joined(isDrifted ? extra.map(mirrored) : extra),
      queries: queries.map(
        (query, i) => new Float32Array(isDrifted && i % 2 === 1 ? mirrored(query) : query),
      ),
      batch: 500,
      checks: 2,
      minComponents: 4_000_000,
    });
    for (const { replaced, kept, fresh, stats } of seen) {
      console.log(replaced, kept, fresh, stats.segments, stats.deadRecords, JSON.stringify(stats.index));
      expect(kept.recall).toBeGreaterThan(fresh.recall - 0.01);
    }
  },
);
