import { checkFilter } from '../../shared/filter.js';
import type { Descriptor } from '../../shared/sync/protocol.js';
import type {
  RemoteAnswers,
  RemoteCount,
  RemoteCounted,
  RemoteFound,
  RemoteGet,
  RemoteList,
  RemotePage,
  RemoteQueries,
  RemoteWrite,
} from '../../shared/sync/remote.js';
import type { ChangeLog, CollectionName } from '../change-log.js';
import type { RemoteCall } from './answer-records.js';
import { checkIds, checkList, checkQueries, checkWrite } from './check-remote.js';
import { QueryEngines } from './query-engines.js';
import { countRecords, getRecords, listRecords } from './remote-reads.js';
import { RemoteWrites, type WriteCall, type Written } from './remote-writes.js';
import { ShardCache } from './shard-cache.js';
import { VectorIndexer } from './vector-indexer.js';
import { VectorSetEngine } from './vector-set-engine.js';
import type { VectorSets } from './vector-sets.js';

/** 4 million, as on devices (SPEC, I1). */
const DEFAULT_VECTOR_SETS_FROM = 4_000_000;
export const DEFAULT_CACHE_BYTES = 256 << 20;

export interface SearchOptions {
  /** Bytes of shards held in memory. Default 256 MiB. */
  readonly cacheBytes?: number | undefined;
  /** Undefined: every query is answered exactly. */
  readonly vectorSets?: VectorSets | undefined;
  /** Vector components (records × dimension) of a collection from which on they are used. Default 4,000,000. */
  readonly vectorSetsFrom?: number | undefined;
  /** What went wrong while an index was filled; queries are answered exactly then. */
  readonly onIndexError?: ((error: unknown) => void) | undefined;
}

/**
 * The remote calls (SPEC, O1 to O6) on bodies that are parsed (remote-requests.ts), for a collection that the caller may
 * use. They reject with a `VectorStoreError` where a body breaks a rule, `ShardUnavailable`, or `CollectionDropped`.
 */
export class RemoteSearch {
  readonly #cache: ShardCache;
  readonly #queries: QueryEngines;
  readonly #writes: RemoteWrites;
  readonly #indexer: VectorIndexer | undefined;

  constructor(
    private readonly log: ChangeLog,
    options: SearchOptions = {},
  ) {
    const { vectorSets: sets, onIndexError = () => {} } = options;
    const { cacheBytes = DEFAULT_CACHE_BYTES, vectorSetsFrom = DEFAULT_VECTOR_SETS_FROM } = options;
    this.#cache = new ShardCache(log, cacheBytes);
    this.#indexer = sets && new VectorIndexer(log, sets, onIndexError);
    const vectorSets = sets && new VectorSetEngine(log, sets, this.#indexer!);
    this.#queries = new QueryEngines(log, this.#cache, { vectorSets, vectorSetsFrom });
    this.#writes = new RemoteWrites(log, this.#cache);
  }

  /** What the shards in memory take. */
  get cachedBytes(): number {
    return this.#cache.bytes;
  }

  async query(
    name: CollectionName,
    descriptor: Descriptor,
    { queries }: RemoteQueries,
    call: RemoteCall,
  ): Promise<RemoteAnswers> {
    checkQueries(queries, descriptor);
    return this.#queries.answer(name, descriptor, queries, call);
  }

  async get(
    name: CollectionName,
    descriptor: Descriptor,
    request: RemoteGet,
    call: RemoteCall,
  ): Promise<RemoteFound> {
    checkIds(request.ids);
    return getRecords(this.log, name, descriptor, request, call);
  }

  async list(
    name: CollectionName,
    descriptor: Descriptor,
    request: RemoteList,
    call: RemoteCall,
  ): Promise<RemotePage> {
    checkList(request);
    return listRecords(this.log, this.#cache, name, descriptor, request, call);
  }

  async count(
    name: CollectionName,
    descriptor: Descriptor,
    request: RemoteCount,
    call: RemoteCall,
  ): Promise<RemoteCounted> {
    if (request.filter !== undefined) checkFilter(request.filter);
    return countRecords(this.#cache, name, descriptor, request, call.signal);
  }

  async write(
    name: CollectionName,
    descriptor: Descriptor,
    request: RemoteWrite,
    call: RemoteCall & WriteCall,
  ): Promise<Written> {
    checkWrite(request, descriptor);
    return this.#writes.write(name, descriptor, request, call);
  }

  /** Ends what runs in the background. */
  async close(): Promise<void> {
    await this.#indexer?.close();
  }
}
