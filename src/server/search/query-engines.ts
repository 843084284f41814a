import { VectorStoreError } from '../../shared/errors.js';
import { compileFilter } from '../../shared/filter.js';
import type { Descriptor } from '../../shared/sync/protocol.js';
import type { RemoteAnswers, RemoteMatches, RemoteQuery, RemoteReceipt } from '../../shared/sync/remote.js';
import type { ChangeLog, CollectionName } from '../change-log.js';
import { AnswerRoom, packRecords, type RemoteCall } from './answer-records.js';
import { searchExactly } from './exact-engine.js';
import { readRecords } from './remote-reads.js';
import type { ReadyQuery, Search } from './scan.js';
import type { ShardCache } from './shard-cache.js';
import type { VectorSetEngine } from './vector-set-engine.js';

/** Above it the exact engine answers: vector sets with rescoring were measured to find more than this. */
const VECTOR_SET_RECALL = 0.98;
/** More matches than this are cheaper to find by scoring all. */
const VECTOR_SET_TOP_K = 100;
/** Collections that are known to be worth an index. */
const KEPT_COLLECTIONS = 10_000;

/** What answered one query. */
interface Answered {
  readonly engine: RemoteReceipt['engine'];
  readonly search: Search;
  readonly failed: ReadonlyMap<number, string>;
}

export interface QueryEnginesOptions {
  /** Undefined: there are none. */
  readonly vectorSets: VectorSetEngine | undefined;
  /** Vector components (records × dimension) of a collection from which on they are used. */
  readonly vectorSetsFrom: number;
}

/** Answers queries, each by the engine that suits it. */
export class QueryEngines {
  /** `Descriptor.id` of collections that exact answers have shown to be large enough. */
  readonly #large = new Set<string>();

  constructor(
    private readonly log: ChangeLog,
    private readonly cache: ShardCache,
    private readonly options: QueryEnginesOptions,
  ) {}

  async answer(
    name: CollectionName,
    descriptor: Descriptor,
    queries: readonly RemoteQuery[],
    { signal, memory }: RemoteCall,
  ): Promise<RemoteAnswers> {
    const startedAt = performance.now();
    const ready = await this.#ready(name, descriptor, queries, signal);
    const answered: Answered[] = new Array(queries.length);
    for (const [i, query] of ready.entries()) {
      const found = await this.#askVectorSets(name, descriptor, query, signal);
      if (found !== undefined) answered[i] = { engine: 'vector-set', ...found };
    }
    const open = [...ready.keys()].filter((i) => answered[i] === undefined);
    if (open.length > 0) {
      const asked = open.map((i) => ready[i]!);
      const { searches, failed } = await searchExactly(this.cache, name, descriptor, asked, signal);
      for (const [j, i] of open.entries()) {
        answered[i] = { engine: 'exact', search: searches[j]!, failed };
        this.#noteSize(descriptor, searches[j]!);
      }
    }
    const elapsedMs = performance.now() - startedAt;
    const room = new AnswerRoom(memory);
    return { answers: answered.map((each) => matchesOf(each, descriptor, elapsedMs, room)) };
  }

  async #ready(
    name: CollectionName,
    descriptor: Descriptor,
    queries: readonly RemoteQuery[],
    signal: AbortSignal,
  ): Promise<ReadyQuery[]> {
    const ids = queries.flatMap(({ id }) => (id === undefined ? [] : [id]));
    const records = await readRecords(this.log, name, descriptor, ids, signal);
    const stored = new Map(ids.map((id, i) => [id, records[i]?.vector]));
    return queries.map(({ id, vector, filter, ...rest }) => ({
      ...rest,
      vector: vector ?? stored.get(id!) ?? refuse(id!),
      filter: filter === undefined ? undefined : compileFilter(filter),
    }));
  }

  async #askVectorSets(name: CollectionName, descriptor: Descriptor, query: ReadyQuery, signal: AbortSignal) {
    const { vectorSets } = this.options;
    const { filter, exact = false, after, topK, targetRecall = 0 } = query;
    const suits =
      descriptor.metric === 'cosine' &&
      filter === undefined &&
      after === undefined &&
      !exact &&
      topK <= VECTOR_SET_TOP_K &&
      targetRecall <= VECTOR_SET_RECALL &&
      this.#large.has(descriptor.id);
    return suits ? vectorSets?.search(name, descriptor, query, signal) : undefined;
  }

  #noteSize({ id, dimension }: Descriptor, { query, scanned }: Search): void {
    if (query.filter !== undefined || scanned * dimension < this.options.vectorSetsFrom) return;
    if (this.#large.size >= KEPT_COLLECTIONS) this.#large.clear();
    this.#large.add(id);
  }
}

function refuse(id: string): never {
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `No record has the id ${JSON.stringify(id)}. Its vector would be the query. Give an id that is there, or a vector.`,
  );
}

function matchesOf(
  { engine, search, failed }: Answered,
  { dimension, shards }: Descriptor,
  elapsedMs: number,
  room: AnswerRoom,
): RemoteMatches {
  const found = search.finish();
  const { includeVectors = false, includeMetadata = true } = search.query;
  const complete = failed.size === 0;
  const receipt: RemoteReceipt = {
    engine,
    exact: complete && engine === 'exact',
    complete,
    ...(complete ? {} : { reason: reasonOf(failed, shards) }),
    scanned: search.scanned,
    shards: { asked: shards, answered: shards - failed.size },
    elapsedMs,
  };
  const wanted = { vectors: includeVectors, metadata: includeMetadata };
  room.takeAll(found, wanted);
  return {
    ...packRecords(found, wanted, dimension),
    scores: found.map(({ score }) => score),
    distances: found.map(({ distance }) => distance),
    receipt,
  };
}

function reasonOf(failed: ReadonlyMap<number, string>, shards: number): string {
  const names = [...failed.keys()].sort((a, b) => a - b);
  const [first] = failed.values();
  return `${failed.size} of ${shards} shards did not answer (${names.slice(0, 10).join(', ')}): ${first}`;
}
