import type { BestRows, Scope } from '../compute/kernels.js';
import { isWorthwhile, probesFor, scannedBy } from '../index/recall-curve.js';
import type { SegmentManifest } from '../storage/storage.js';
import type { Selection } from './segment-view.js';

/** How one segment is searched. */
export interface Plan {
  readonly scope: Scope;
  /** Rows that have to be considered per query before an approximate answer is given. */
  readonly wantedRows: number;
  readonly lists: number;
}

/**
 * Few selected rows are scored one by one; otherwise, where the segment has lists and the target allows it, the
 * nearest lists only.
 *
 * Of a share s of the rows, the k nearest lie among the k/s nearest of all, if the filter is independent of the
 * vectors: the lists are those that find as many. Where it is not, too few selected rows turn up, and the search
 * widens: a subset is searched as thoroughly as the whole would be when as many of its rows have been considered.
 *
 * `targetRecall` undefined: an exact answer is wanted.
 */
export function planSearch(
  { rows, index }: SegmentManifest,
  selection: Selection,
  { topK, targetRecall, boost }: { topK: number; targetRecall: number | undefined; boost: number },
): Plan {
  const lists = index?.lists ?? 0;
  if (selection.only !== undefined) return { scope: { rows: selection.only }, wantedRows: 0, lists };
  const { excluded } = selection;
  const exact = { scope: { excluded }, wantedRows: 0, lists };
  if (index === undefined || targetRecall === undefined) return exact;
  const needed = probesFor(index.curve, Math.ceil((topK * rows) / selection.rows), targetRecall);
  if (needed === undefined) return exact;
  const probes = Math.ceil(needed * boost);
  if (probes >= lists || !isWorthwhile(index.curve, probes, selection.rows)) return exact;
  const unfiltered = probesFor(index.curve, topK, targetRecall) ?? needed;
  return { scope: { excluded, probes }, wantedRows: scannedBy(index.curve, unfiltered), lists };
}

/** Whether an approximate answer would miss rows that a wider search finds. */
export function isTooNarrow(
  { wantedRows }: Plan,
  best: BestRows,
  selection: Selection,
  queries: number,
): boolean {
  const width = Math.min(best.k, selection.rows);
  for (let q = 0; q < queries; q++) if (best.rows[q * best.k + width - 1] === -1) return true;
  if (selection.excluded === undefined) return false;
  return best.scanned < Math.min(wantedRows / 2, selection.rows) * queries;
}

/** Twice as many lists; without a number of lists, all rows. */
export function wider({ scope: { excluded, probes }, wantedRows, lists }: Plan): Plan {
  const more = 2 * probes!;
  return { scope: { excluded, probes: more < lists ? more : undefined }, wantedRows, lists };
}
