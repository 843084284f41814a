import type { HeldAs, IndexStats, Progress } from '../../shared/types.js';
import { probesFor, recallAt } from '../index/recall-curve.js';
import { INDEX_VERSION } from '../storage/storage.js';
import { DEFAULT_TARGET_RECALL, DEFAULT_TOP_K } from './queries.js';
import type { Snapshot } from './snapshot.js';

/** @param audited the recall of recent queries, where enough were audited. */
export function indexStats(
  { views }: Snapshot,
  training: Progress | undefined,
  audited: { value: number; sample: number } | undefined,
): IndexStats {
  const indexed = views
    .filter(
      ({ segment, sealed }) =>
        segment.manifest.index?.version === INDEX_VERSION && sealed?.indexFault === undefined,
    )
    .map(({ segment }) => ({ rows: segment.rows, ...segment.manifest.index! }));
  const indexedRows = indexed.reduce((sum, { rows }) => sum + rows, 0);
  const stats: IndexStats = {
    kind: indexed.length === 0 ? 'flat' : 'ivf',
    lists: indexed.reduce((sum, { lists }) => sum + lists, 0),
    indexedRows,
    ...(training === undefined ? {} : { training }),
  };
  if (indexed.length === 0) return stats;
  let found = 0;
  let sample = 0;
  for (const { rows, curve } of indexed) {
    const probes = probesFor(curve, DEFAULT_TOP_K, DEFAULT_TARGET_RECALL);
    found += rows * (probes === undefined ? 1 : recallAt(curve, DEFAULT_TOP_K, probes));
    sample += curve.sample;
  }
  const measured = audited ?? { value: found / indexedRows, sample };
  return {
    ...stats,
    recall: { ...measured, topK: DEFAULT_TOP_K, targetRecall: DEFAULT_TARGET_RECALL },
  };
}

/** Rows by how they are held. */
export function heldAs({ views }: Snapshot): HeldAs {
  const held = { float32: 0, int16: 0, int8: 0, storage: 0 };
  for (const { segment, sealed } of views) {
    held[sealed === undefined ? 'float32' : (sealed.precision ?? 'storage')] += segment.rows;
  }
  return held;
}

/** Whether a segment has come with an index. */
export function hasNewIndex(before: Snapshot, now: Snapshot): boolean {
  const known = new Set(before.views.map(({ segment }) => segment.id));
  return now.views.some(
    ({ segment: { id, manifest } }) => !known.has(id) && manifest.index?.version === INDEX_VERSION,
  );
}
