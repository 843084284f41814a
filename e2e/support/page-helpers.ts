import type { Match, Metric, VectorStoreError } from 'nearshore';

declare global {
  /** In every page of a test made by api-test.ts. */
  var helpers: ReturnType<typeof makePageHelpers>;
}

/** An error as data, since nothing else leaves the page. */
export interface ErrorSeen {
  isVectorStoreError: boolean;
  isError: boolean;
  code: string;
  message: string;
  problems: { position: number; id?: string; code: string; message: string }[] | undefined;
  problemCount: number | undefined;
  outcome: string | undefined;
  /** `name: message` of the cause, if that is an Error; the cause itself otherwise. */
  cause: unknown;
}

/** Rows to score in plain JS: what an answer is compared with. */
export interface Corpus {
  ids: readonly string[];
  /** n × dimension. */
  vectors: Float32Array;
  dimension: number;
  metric: Metric;
}

/** Makes `helpers` in the page. It is sent there as text, so it uses nothing from outside itself. */
export function makePageHelpers() {
  /** Every worker the page has made, in order. */
  const workers: Worker[] = [];
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      workers.push(this);
    }
  };

  /** Uniform in [0, 1), the same sequence for the same seed (mulberry32). */
  function random(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let bits = Math.imul(state ^ (state >>> 15), state | 1);
      bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
      return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  /** rows × dimension numbers in [-1, 1). */
  function vectors(rows: number, dimension: number, seed: number): Float32Array {
    const next = random(seed);
    return Float32Array.from({ length: rows * dimension }, () => next() * 2 - 1);
  }

  /** Rows around `clusters` centres, row i around centre i mod clusters, as embeddings lie: rows × dimension. */
  function clustered(rows: number, dimension: number, clusters: number, seed: number): Float32Array {
    const centres = vectors(clusters, dimension, 1);
    const noise = vectors(rows, dimension, seed + 1);
    return noise.map((value, i) => {
      const row = Math.floor(i / dimension);
      return centres[(row % clusters) * dimension + (i % dimension)]! + 0.6 * value;
    });
  }

  /** `prefix0`, `prefix1`, … */
  function ids(count: number, prefix = 'r'): string[] {
    return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  }

  /** What the promise rejects with; fails the test if it resolves. */
  async function rejection(promise: Promise<unknown>): Promise<ErrorSeen> {
    const outcome = await promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (!('error' in outcome)) throw new Error(`It resolved to ${JSON.stringify(outcome.value)}`);
    const error = outcome.error as VectorStoreError;
    const { cause } = error;
    return {
      isVectorStoreError: error instanceof nearshore.VectorStoreError,
      isError: error instanceof Error,
      code: error.code,
      message: error.message,
      problems: error.problems?.map((problem) => ({ ...problem })),
      problemCount: error.problemCount,
      outcome: error.outcome,
      cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : cause,
    };
  }

  /** The code it rejects with, or `'resolved'`. */
  function codeOf(promise: Promise<unknown>): Promise<string> {
    return promise.then(
      () => 'resolved',
      (error: unknown) => (error instanceof nearshore.VectorStoreError ? error.code : String(error)),
    );
  }

  function score(metric: Metric, a: ArrayLike<number>, b: ArrayLike<number>): number {
    let dot = 0;
    let aa = 0;
    let bb = 0;
    let squares = 0;
    for (let i = 0; i < a.length; i++) {
      dot += a[i]! * b[i]!;
      aa += a[i]! * a[i]!;
      bb += b[i]! * b[i]!;
      squares += (a[i]! - b[i]!) ** 2;
    }
    if (metric === 'dot') return dot;
    return metric === 'l2' ? 1 / (1 + Math.sqrt(squares)) : dot / Math.sqrt(aa * bb);
  }

  /** All of the corpus that passes, scored and sorted: the oracle. */
  function rank(
    { ids, vectors, dimension, metric }: Corpus,
    query: ArrayLike<number>,
    passes: (row: number) => boolean = () => true,
  ): { id: string; score: number }[] {
    const rows = ids.flatMap((id, row) => {
      if (!passes(row)) return [];
      const vector = vectors.subarray(row * dimension, (row + 1) * dimension);
      return [{ id, score: score(metric, query, vector) }];
    });
    return rows.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  }

  /** How an answer differs from the first `topK` of the oracle's ranking; empty: it does not. */
  function differences(
    matches: readonly Match<unknown>[],
    ranking: readonly { id: string; score: number }[],
    metric: Metric,
    topK: number,
  ): string[] {
    const tolerance = metric === 'dot' ? 1e-4 : 1e-5;
    const wanted = ranking.slice(0, topK);
    const found: string[] = [];
    if (matches.length !== wanted.length) found.push(`${matches.length} matches, not ${wanted.length}`);
    if (new Set(matches.map(({ id }) => id)).size < matches.length) found.push('an id twice');
    const trueScores = new Map(ranking.map(({ id, score }) => [id, score]));
    for (const [i, { id, score, distance }] of matches.entries()) {
      const own = trueScores.get(id);
      const best = wanted[i]?.score;
      if (own === undefined) found.push(`${id} at rank ${i} should not be there`);
      else if (!(Math.abs(own - score) <= tolerance)) found.push(`${id} has score ${score}, not ${own}`);
      if (best !== undefined && !(score >= best - tolerance)) {
        found.push(`rank ${i} scores ${score}; the best left is ${best}`);
      }
      const trueDistance = metric === 'cosine' ? 1 - score : metric === 'dot' ? -score : 1 / score - 1;
      if (!(Math.abs(distance - trueDistance) <= tolerance)) {
        found.push(`${id} has distance ${distance}, not ${trueDistance}`);
      }
      const before = matches[i - 1];
      if (before === undefined) continue;
      if (before.score < score || (before.score === score && before.id > id))
        found.push(`ranks ${i - 1} and ${i} are in the wrong order`);
    }
    return found;
  }

  /** Takes a Web Lock; resolves, once it is held, to what gives it back. */
  function holdLock(name: string): Promise<() => void> {
    return new Promise((resolve) => {
      navigator.locks.request(name, () => new Promise<void>((release) => resolve(release)));
    });
  }

  return { workers, random, vectors, clustered, ids, rejection, codeOf, score, rank, differences, holdLock };
}
