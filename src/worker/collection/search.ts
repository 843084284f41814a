import { distanceFrom, scoreFrom } from '../../shared/metric.js';
import type { MatchesOnWire } from '../../shared/worker-api.js';
import type { Bitmap } from '../bitmap.js';
import type { Compute } from '../compute/compute.js';
import type { QueryVectors, Scope } from '../compute/kernels.js';
import type { SegmentManifest } from '../storage/storage.js';
import { BestMerge, type Found } from './best-merge.js';
import { planSearch, type Wish, widerScope } from './plan.js';
import { readFields, readIds, type Wanted } from './records.js';
import type { SealedAnswer, SealedRows } from './sealed-rows.js';
import type { CompiledFilter } from './segment.js';
import { type SegmentView, type Selection, select } from './segment-view.js';
import type { Snapshot } from './snapshot.js';

/** Queries that differ in nothing but their vector, so that they are computed together. */
export interface FindGroup extends Wish {
  readonly queries: QueryVectors;
  readonly filter: CompiledFilter | undefined;
  /** Scores may be rounded: see `Scope`. */
  readonly rounded: boolean;
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
      scanned += selection.rows * queries.count;
    } else if (selection.rows > 0) {
      for await (const { first, found } of searchSealed(view, view.sealed, selection, group)) {
        best.add(found.best, found.kernels, (row) => ({ source, row }), first);
        scanned += found.best.scanned;
        isProbed ||= found.probed;
        isExact &&= !found.probed && found.best.rounded !== true;
      }
    }
  }
  await snapshot.tail.search(compute, queries, topK, excluded, best);
  return { best, isExact, isProbed, scanned: Math.round(scanned / queries.count) };
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

/**
 * All queries at once; one by one where lists are probed and rows left out, since each has to be searched as widely as
 * its neighbourhood asks for.
 */
async function* searchSealed(
  view: SegmentView,
  sealed: SealedRows,
  selection: Selection,
  group: FindGroup,
): AsyncGenerator<{ first: number; found: SealedAnswer }> {
  const { queries } = group;
  const { manifest, dimension } = view.segment;
  const scope = { ...planSearch(manifest, selection, group), rounded: group.rounded };
  const isJoint = scope.probes === undefined || scope.excluded === undefined;
  const together = isJoint ? queries.count : 1;
  for (let first = 0; first < queries.count; first += together) {
    const vectors = queries.vectors.subarray(first * dimension, (first + together) * dimension);
    const own = { vectors, count: together };
    yield { first, found: await searchWidely(sealed, manifest, own, scope, selection, group) };
  }
}

async function searchWidely(
  sealed: SealedRows,
  manifest: SegmentManifest,
  queries: QueryVectors,
  planned: Scope,
  selection: Selection,
  wish: Wish,
): Promise<SealedAnswer> {
  for (let scope = planned; ; ) {
    const found = await sealed.search(queries, wish.topK, scope);
    const wider = found.probed ? widerScope(manifest, scope, found.best, selection, wish) : undefined;
    if (wider === undefined) return found;
    scope = { ...wider, rounded: scope.rounded };
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
