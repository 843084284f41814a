/**
 * What probing finds, measured: a sample of the segment's own rows are the queries, each left out of its own answer.
 * Plain data, to be stored as JSON.
 */
export interface RecallCurve {
  /** Rows that were asked for their neighbours. */
  readonly sample: number;
  readonly rows: number;
  readonly lists: number;
  /** Numbers of probed lists, ascending, in steps of about a quarter; the last is all. */
  readonly probes: readonly number[];
  /** Mean rows scanned, for each number of probes. */
  readonly scanned: readonly number[];
  /** By ascending k. */
  readonly measured: readonly MeasuredRecall[];
}

export interface MeasuredRecall {
  readonly k: number;
  /** Mean recall of the k best, for each number of probes. */
  readonly recall: readonly number[];
  /** Its standard deviation over the queries. */
  readonly deviation: readonly number[];
}

/** Values of k that recall is measured for. */
export const MEASURED_K = [1, 10, 30, 100, 200] as const;

/** A centroid is as much work as this many rows: it is read at full precision, rows at a quarter of it. */
const ROWS_PER_CENTROID = 2;
/** Probing has to be so much less work than scanning all rows, which runs straight through memory. */
const WORTHWHILE = 0.35;

/**
 * The least number of lists that have to be probed; undefined where an exact search is as cheap, or k is beyond what
 * was measured.
 *
 * The measured recall has to exceed the target by the standard error of the sample, √((σ² + 1/S) / S) for S queries
 * with a standard deviation of σ; 1/S stands for the rare misses that a sample without any cannot rule out.
 */
export function probesFor(curve: RecallCurve, k: number, targetRecall: number): number | undefined {
  const measured = measuredFor(curve, k);
  if (measured === undefined) return undefined;
  const surely = measured.recall.map(
    (recall, i) => recall - standardError(measured.deviation[i]!, curve.sample),
  );
  const above = surely.findIndex((recall) => recall >= targetRecall);
  if (above === -1) return undefined;
  let probes = curve.probes[above]!;
  if (above > 0) {
    const [from, to] = [surely[above - 1]!, surely[above]!];
    const below = curve.probes[above - 1]!;
    probes = below + Math.ceil(((probes - below) * (targetRecall - from)) / (to - from));
  }
  if (probes >= curve.lists) return undefined;
  return isWorthwhile(curve, probes, curve.rows) ? probes : undefined;
}

/** Whether probing is less work than an exact search of so many rows. */
export function isWorthwhile(curve: RecallCurve, probes: number, rows: number): boolean {
  return scannedBy(curve, probes) + ROWS_PER_CENTROID * curve.lists < WORTHWHILE * rows;
}

/** Measured mean recall of the k best; 1 where k is beyond what was measured, since an exact search answers there. */
export function recallAt(curve: RecallCurve, k: number, probes: number): number {
  const measured = measuredFor(curve, k);
  return measured === undefined ? 1 : interpolated(curve.probes, measured.recall, probes);
}

/** Mean rows scanned. */
export function scannedBy(curve: RecallCurve, probes: number): number {
  return interpolated(curve.probes, curve.scanned, probes);
}

/**
 * Between two measured k on a straight line over log k: recall falls faster and faster over it, so that is hardly ever
 * too much.
 * Undefined beyond the last.
 */
function measuredFor({ measured }: RecallCurve, k: number): MeasuredRecall | undefined {
  const at = measured.findIndex((known) => known.k >= k);
  const [before, after] = [measured[at - 1], measured[at]];
  if (before === undefined || after === undefined || after.k === k) return after;
  const share = Math.log(k / before.k) / Math.log(after.k / before.k);
  const blend = (from: readonly number[], to: readonly number[]) =>
    from.map((value, i) => value + share * (to[i]! - value));
  return {
    k,
    recall: blend(before.recall, after.recall),
    deviation: blend(before.deviation, after.deviation),
  };
}

function standardError(deviation: number, sample: number): number {
  return Math.sqrt((deviation * deviation + 1 / sample) / sample);
}

/** Between two measured points on a straight line: recall rises ever more slowly, so that is never too much. */
function interpolated(at: readonly number[], values: readonly number[], position: number): number {
  const above = at.findIndex((known) => known >= position);
  if (above === -1) return values.at(-1)!;
  if (above === 0) return values[0]!;
  const share = (position - at[above - 1]!) / (at[above]! - at[above - 1]!);
  return values[above - 1]! + share * (values[above]! - values[above - 1]!);
}
