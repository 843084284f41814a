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

/** Of a smaller part of the share selected elsewhere, nothing measured tells how much would be missed. */
const LEAST_NEAR = 3 / 4;

/**
 * The scope that a query is searched in again, since its answer may miss too much; undefined: it is good.
 *
 * Near the query a filter may select a smaller share of the rows than elsewhere. That of the rows in the probed lists
 * tells: the query needs as many lists as where that is the share of all; far below, all rows.
 *
 * @param best of this query alone, or of several without a filter or deletes.
 */
export function widerScope(
  { rows, index }: SegmentManifest,
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
  // Lists differ in length, but no more rows can be missing from them than are left out at all.
  const considered = scannedBy(curve, probes!);
  const share = Math.max(best.scanned, considered - (rows - selection.rows)) / considered;
  if (share < (LEAST_NEAR * selection.rows) / rows) return { excluded };
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
