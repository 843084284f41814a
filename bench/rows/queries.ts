import { recallOf } from '../data/recall.js';
import type { Neighbours } from '../data/truth.js';
import { blocksOf, rotated } from '../measure/rotate.js';
import { mean, median, percentile } from '../measure/statistics.js';
import type { RowName } from '../params.js';
import type { Answer, System } from '../peers/contract.js';
import type { Measurement } from '../results.js';
import { type Context, type Lane, measurement, note, noteExact, pause, take } from './context.js';

const BLOCK = 25;
const WARM_UP = 5;

export interface QueryRow {
  readonly row: RowName;
  readonly lanes: readonly Lane[];
  /** What the held-out queries should find. */
  readonly truth: readonly Neighbours[];
  /** Only so many of the held-out queries. Default: all. */
  readonly queries?: number;
  ask(system: System, vector: Float32Array): Promise<Answer>;
}

interface Samples {
  inside: number[];
  page: number[];
  recalls: number[];
  returned: number[];
  exact: number;
}

/**
 * Times one query after the other: in every round each lane gets all queries, in blocks that the lanes take in
 * turn, so that a slow minute of the machine hits all of them. Figures are medians over the rounds. One measurement
 * per lane, in their order.
 */
export async function timeQueries(context: Context, job: QueryRow): Promise<Measurement[]> {
  const { data, params, tick } = context;
  const queries = [...data.queries.keys()].slice(0, job.queries);
  const results = job.lanes.map((lane) => measurement(job.row, lane));
  const rounds = job.lanes.map((): Samples[] => []);
  // Ever other vectors: one that was asked a moment ago may be answered from memory, and warms nothing up.
  const warmUps = job.lanes.map(() => cycle(data.tuning));
  for (let round = 0; round < params.rounds; round++) {
    for (const samples of rounds) {
      samples.push({ inside: [], page: [], recalls: [], returned: [], exact: 0 });
    }
    for (const [turn, block] of blocksOf(queries, BLOCK).entries()) {
      for (const at of rotated([...job.lanes.keys()], round + turn)) {
        const samples = rounds[at]!.at(-1)!;
        const system = await take(job.lanes[at]!);
        for (let i = 0; i < WARM_UP; i++) await job.ask(system, warmUps[at]!());
        for (const q of block) {
          const query = data.queries[q]!;
          const start = performance.now();
          const answer = await job.ask(system, query);
          samples.page.push(performance.now() - start);
          samples.inside.push(answer.insideMs);
          samples.recalls.push(recallOf(answer.ids, job.truth[q]!));
          samples.returned.push(answer.ids.length);
          if (answer.exact) samples.exact++;
          note(results[at]!, answer.note);
        }
      }
      await pause();
    }
  }
  for (const [at, result] of results.entries()) {
    const over = (figure: (samples: Samples) => number) => median(rounds[at]!.map(figure));
    result.values = {
      insideP50: over(({ inside }) => percentile(inside, 50, tick)),
      insideP95: over(({ inside }) => percentile(inside, 95, tick)),
      pageP50: over(({ page }) => percentile(page, 50, tick)),
      pageP95: over(({ page }) => percentile(page, 95, tick)),
      recall: over(({ recalls }) => mean(recalls)),
      returned: over(({ returned }) => mean(returned)),
      exact: over(({ exact }) => exact / queries.length),
    };
    if (job.lanes[at]!.wanted) noteExact(result, result.values.exact!);
  }
  return results;
}

/** The columns that `timeQueries` fills. */
export const QUERY_COLUMNS = [
  { key: 'insideP50', title: 'p50 in worker', unit: 'ms' },
  { key: 'insideP95', title: 'p95 in worker', unit: 'ms' },
  { key: 'pageP50', title: 'p50 page to page', unit: 'ms' },
  { key: 'pageP95', title: 'p95 page to page', unit: 'ms' },
  { key: 'recall', title: 'recall', unit: 'share' },
] as const;

function cycle<T>(list: readonly T[]): () => T {
  let next = 0;
  return () => list[next++ % list.length]!;
}
