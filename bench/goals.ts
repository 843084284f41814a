import type { RowName } from './params.js';
import type { SystemName } from './peers/contract.js';
import type { GoalResult, SetResults } from './results.js';

interface Goal {
  readonly goal: string;
  /** The measured figure must not be above it. */
  readonly limit: number;
  /** `undefined` where the run has not measured what it takes. */
  measure(value: Lookup): number | undefined;
}

type Lookup = (row: RowName, system: SystemName, key: string) => number | undefined;

/** What the store is to reach at 100k × 384; see the README of this folder. */
const GOALS: readonly Goal[] = [
  {
    goal: 'exact query, p50 in the worker, × JS brute force',
    limit: 0.25,
    measure: (value) => ratio(value('exact', 'nearshore', 'insideP50'), value('exact', 'js', 'insideP50')),
  },
  {
    goal: 'bulk ingest to durable and first answer, × the time JS brute force takes to copy and store',
    limit: 2,
    measure: (value) =>
      ratio(value('ingest', 'nearshore', 'searchableMs'), value('ingest', 'js', 'durableMs')),
  },
  {
    goal: "cold open to the first exact result (backend 'auto', the default), × hnswlib-wasm",
    limit: 0.8,
    measure: (value) =>
      ratio(value('open', 'nearshore-auto', 'firstResultMs'), value('open', 'hnsw', 'firstResultMs')),
  },
  {
    goal: 'one durable upsert, p50 page to page, ms',
    limit: 8,
    measure: (value) => value('upsert', 'nearshore', 'p50'),
  },
  {
    goal: 'one durable upsert, written to disk, MB',
    limit: 1,
    measure: (value) => {
      const bytes = value('upsert', 'nearshore', 'diskBytes') ?? value('upsert', 'nearshore', 'putBytes');
      return bytes === undefined ? undefined : bytes / 1e6;
    },
  },
  {
    goal: "memory of the renderer above an empty page (backend 'auto', the default), × raw vectors",
    limit: 1.6,
    measure: (value) => value('memory', 'nearshore-auto', 'times'),
  },
];

export function checkGoals(sets: readonly SetResults[]): GoalResult[] {
  const set = sets.find(({ data, size }) => data === 'mixture' && size === 100_000);
  if (!set) return [];
  const lookup: Lookup = (row, system, key) =>
    set.measurements.find((measured) => measured.row === row && measured.system === system)?.values[key];
  return GOALS.flatMap(({ goal, limit, measure }) => {
    const measured = measure(lookup);
    return measured === undefined ? [] : [{ goal, limit, measured, met: measured <= limit }];
  });
}

function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}
