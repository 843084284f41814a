import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileFilter } from './filter.js';
import { filter, metadata, oracle } from './filter-oracle.contract.js';
import type { JsonValue } from './types.js';

test('F1-F18 the evaluator agrees with a naive oracle on 2,000 random filters', () => {
  const runs = 2_000;
  let selective = 0;
  fc.assert(
    fc.property(
      fc.noBias(filter),
      fc.noBias(fc.array(metadata, { minLength: 40, maxLength: 40 })),
      (someFilter, records) => {
        const { matches } = compileFilter(someFilter);
        let passing = 0;
        for (const record of records) {
          const answer = matches(record);
          expect(answer).toBe(oracle(someFilter, record));
          if (answer) passing++;
        }
        if (passing > 0 && passing < records.length) selective++;
      },
    ),
    { numRuns: runs },
  );
  // Filters that hold for all or for none would hide most mistakes.
  expect(selective / runs).toBeGreaterThanOrEqual(0.3);
});

test('F22 filters with the same key hold for the same records', () => {
  let pairs = 0;
  const seen = new Map<string, (record: JsonValue | undefined) => boolean>();
  fc.assert(
    fc.property(filter, fc.array(metadata, { minLength: 10, maxLength: 10 }), (someFilter, records) => {
      const { key, matches } = compileFilter(someFilter);
      const same = seen.get(key);
      if (same) pairs++;
      else seen.set(key, matches);
      for (const record of records) expect(matches(record)).toBe((same ?? matches)(record));
      expect(compileFilter(shuffled(someFilter)).key).toBe(key);
    }),
    { numRuns: 1_000 },
  );
  expect(pairs).toBeGreaterThan(10);
});

/** The same filter with all its keys and parts in reverse. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled).reverse();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, shuffled(member)])
      .reverse(),
  );
}
