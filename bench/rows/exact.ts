import type { RowKind } from './context.js';
import { QUERY_COLUMNS, timeQueries } from './queries.js';

/** One query at a time over all rows, with nothing missed. */
export const exact: RowKind = {
  name: 'exact',
  title: 'Exact query, top 10, no filter',
  columns: QUERY_COLUMNS,
  principal: 'insideP50',
  needs: 'loaded',
  measure: (context) =>
    timeQueries(context, {
      row: 'exact',
      lanes: context.lanes.exact,
      truth: context.truth.queries,
      ask: (system, vector) => system.query(vector, context.params.topK),
    }),
};
