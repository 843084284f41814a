import type { DataName } from './data/dataset.js';
import type { Params, RowName } from './params.js';
import type { SystemName } from './peers/contract.js';

/** Everything a run measured; written to bench/results as it is. */
export interface Results {
  startedAt: string;
  /** From the page: user agent, processors it sees, clock. bench/run.mjs adds machine and versions. */
  page: PageEnvironment;
  params: Params;
  sets: SetResults[];
  goals: GoalResult[];
}

export interface PageEnvironment {
  userAgent: string;
  hardwareConcurrency: number;
  crossOriginIsolated: boolean;
  clockTickMs: number;
}

/** One data set at one size. */
export interface SetResults {
  data: DataName;
  size: number;
  dimension: number;
  measurements: Measurement[];
  /** Latency against recall, a point for each setting that was tried. */
  curve: CurvePoint[];
  /** What was left out on purpose, with the reason. */
  skipped: string[];
  /** Rows that could not be measured, with the reason; the run goes on without them. */
  failures: string[];
}

export interface Measurement {
  row: RowName;
  system: SystemName;
  /** How the system was set, where it was measured more than once (ef of an index). */
  variant?: string;
  /** The mean recall that it was set for. */
  wanted?: number;
  /** Share of the rows that pass the filter, where that varies within the row. */
  passing?: number;
  /** By column key; milliseconds, bytes or shares, as the column says. */
  values: Record<string, number>;
  /** What a reader must know about these figures. */
  notes: string[];
}

/** Measured on some of the held-out queries. */
export interface CurvePoint {
  system: SystemName;
  setting: string;
  /** Milliseconds in the worker. */
  insideP50: number;
  recall: number;
  /** Share of the answers that came from an exact search. */
  exact: number;
}

export interface GoalResult {
  /** Data and size. */
  set: string;
  goal: string;
  bound: 'at most' | 'at least';
  limit: number;
  measured: number;
  met: boolean;
}
