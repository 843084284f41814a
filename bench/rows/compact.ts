import type { Measurement } from '../results.js';
import { forEachWanted, type Lane, type RowKind } from './context.js';
import { QUERY_COLUMNS, timeQueries } from './queries.js';

const HELD_AS = ['int16', 'int8'] as const;

/** Queries with the vectors held as integers: by the index at its first setting, and exactly. */
export const compact: RowKind = {
  name: 'compact',
  title: 'Query with vectors held as int16 or int8, top 10, no filter',
  columns: QUERY_COLUMNS,
  principal: 'insideP50',
  needs: 'loaded',
  async measure(context) {
    const lane = context.lanes.tuned.find(({ name }) => name === 'nearshore');
    if (lane?.system.holdAs === undefined) return [];
    const lanes: Lane[] = [lane, { ...lane, effort: 'exact', setting: 'exact', wanted: [] }];
    const results: Measurement[] = [];
    const { holdAs } = lane.system;
    const measureAs = async (heldAs: (typeof HELD_AS)[number]) => {
      await holdAs(heldAs);
      const measured = await timeQueries(context, {
        row: 'compact',
        lanes,
        truth: context.truth.queries,
        ask: (system, vector) => system.query(vector, context.params.topK),
      });
      for (const [at, one] of measured.entries()) {
        for (const each of forEachWanted(one, lanes[at]!)) {
          results.push({ ...each, variant: `${heldAs}, ${each.variant}` });
        }
      }
    };
    try {
      for (const heldAs of HELD_AS) await measureAs(heldAs);
    } finally {
      await holdAs('none');
    }
    return results;
  },
};
