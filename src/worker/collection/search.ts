import { distanceFrom, scoreFrom } from '../../shared/metric.js';
import type { MatchesOnWire } from '../../shared/worker-api.js';
import type { Bitmap } from '../bitmap.js';
import type { Compute } from '../compute/compute.js';
import type { QueryVectors } from '../compute/kernels.js';
import { BestMerge, type Found } from './best-merge.js';
import { isTooNarrow, planSearch, wider } from './plan.js';
import { readFields, readIds, type Wanted } from './records.js';
import type { SealedRows } from './sealed-rows.js';
import type { CompiledFilter } from './segment.js';
import { type SegmentView, type Selection, select } from './segment-view.js';
import type { Snapshot } from './snapshot.js';

/** Queries that differ in nothing but their vector, so that they are computed together. */
export interface FindGroup {
  readonly queries: QueryVectors;
  readonly topK: number;
  readonly filter: CompiledFilter | undefined;
  /** Undefined: exact. */
  readonly targetRecall: number | undefined;
  /** How many times the lists that the recall curve asks for; see `RecallAudit`. */
  readonly boost: number;
}

export interface SearchGroup extends FindGroup {
  readonly minScore: number | undefined;
  readonly wanted: Wanted;
}

/** The best rows of one snapshot for each query of a group. */
export interface BestFound {
  readonly best: BestMerge;
  readonly isExact: boolean;
  /** Of some segment only the nearest lists were looked at. */
  readonly isProbed: boolean;
  /** Rows considered per query. */
  readonly scanned: number;
}

export async function findBest(snapshot: Snapshot, compute: Compute, group: FindGroup): Promise<BestFound> {
  const { queries, topK, filter } = group;
  const best = new BestMerge(queries.count, topK);
  const excluded: (Bitmap | undefined)[] = [];
  let isExact = true;
  let isProbed = false;
  let scanned = 0;
  for (const [source, view] of snapshot.views.entries()) {
    const selection = await select(view, filter);
    if (view.sealed === undefined) {
      excluded[source] = selection.excluded;
      scanned += selection.rows;
    } else if (selection.rows > 0) {
      const found = await searchSealed(view, view.sealed, selection, group);
      best.add(found.best, found.kernels, (row) => ({ source, row }));
      scanned += Math.round(found.best.scanned / queries.count);
      isProbed ||= found.probed;
      isExact &&= !found.probed && found.best.rounded !== true;
    }
  }
  await snapshot.tail.search(compute, queries, topK, excluded, best);
  return { best, isExact, isProbed, scanned };
}

/** One answer per query. */
export async function search(
  snapshot: Snapshot,
  compute: Compute,
  group: SearchGroup,
): Promise<MatchesOnWire[]> {
  const began = performance.now();
  const { best, isExact, isProbed, scanned } = await findBest(snapshot, compute, group);
  const answers: MatchesOnWire[] = [];
  for (let q = 0; q < group.queries.count; q++) {
    const answer = await withRecords(snapshot, best.best(q), group.minScore, group.wanted);
    answers.push({
      ...answer,
      receipt: {
        exact: isExact,
        complete: true,
        plan: scanned === 0 ? 'empty' : isProbed ? 'ivf' : 'flat',
        backend: best.computed.backend,
        kernel: best.computed.name,
        scanned,
        elapsedMs: performance.now() - began,
        generation: snapshot.generation,
      },
    });
  }
  return answers;
}

/** Probes more lists until enough rows that pass the filter have been looked at. */
async function searchSealed(
  view: SegmentView,
  sealed: SealedRows,
  selection: Selection,
  { queries, topK, targetRecall, boost }: FindGroup,
) {
  let plan = planSearch(view.segment.manifest, selection, { topK, targetRecall, boost });
  for (;;) {
    // Who asks for an exact answer gets exact scores.
    const scope = { ...plan.scope, rounded: targetRecall !== undefined };
    const found = await sealed.search(queries, topK, scope);
    if (!found.probed || !isTooNarrow(plan, found.best, selection, queries.count)) return found;
    plan = wider(plan);
  }
}

async function withRecords(snapshot: Snapshot, found: Found[], minScore: number | undefined, wanted: Wanted) {
  const { metric } = snapshot.row.config;
  const kept =
    minScore === undefined
      ? found
      : found.filter(({ similarity }) => scoreFrom(metric, similarity) >= minScore);
  const ids = await readIds(snapshot, kept);
  const scored = kept.map((place, i) => ({ place, id: ids[i]!, score: scoreFrom(metric, place.similarity) }));
  scored.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  const places = scored.map(({ place }) => place);
  return {
    ids: scored.map(({ id }) => id),
    ...(await readFields(snapshot, places, wanted)),
    scores: scored.map(({ score }) => score),
    distances: places.map(({ similarity }) => distanceFrom(metric, similarity)),
  };
}
