import { RANKS } from '../data/dataset.js';
import type { RowFilter } from '../data/filters.js';
import { mean } from '../measure/statistics.js';
import type { Measurement } from '../results.js';
import { filtering, firstOfEach, type RowKind } from './context.js';
import { timeQueries } from './queries.js';

/** Shares of the rows. */
const PASSING = [0.0001, 0.001, 0.01, 0.1, 0.5, 1];

/** Fewer than in other rows, since there are six of this; more than a system may remember the answers of. */
const QUERIES = 100;

/** One query at a time under filters from narrow to none. */
export const selectivity: RowKind = {
  name: 'selectivity',
  title: 'Query, top 10, by the share of the rows that pass the filter',
  columns: [
    { key: 'insideP50', title: 'p50 in worker', unit: 'ms' },
    { key: 'recall', title: 'recall', unit: 'share' },
    { key: 'returned', title: 'returned', unit: 'count' },
    { key: 'possible', title: 'of', unit: 'count' },
    { key: 'exact', title: 'exact answers', unit: 'share' },
  ],
  principal: 'insideP50',
  needs: 'loaded',
  filters: PASSING.map((passing) => ({ filter: filterFor(passing), queries: QUERIES })),
  async measure(context) {
    const results: Measurement[] = [];
    const lanes = filtering(firstOfEach(context.lanes.plain));
    for (const passing of PASSING) {
      const filter = filterFor(passing);
      const truth = context.truth.filtered(filter);
      const measured = await timeQueries(context, {
        row: 'selectivity',
        lanes,
        truth,
        queries: QUERIES,
        ask: (system, vector) => system.queryFiltered!(vector, context.params.topK, filter),
      });
      for (const one of measured) {
        const share = `${passing * 100} %`;
        one.passing = passing;
        one.variant = one.variant === undefined ? share : `${share}, ${one.variant}`;
        one.values.possible = mean(truth.slice(0, QUERIES).map(({ count }) => count));
      }
      results.push(...measured);
    }
    return results;
  },
};

function filterFor(passing: number): RowFilter {
  return { rankBelow: Math.round(passing * RANKS) };
}
