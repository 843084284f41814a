import { throwIfAborted } from '../../shared/errors.js';
import { compileFilter } from '../../shared/filter.js';
import type { MatchesOnWire, QueryOnWire } from '../../shared/worker-api.js';
import type { Compute } from '../compute/compute.js';
import type { CacheCounts } from '../metrics.js';
import { pause } from '../slices.js';
import { RecallAudit } from './recall-audit.js';
import { ResultCache } from './result-cache.js';
import { findBest, search } from './search.js';
import type { CompiledFilter } from './segment.js';
import type { Snapshot } from './snapshot.js';
import type { CollectionState } from './state.js';

export const DEFAULT_TOP_K = 10;
export const DEFAULT_TARGET_RECALL = 0.95;

/** How long after a query its answer may be audited: what one types is answered first. */
const AUDIT_DELAY_MS = 1000;

/** Answers queries: grouped, remembered, and audited in idle time. */
export class Queries {
  readonly #results: ResultCache;
  readonly #audit = new RecallAudit({ topK: DEFAULT_TOP_K, targetRecall: DEFAULT_TARGET_RECALL });
  #auditTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly state: CollectionState,
    private readonly compute: Compute,
    counts: CacheCounts,
    /** The index no longer suits the queries. */
    private readonly onDrift: () => void,
  ) {
    this.#results = new ResultCache(counts);
  }

  /** Recall of recent queries, once enough have been audited. */
  get audited(): { value: number; sample: number } | undefined {
    return this.#audit.measured;
  }

  /** @param vectors one per query, of unit length under cosine; undefined where words alone are looked for. */
  async answer(
    snapshot: Snapshot,
    queries: readonly QueryOnWire[],
    vectors: readonly (Float32Array<ArrayBuffer> | undefined)[],
    signal: AbortSignal,
  ): Promise<MatchesOnWire[]> {
    const answers: MatchesOnWire[] = new Array(queries.length);
    const nearest: number[] = [];
    for (const [i, query] of queries.entries()) {
      if (isNearest(query)) nearest.push(i);
      else answers[i] = await this.#rank(snapshot, query, vectors[i], signal);
    }
    await this.#answerNearest(snapshot, queries, nearest, vectors, answers, signal);
    return answers;
  }

  async #rank(
    snapshot: Snapshot,
    query: QueryOnWire,
    vector: Float32Array<ArrayBuffer> | undefined,
    signal: AbortSignal,
  ): Promise<MatchesOnWire> {
    const { answerRanked } = await import('./ranked-queries.js');
    const { topK = DEFAULT_TOP_K, targetRecall = DEFAULT_TARGET_RECALL } = query;
    const filter = query.filter === undefined ? undefined : compileFilter(query.filter);
    const { compute } = this;
    const { boost } = this.#audit;
    return answerRanked({ snapshot, compute, query, vector, filter, targetRecall, boost, signal }, topK);
  }

  async #answerNearest(
    snapshot: Snapshot,
    queries: readonly QueryOnWire[],
    nearest: readonly number[],
    vectors: readonly (Float32Array<ArrayBuffer> | undefined)[],
    answers: MatchesOnWire[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const { key, positions, filter } of groupsOf(queries, nearest)) {
      throwIfAborted(signal);
      const asked = positions.filter((i) => {
        const known = this.#results.find(snapshot.generation, key, vectors[i]!);
        if (known !== undefined) answers[i] = known;
        return known === undefined;
      });
      if (asked.length === 0) continue;
      const own = asked.map((i) => vectors[i]!);
      const found = await this.#search(snapshot, queries[asked[0]!]!, own, filter);
      for (const [j, i] of asked.entries()) {
        answers[i] = found[j]!;
        this.#results.keep(key, vectors[i]!, found[j]!);
      }
    }
  }

  forgetAudits(): void {
    this.#audit.reset();
  }

  close(): void {
    clearTimeout(this.#auditTimer);
    this.#auditTimer = undefined;
  }

  async #search(
    snapshot: Snapshot,
    like: QueryOnWire,
    vectors: readonly Float32Array<ArrayBuffer>[],
    filter: CompiledFilter | undefined,
  ): Promise<MatchesOnWire[]> {
    const { topK = DEFAULT_TOP_K, exact = false, targetRecall = DEFAULT_TARGET_RECALL, minScore } = like;
    const { includeVectors = false, includeMetadata = true } = like;
    const answers = await search(snapshot, this.compute, {
      queries: { vectors: joinRows(vectors), count: vectors.length },
      minScore,
      topK,
      filter,
      targetRecall: exact ? undefined : targetRecall,
      rounded: !exact,
      boost: this.#audit.boost,
      wanted: { vectors: includeVectors, metadata: includeMetadata },
    });
    const isTypical =
      filter === undefined && topK === DEFAULT_TOP_K && targetRecall === DEFAULT_TARGET_RECALL;
    if (isTypical && answers[0]!.receipt.plan === 'ivf') {
      for (const vector of vectors) this.#audit.observe(vector);
      this.#scheduleAudit();
    }
    return answers;
  }

  #scheduleAudit(): void {
    clearTimeout(this.#auditTimer);
    this.#auditTimer = setTimeout(() => {
      this.#runAudit().catch(() => {
        // An audit is no one's call; what fails here fails again where somebody asked.
      });
    }, AUDIT_DELAY_MS);
  }

  async #runAudit(): Promise<void> {
    await this.state.read(async (snapshot) => {
      const find = async (vector: Float32Array<ArrayBuffer>, isExact: boolean) => {
        const { best } = await findBest(snapshot, this.compute, {
          queries: { vectors: vector, count: 1 },
          topK: DEFAULT_TOP_K,
          filter: undefined,
          targetRecall: isExact ? undefined : DEFAULT_TARGET_RECALL,
          // What rounding changes must not count as missed.
          rounded: false,
          boost: this.#audit.boost,
        });
        return best.best(0);
      };
      await this.#audit.run(find, pause);
    });
    if (this.#audit.isDrifted) this.onDrift();
    else if (this.#audit.isDue) this.#scheduleAudit();
  }
}

interface QueryGroup {
  readonly key: string;
  readonly positions: number[];
  readonly filter: CompiledFilter | undefined;
}

/** Whether the nearest vectors are all that is asked for. */
function isNearest({ keyword, hybrid, groupBy, diversity }: QueryOnWire): boolean {
  return keyword === undefined && hybrid === undefined && groupBy === undefined && diversity === undefined;
}

/** Queries that can share their graph runs; each group's filter is made ready once. */
function groupsOf(queries: readonly QueryOnWire[], positions: readonly number[]): Iterable<QueryGroup> {
  const groups = new Map<string, QueryGroup>();
  for (const i of positions) {
    const query = queries[i]!;
    const { topK, filter, minScore, includeVectors, includeMetadata, exact, targetRecall } = query;
    const ready = filter === undefined ? undefined : compileFilter(filter);
    const key = JSON.stringify([
      topK,
      ready?.key,
      includeVectors,
      includeMetadata,
      exact,
      targetRecall,
      minScore,
    ]);
    const group = groups.get(key);
    if (group !== undefined) group.positions.push(i);
    else groups.set(key, { key, positions: [i], filter: ready });
  }
  return groups.values();
}

function joinRows(rows: readonly Float32Array<ArrayBuffer>[]): Float32Array<ArrayBuffer> {
  if (rows.length === 1) return rows[0]!;
  const joined = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    joined.set(row, at);
    at += row.length;
  }
  return joined;
}
