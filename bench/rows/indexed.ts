import { forEachWanted, type RowKind } from './context.js';
import { QUERY_COLUMNS, timeQueries } from './queries.js';

/** One query at a time by the index, at the settings that the wanted recalls take. */
export const indexed: RowKind = {
  name: 'index',
  title: 'Query by the index, top 10, no filter',
  columns: QUERY_COLUMNS,
  principal: 'insideP50',
  needs: 'loaded',
  async measure(context) {
    const { tuned } = context.lanes;
    const measured = await timeQueries(context, {
      row: 'index',
      lanes: tuned,
      truth: context.truth.queries,
      ask: (system, vector) => system.query(vector, context.params.topK),
    });
    return measured.flatMap((one, at) => forEachWanted(one, tuned[at]!));
  },
};
