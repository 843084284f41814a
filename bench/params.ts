import type { DataName } from './data/dataset.js';
import { SYSTEM_NAMES, type SystemName } from './peers/contract.js';

export const ROW_NAMES = [
  'ingest',
  'exact',
  'index',
  'compact',
  'filter',
  'selectivity',
  'batch',
  'open',
  'memory',
  'upsert',
  'durable',
  'reopen',
  'backup',
] as const;
export type RowName = (typeof ROW_NAMES)[number];

/** What to run; each is a parameter in the URL and an option of `npm run bench` by the same name. */
export interface Params {
  data: DataName[];
  /** Rows of the base; `10k` is 10,000. */
  sizes: number[];
  peers: SystemName[];
  rows: RowName[];
  /** Held-out queries that are reported. */
  queries: number;
  /** Held-out queries that ef and targetRecall are tuned on. */
  tuning: number;
  topK: number;
  /** Rounds of every timed row; systems take turns in each. */
  rounds: number;
  /** Single upserts per system. */
  upserts: number;
  /** hnswlib-wasm's M and efConstruction. */
  m: number;
  efConstruction: number;
}

const DEFAULTS: Params = {
  data: ['mixture', 'glove'],
  sizes: [10_000, 100_000, 341_000, 1_000_000],
  peers: ['nearshore', 'js', 'hnsw'],
  rows: [...ROW_NAMES],
  queries: 300,
  tuning: 300,
  topK: 10,
  rounds: 3,
  upserts: 50,
  m: 16,
  efConstruction: 200,
};

export function readParams(search: URLSearchParams): Params {
  const unknown = [...search.keys()].filter((key) => !(key in DEFAULTS));
  if (unknown.length > 0) {
    throw new Error(
      `Unknown parameter ${unknown.join(', ')}. Known are ${Object.keys(DEFAULTS).join(', ')}.`,
    );
  }
  const whole = (key: keyof Params, fallback: number) => {
    const text = search.get(key);
    return text === null ? fallback : count(text);
  };
  return {
    data: list(search.get('data'), DEFAULTS.data, ['mixture', 'glove']),
    sizes: search.get('sizes')?.split(',').map(count) ?? DEFAULTS.sizes,
    peers: list(search.get('peers'), DEFAULTS.peers, SYSTEM_NAMES),
    rows: list(search.get('rows'), DEFAULTS.rows, ROW_NAMES),
    queries: whole('queries', DEFAULTS.queries),
    tuning: whole('tuning', DEFAULTS.tuning),
    topK: whole('topK', DEFAULTS.topK),
    rounds: whole('rounds', DEFAULTS.rounds),
    upserts: whole('upserts', DEFAULTS.upserts),
    m: whole('m', DEFAULTS.m),
    efConstruction: whole('efConstruction', DEFAULTS.efConstruction),
  };
}

function list<T extends string>(text: string | null, fallback: T[], known: readonly T[]): T[] {
  if (text === null) return fallback;
  return text.split(',').map((name) => {
    const found = known.find((candidate) => candidate === name);
    if (found === undefined) throw new Error(`"${name}" is none of ${known.join(', ')}.`);
    return found;
  });
}

/** `500`, `10k`, `1M`. */
function count(text: string): number {
  const match = /^(\d+)([kM]?)$/.exec(text);
  const value = match ? Number(match[1]) * { '': 1, k: 1_000, M: 1_000_000 }[match[2] as '' | 'k' | 'M'] : 0;
  if (value < 1) throw new Error(`"${text}" is not a count. Write 500, 10k or 1M.`);
  return value;
}

export function sizeLabel(size: number): string {
  if (size % 1_000_000 === 0) return `${size / 1_000_000}M`;
  return size % 1_000 === 0 ? `${size / 1_000}k` : String(size);
}
