import { distanceFrom, scoreFrom } from '../../shared/metric.js';
import type { MatchesOnWire } from '../../shared/worker-api.js';
import type { Bitmap } from '../bitmap.js';
import type { Compute } from '../compute/compute.js';
import type { QueryVectors } from '../compute/kernels.js';
import { BestMerge, type Found } from './best-merge.js';
import { readRecords, type Wanted } from './records.js';
import type { CompiledFilter } from './segment.js';
import { select } from './segment-view.js';
import type { Snapshot } from './snapshot.js';

/** Queries that differ in nothing but their vector and `minScore`, so that they share each graph run. */
export interface SearchGroup {
  readonly queries: QueryVectors;
  readonly minScores: readonly (number | undefined)[];
  readonly topK: number;
  readonly filter: CompiledFilter | undefined;
  readonly wanted: Wanted;
}

/** Exact search of one snapshot: one answer per query. */
export async function search(
  snapshot: Snapshot,
  compute: Compute,
  group: SearchGroup,
): Promise<MatchesOnWire[]> {
  const began = performance.now();
  const { queries, topK, filter } = group;
  const best = new BestMerge(queries.count, topK);
  const excluded: (Bitmap | undefined)[] = [];
  let scanned = 0;
  for (const [source, view] of snapshot.views.entries()) {
    const selection = await select(view, filter);
    excluded[source] = selection.excluded;
    scanned += selection.rows;
    if (selection.rows > 0) await view.sealed?.search(queries, topK, selection.excluded, best, source);
  }
  await snapshot.tail.search(compute, queries, topK, excluded, best);
  const answers: MatchesOnWire[] = [];
  for (let q = 0; q < queries.count; q++) {
    const answer = await withRecords(snapshot, best.best(q), group.minScores[q], group.wanted);
    answers.push({
      ...answer,
      receipt: {
        exact: true,
        complete: true,
        plan: scanned === 0 ? 'empty' : 'flat',
        backend: best.backend,
        scanned,
        elapsedMs: performance.now() - began,
        generation: snapshot.generation,
      },
    });
  }
  return answers;
}

async function withRecords(snapshot: Snapshot, found: Found[], minScore: number | undefined, wanted: Wanted) {
  const { metric } = snapshot.row.config;
  const kept =
    minScore === undefined
      ? found
      : found.filter(({ similarity }) => scoreFrom(metric, similarity) >= minScore);
  const { ids } = await readRecords(snapshot, kept, { vectors: false, metadata: false });
  const scored = kept.map((place, i) => ({ place, id: ids[i]!, score: scoreFrom(metric, place.similarity) }));
  scored.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  const places = scored.map(({ place }) => place);
  return {
    ...(await readRecords(snapshot, places, wanted)),
    scores: scored.map(({ score }) => score),
    distances: places.map(({ similarity }) => distanceFrom(metric, similarity)),
  };
}
