import { recallOf } from '../data/recall.js';
import { blocksOf, rotated } from '../measure/rotate.js';
import { mean, median } from '../measure/statistics.js';
import { forEachWanted, measurement, note, noteExact, pause, type RowKind, take } from './context.js';

const BATCH = 100;
/** A batch takes less than a round of other rows. */
const TURNS = 3;

/** Many queries in one call. */
export const batch: RowKind = {
  name: 'batch',
  title: `Queries per second, ${BATCH} in one call`,
  columns: [
    { key: 'perSecond', title: 'page to page', unit: 'per second' },
    { key: 'recall', title: 'recall', unit: 'share' },
  ],
  principal: 'perSecond',
  needs: 'loaded',
  async measure({ data, lanes: { tuned }, params, truth }) {
    const batches = blocksOf([...data.queries.keys()], BATCH);
    const results = tuned.map((lane) => measurement('batch', lane));
    const rates = tuned.map((): number[] => []);
    const recalls = tuned.map((): number[] => []);
    const exact = tuned.map((): number[] => []);
    // One turn more: the first is the warm-up.
    for (let turn = 0; turn <= params.rounds * TURNS; turn++) {
      for (const at of rotated([...tuned.keys()], turn)) {
        const system = await take(tuned[at]!);
        const queries = batches[turn % batches.length]!;
        const vectors = queries.map((q) => data.queries[q]!);
        const start = performance.now();
        const answers = await system.queryMany(vectors, params.topK);
        const seconds = (performance.now() - start) / 1_000;
        if (turn > 0) rates[at]!.push(queries.length / seconds);
        for (const [i, answer] of answers.entries()) {
          note(results[at]!, answer.note);
          recalls[at]!.push(recallOf(answer.ids, truth.queries[queries[i]!]!));
          exact[at]!.push(answer.exact ? 1 : 0);
        }
        await pause();
      }
    }
    for (const [at, result] of results.entries()) {
      result.values = {
        perSecond: median(rates[at]!),
        recall: mean(recalls[at]!),
        exact: mean(exact[at]!),
      };
      if (tuned[at]!.wanted) noteExact(result, result.values.exact!);
    }
    return results.flatMap((one, at) => forEachWanted(one, tuned[at]!));
  },
};
