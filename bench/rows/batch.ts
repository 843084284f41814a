import { recallOf } from '../data/recall.js';
import { blocksOf, rotated } from '../measure/rotate.js';
import { mean, median } from '../measure/statistics.js';
import { measurement, note, pause, type RowKind } from './context.js';

const BATCH = 100;

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
  async measure({ data, lanes, params, truth }) {
    const kth = await truth.queries();
    const batches = blocksOf([...data.queries.keys()], BATCH);
    const results = lanes.map((lane) => measurement('batch', lane));
    const rates = lanes.map((): number[] => []);
    const recalls = lanes.map((): number[] => []);
    // One round more than asked for: the first is the warm-up.
    for (let round = 0; round <= params.rounds; round++) {
      for (const at of rotated([...lanes.keys()], round)) {
        const { system, ef } = lanes[at]!;
        if (ef !== undefined) await system.setEf!(ef);
        const queries = batches[round % batches.length]!;
        const vectors = queries.map((q) => data.queries[q]!);
        const start = performance.now();
        const answers = await system.queryMany(vectors, params.topK);
        const seconds = (performance.now() - start) / 1_000;
        if (round > 0) rates[at]!.push(queries.length / seconds);
        for (const [i, answer] of answers.entries()) {
          note(results[at]!, answer.note);
          recalls[at]!.push(recallOf(data, vectors[i]!, answer.ids, params.topK, kth[queries[i]!]!));
        }
        await pause();
      }
    }
    for (const [at, result] of results.entries()) {
      result.values = { perSecond: median(rates[at]!), recall: mean(recalls[at]!) };
    }
    return results;
  },
};
