import type { CurvePoint } from '../results.js';
import type { Context } from './context.js';
import { timeQueries } from './queries.js';

/** Points of a curve need less certainty than the lines of a table. */
const QUERIES = 50;

/** Latency against recall for every setting that was tried, for the plots. */
export async function measureCurve(context: Context): Promise<CurvePoint[]> {
  const { tried } = context.lanes;
  // A single setting is no curve: that system answered exactly at once.
  const lanes = tried.filter(({ name }) => tried.filter((other) => other.name === name).length > 1);
  const measured = await timeQueries(context, {
    row: 'index',
    lanes,
    truth: context.truth.queries,
    queries: QUERIES,
    ask: (system, vector) => system.query(vector, context.params.topK),
  });
  return measured.map(({ system, variant, values }) => ({
    system,
    setting: variant!,
    insideP50: values.insideP50!,
    recall: values.recall!,
    exact: values.exact!,
  }));
}
