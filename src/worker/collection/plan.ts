import type { BestRows, Scope } from '../compute/kernels.js';
import { isWorthwhile, probesFor, type RecallCurve, scannedBy } from '../index/recall-curve.js';
import type { SegmentManifest } from '../storage/storage.js';
import type { Selection } from './segment-view.js';

/** What is asked of a segment. */
export interface Wish {
  readonly topK: number;
  /** Undefined: an exact answer. */
  readonly targetRecall: number | undefined;
  /** Factor on the number of lists; see `RecallAudit`. */
  readonly boost: number;
}

/**
 * What of a segment is searched: few selected rows are scored one by one; otherwise, where the segment has lists and
 * the target allows it, the nearest lists only.
 *
 * Of a share s of the rows, the k nearest lie among the k/s nearest of all, if the filter is independent of the
 * vectors: the lists are those that find as many. Where it is not, `widerScope` finds out.
 */
export function planSearch({ rows, index }: SegmentManifest, selection: Selection, wish: Wish): Scope {
  if (selection.only !== undefined) return { rows: selection.only };
  const { excluded } = selection;
  if (index === undefined) return { excluded };
  return { excluded, probes: probesAt(index.curve, selection.rows / rows, selection, wish) };
}

/**
 * The scope that a query is searched in again, since its answer may miss too much; undefined: it is good.
 *
 * Near the query a filter may select fewer of the rows than it does elsewhere. The share among those in the probed
 * lists tells: the query needs as many lists as where that is the share of all.
 *
 * @param best of this query alone, or of several without a filter or deletes.
 */
export function widerScope(
  { index }: SegmentManifest,
  { excluded, probes }: Scope,
  best: BestRows,
  selection: Selection,
  wish: Wish,
): Scope | undefined {
  const { curve } = index!;
  const least = lacksRows(best, selection) ? 2 * probes! : 0;
  if (excluded === undefined) {
    return least === 0 ? undefined : { excluded, probes: affordable(curve, least, selection) };
  }
  const share = best.scanned / scannedBy(curve, probes!);
  const enough = probesAt(curve, share, selection, wish);
  const wanted = enough && affordable(curve, Math.max(least, enough), selection);
  return wanted !== undefined && wanted <= probes! ? undefined : { excluded, probes: wanted };
}

/** Lists to probe where a share of the rows is selected; undefined: an exact search is as cheap, or wanted. */
function probesAt(
  curve: RecallCurve,
  share: number,
  selection: Selection,
  { topK, targetRecall, boost }: Wish,
): number | undefined {
  if (targetRecall === undefined) return undefined;
  const needed = probesFor(curve, Math.ceil(topK / Math.min(1, share)), targetRecall);
  return needed && affordable(curve, Math.ceil(needed * boost), selection);
}

function affordable(curve: RecallCurve, probes: number, selection: Selection): number | undefined {
  return probes < curve.lists && isWorthwhile(curve, probes, selection.rows) ? probes : undefined;
}

/** Whether fewer rows were found than there are. */
function lacksRows({ k, rows }: BestRows, selection: Selection): boolean {
  const width = Math.min(k, selection.rows);
  for (let last = width - 1; last < rows.length; last += k) if (rows[last] === -1) return true;
  return false;
}
