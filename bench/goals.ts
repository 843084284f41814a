import type { DataName } from './data/dataset.js';
import { type RowName, sizeLabel } from './params.js';
import type { SystemName } from './peers/contract.js';
import type { GoalResult, SetResults } from './results.js';

/** A figure of one system; of the line set for `wanted` recall, where a row has several. */
type Lookup = (row: RowName, system: SystemName, key: string, wanted?: number) => number | undefined;

interface Goal {
  readonly goal: string;
  /** The measured figure must not be above it, or not below it. */
  readonly limit: { readonly atMost: number } | { readonly atLeast: number };
  /** `undefined` where the run has not measured what it takes. */
  measure(value: Lookup): number | undefined;
}

interface SetGoals {
  readonly data: DataName;
  readonly size: number;
  readonly goals: readonly Goal[];
}

/** nearshore's figure divided by that of another system. */
function times(other: SystemName, row: RowName, key: string, wanted?: number): Goal['measure'] {
  return (value) => ratio(value(row, 'nearshore', key, wanted), value(row, other, key, wanted));
}

const STORE: readonly Goal[] = [
  {
    goal: 'exact query, p50 in the worker, × JS brute force',
    limit: { atMost: 0.22 },
    measure: times('js', 'exact', 'insideP50'),
  },
  {
    goal: 'bulk ingest to durable and first answer, × the time JS brute force takes to copy and store',
    limit: { atMost: 2 },
    measure: (value) =>
      ratio(value('ingest', 'nearshore', 'searchableMs'), value('ingest', 'js', 'durableMs')),
  },
  {
    goal: 'one durable upsert, p50 page to page, ms',
    limit: { atMost: 8 },
    measure: (value) => value('upsert', 'nearshore', 'p50'),
  },
  {
    goal: 'one durable upsert, written to disk, MB',
    limit: { atMost: 1 },
    measure: (value) => {
      const bytes = value('upsert', 'nearshore', 'diskBytes') ?? value('upsert', 'nearshore', 'putBytes');
      return bytes === undefined ? undefined : bytes / 1e6;
    },
  },
  {
    goal: "memory of the renderer above an empty page, once trained (backend 'auto'), × raw vectors",
    limit: { atMost: 1.4 },
    measure: (value) => value('memory', 'nearshore-auto', 'times'),
  },
  {
    goal: 'the same with vectors held as int8',
    limit: { atMost: 0.5 },
    measure: (value) => value('memory', 'nearshore-int8', 'times'),
  },
];

const SETS: readonly SetGoals[] = [
  {
    data: 'mixture',
    size: 100_000,
    goals: [...indexGoals({ at97: 0.35, at99: 0.35, build: 1 / 25, batch: 2, open: 0.6 }), ...STORE],
  },
  {
    data: 'glove',
    size: 100_000,
    goals: indexGoals({ at97: 0.7, at99: 0.8, build: 1 / 20, batch: 1.5, open: 0.7 }),
  },
  {
    data: 'glove',
    size: 341_000,
    goals: indexGoals({ at97: 0.8, at99: 0.8, build: 1 / 20, batch: 1.5 }),
  },
  {
    data: 'mixture',
    size: 1_000_000,
    goals: [
      {
        goal: 'p50 in the worker at recall ≥ 0.95, ms',
        limit: { atMost: 2.5 },
        measure: (value) => value('index', 'nearshore', 'insideP50', 0.95),
      },
      {
        goal: "memory of the renderer above an empty page (backend 'auto'), GB",
        limit: { atMost: 1.2 },
        measure: (value) => {
          const bytes = value('memory', 'nearshore-auto', 'bytes');
          return bytes === undefined ? undefined : bytes / 1e9;
        },
      },
    ],
  },
];

function indexGoals(limits: {
  at97: number;
  at99: number;
  build: number;
  batch: number;
  open?: number;
}): Goal[] {
  return [
    {
      goal: 'p50 in the worker at recall ≥ 0.97, × hnswlib-wasm',
      limit: { atMost: limits.at97 },
      measure: times('hnsw', 'index', 'insideP50', 0.97),
    },
    {
      goal: 'p50 in the worker at recall ≥ 0.99, × hnswlib-wasm',
      limit: { atMost: limits.at99 },
      measure: times('hnsw', 'index', 'insideP50', 0.99),
    },
    {
      goal: 'build to trained index, × hnswlib-wasm',
      limit: { atMost: limits.build },
      measure: times('hnsw', 'ingest', 'trainedMs'),
    },
    {
      goal: 'batch of 100, queries per second at recall ≥ 0.97, × hnswlib-wasm',
      limit: { atLeast: limits.batch },
      measure: times('hnsw', 'batch', 'perSecond', 0.97),
    },
    {
      goal: '1 % filter, recall',
      limit: { atLeast: 1 },
      measure: (value) => value('filter', 'nearshore', 'recall'),
    },
    {
      goal: '1 % filter, p50 in the worker, × hnswlib-wasm',
      limit: { atMost: 0.1 },
      measure: times('hnsw', 'filter', 'insideP50'),
    },
    {
      goal: '1 % filter, p50 in the worker, × JS brute force over the passing rows',
      limit: { atMost: 1.2 },
      measure: times('js', 'filter', 'insideP50'),
    },
    ...(limits.open === undefined
      ? []
      : [
          {
            goal: "cold open to the first answer, trained (backend 'auto'), × hnswlib-wasm",
            limit: { atMost: limits.open },
            measure: (value: Lookup) =>
              ratio(value('open', 'nearshore-auto', 'firstResultMs'), value('open', 'hnsw', 'firstResultMs')),
          },
        ]),
  ];
}

export function checkGoals(sets: readonly SetResults[]): GoalResult[] {
  return SETS.flatMap(({ data, size, goals }) => {
    const set = sets.find((one) => one.data === data && one.size === size);
    if (!set) return [];
    const value: Lookup = (row, system, key, wanted) =>
      set.measurements.find(
        (one) => one.row === row && one.system === system && (wanted === undefined || one.wanted === wanted),
      )?.values[key];
    return goals.flatMap((goal): GoalResult[] => {
      const measured = goal.measure(value);
      if (measured === undefined) return [];
      const name = `${data} ${sizeLabel(size)} × ${set.dimension}`;
      return [{ set: name, goal: goal.goal, measured, ...judged(goal.limit, measured) }];
    });
  });
}

function judged(limit: Goal['limit'], measured: number): Pick<GoalResult, 'bound' | 'limit' | 'met'> {
  if ('atMost' in limit) return { bound: 'at most', limit: limit.atMost, met: measured <= limit.atMost };
  return { bound: 'at least', limit: limit.atLeast, met: measured >= limit.atLeast };
}

function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}
