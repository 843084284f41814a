import { bucketOf, FILTER_BUCKET } from '../data/dataset.js';
import type { RowKind } from './context.js';
import { QUERY_COLUMNS, timeQueries } from './queries.js';

/** One query at a time over the 1 % of the rows whose metadata has one value. */
export const filter: RowKind = {
  name: 'filter',
  title: 'Query, top 10, filter that 1 % of the rows pass',
  columns: QUERY_COLUMNS,
  principal: 'insideP50',
  needs: 'loaded',
  async measure(context) {
    return timeQueries(context, {
      row: 'filter',
      lanes: context.lanes,
      kth: await context.truth.filtered(),
      passes: (row) => bucketOf(row) === FILTER_BUCKET,
      ask: (system, vector) => system.queryFiltered(vector, context.params.topK, FILTER_BUCKET),
    });
  },
};
