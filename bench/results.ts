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
  /** Rows that could not be measured, with the reason; the run goes on without them. */
  failures: string[];
}

export interface Measurement {
  row: RowName;
  system: SystemName;
  /** How the system was set, where it was measured more than once (ef of an index). */
  variant?: string;
  /** By column key; milliseconds, bytes or shares, as the column says. */
  values: Record<string, number>;
  /** What a reader must know about these figures. */
  notes: string[];
}

export interface GoalResult {
  goal: string;
  limit: number;
  measured: number;
  met: boolean;
}
