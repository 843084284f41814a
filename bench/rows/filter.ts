import { ONE_PERCENT } from '../data/filters.js';
import { filtering, forEachWanted, note, type RowKind } from './context.js';
import { QUERY_COLUMNS, timeQueries } from './queries.js';

/** One query at a time over the 1 % of the rows whose metadata has one value. */
export const filter: RowKind = {
  name: 'filter',
  title: 'Query, top 10, filter that 1 % of the rows pass',
  columns: QUERY_COLUMNS,
  principal: 'insideP50',
  needs: 'loaded',
  filters: [{ filter: ONE_PERCENT }],
  async measure(context) {
    const lanes = filtering(context.lanes.plain);
    const measured = await timeQueries(context, {
      row: 'filter',
      lanes,
      truth: context.truth.filtered(ONE_PERCENT),
      ask: (system, vector) => system.queryFiltered!(vector, context.params.topK, ONE_PERCENT),
    });
    for (const one of measured) {
      if (one.system === 'nearshore' && one.values.recall! < 1) note(one, 'it should have found all');
    }
    return measured.flatMap((one, at) => forEachWanted(one, lanes[at]!));
  },
};
