import type { RowKind } from './context.js';
import { QUERY_COLUMNS, timeQueries } from './queries.js';

/** One query at a time over all rows. */
export const exact: RowKind = {
  name: 'exact',
  title: 'Query, top 10, no filter',
  columns: QUERY_COLUMNS,
  principal: 'insideP50',
  needs: 'loaded',
  async measure(context) {
    return timeQueries(context, {
      row: 'exact',
      lanes: context.lanes,
      kth: await context.truth.queries(),
      ask: (system, vector) => system.query(vector, context.params.topK),
    });
  },
};
