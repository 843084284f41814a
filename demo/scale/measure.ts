import type { Collection, Receipt } from 'nearshore';
import type { Clusters } from './clusters.js';

const QUESTIONS = 100;
const WARM_UP = 10;
const TOP_K = 10;
const BATCH = 5_000;

/** What was measured at one size; times are milliseconds in the worker, from the request to the answer. */
export interface Measured {
  readonly size: number;
  readonly p50: number;
  readonly p95: number;
  readonly exactP50: number;
  /** Share of the true ten nearest that the index has found. */
  readonly recall: number;
  readonly plan: Receipt['plan'];
  readonly indexedMs: number;
}

export interface Steps {
  readonly signal: AbortSignal;
  readonly onStep: (step: string, done: number, total: number) => void;
}

/** Grows the collection to `size`, indexes it and asks. */
export async function measureAt(
  size: number,
  collection: Collection,
  clusters: Clusters,
  { signal, onStep }: Steps,
): Promise<Measured> {
  for (let have = await collection.count(); have < size; ) {
    const count = Math.min(BATCH, size - have);
    const ids = Array.from({ length: count }, (_, i) => String(have + i));
    await collection.upsert({ ids, vectors: clusters.next(count) }, { signal });
    have += count;
    onStep('adding vectors', have, size);
  }
  onStep('building the index', 0, 1);
  const began = performance.now();
  await collection.optimize({ signal });
  const indexedMs = performance.now() - began;

  const asked = clusters.next(WARM_UP + QUESTIONS);
  const times: number[] = [];
  const exactTimes: number[] = [];
  let found = 0;
  let plan: Receipt['plan'] = 'empty';
  for (let question = 0; question < WARM_UP + QUESTIONS; question++) {
    const vector = asked.slice(question * clusters.dimension, (question + 1) * clusters.dimension);
    const indexed = await collection.query({ vector, topK: TOP_K, signal });
    const exact = await collection.query({ vector, topK: TOP_K, exact: true, signal });
    if (question < WARM_UP) continue;
    times.push(indexed.receipt.elapsedMs);
    exactTimes.push(exact.receipt.elapsedMs);
    // By score, so that a tie at the end is no miss.
    const least = exact.matches.at(-1)!.score;
    found += indexed.matches.filter(({ score }) => score >= least).length;
    plan = indexed.receipt.plan;
    if (question % 10 === 0) onStep('asking', question, WARM_UP + QUESTIONS);
  }
  return {
    size,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    exactP50: percentile(exactTimes, 0.5),
    recall: found / (QUESTIONS * TOP_K),
    plan,
    indexedMs,
  };
}

/** By nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
