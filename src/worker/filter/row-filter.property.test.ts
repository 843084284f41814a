import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileFilter } from '../../shared/filter.js';
import { filter, metadata, oracle } from '../../shared/filter-oracle.contract.js';
import type { JsonValue } from '../../shared/types.js';
import { hasBit } from '../bitmap.js';
import { columnLimits } from './field-columns.js';
import { metadataColumn } from './row-filter.contract.js';
import { RowFilter } from './row-filter.js';

const ROWS = 60;
const RUNS = 700;

test.each([
  ['all fields in columns', columnLimits(ROWS)],
  ['one field in a column, others row by row', { fields: 1, bytes: 1 << 20 }],
  ['fields too large for a column row by row', { fields: 64, bytes: 700 }],
  ['no field in a column', { fields: 0, bytes: 0 }],
])(
  'F1-F18 a segment, %s, agrees with the evaluator and a naive oracle on random filters',
  async (_, limits) => {
    let selective = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.noBias(fc.array(filter, { minLength: 2, maxLength: 2 })),
        fc.noBias(fc.array(metadata, { minLength: ROWS, maxLength: ROWS })),
        async (filters, records) => {
          // A segment keeps JSON, which has no −0.
          const kept = records.map((record) => record && (JSON.parse(JSON.stringify(record)) as JsonValue));
          const rowFilter = new RowFilter(ROWS, async () => metadataColumn(records), limits);
          for (const each of filters) {
            const compiled = compileFilter(each);
            const passing = await rowFilter.passing(compiled);
            const answers = kept.map((_, row) => hasBit(passing, row));
            expect(answers).toEqual(kept.map((record) => compiled.matches(record)));
            expect(answers).toEqual(kept.map((record) => oracle(each, record)));
            if (answers.includes(true) && answers.includes(false)) selective++;
          }
        },
      ),
      { numRuns: RUNS },
    );
    // Filters that hold for all or for none would hide most mistakes.
    expect(selective / (2 * RUNS)).toBeGreaterThanOrEqual(0.3);
  },
);
