import type { Descriptor } from '../../shared/sync/protocol.js';
import type { ChangeLog, CollectionName } from '../change-log.js';
import { allShards, forShards } from './for-shards.js';
import { RecordBlock } from './record-block.js';
import { byShard } from './remote-reads.js';
import { type ReadyQuery, Search } from './scan.js';
import { keyOf, pullPage, type ShardPlace } from './shard-pull.js';
import { Turn } from './turn.js';
import type { VectorIndexer } from './vector-indexer.js';
import { elementOf, type ShardIndex, type VectorSets } from './vector-sets.js';

/** Candidates for each wanted match: of each shard, and read of all together. */
const ASKED = 4;
/** Indexes whose position is remembered. */
const KEPT_INDEXES = 10_000;

export interface VectorSearched {
  readonly search: Search;
  readonly failed: ReadonlyMap<number, string>;
}

interface Candidate {
  readonly id: string;
  readonly stamp: string;
  readonly cosine: number;
}

/** Finds candidates in vector sets and scores them as the log has them now, with what is newer than the index. */
export class VectorSetEngine {
  /** Positions that indexes had; they have more since. By collection and shard. */
  readonly #indexes = new Map<string, ShardIndex>();

  constructor(
    private readonly log: ChangeLog,
    private readonly sets: VectorSets,
    private readonly indexer: VectorIndexer,
  ) {}

  /** Undefined: the index cannot answer this query now; where it is missing or behind, it is filled meanwhile. */
  async search(
    name: CollectionName,
    descriptor: Descriptor,
    query: ReadyQuery,
    signal: AbortSignal,
  ): Promise<VectorSearched | undefined> {
    if ((await this.sets.unsupported()) !== undefined) return undefined;
    const wanted = ASKED * query.topK;
    const block = new RecordBlock(descriptor.dimension);
    const candidates: Candidate[] = [];
    let isBehind = false;
    let isReady = true;
    let mayHaveMore = false;
    const ask = async (shard: number) => {
      if (!isReady) return;
      const place = { name, descriptor, shard };
      const found = await this.#askShard(place, query.vector, wanted);
      if (found === undefined) {
        isReady = false;
        return;
      }
      isBehind ||= found.tail.length > 0;
      mayHaveMore ||= found.candidates.length >= wanted;
      candidates.push(...found.candidates);
      for (const entry of found.tail) if (entry.kind === 'upsert') block.put(entry);
    };
    const failed = new Map(await forShards(allShards(descriptor), ask, signal));
    if (!isReady || isBehind) this.indexer.run(name, descriptor);
    if (!isReady) return undefined;

    candidates.sort((a, b) => b.cosine - a.cosine);
    const best = candidates.slice(0, wanted);
    let current = block.rows;
    mayHaveMore ||= best.length < candidates.length;
    const read = async (shard: number, positions: readonly number[]) => {
      const own = positions.map((i) => best[i]!);
      const ids = own.map(({ id }) => id);
      const records = await this.log.get(name, descriptor, shard, ids);
      for (const [i, record] of records.entries()) {
        if (record === undefined) continue;
        block.put(record);
        // One that has changed since it was indexed is none of the nearest that the index was asked for.
        if (record.stamp === own[i]!.stamp) current++;
      }
    };
    const positions = byShard(
      best.map(({ id }) => id),
      descriptor.shards,
    );
    const unread = await forShards(positions.keys(), (shard) => read(shard, positions.get(shard)!), signal);
    for (const [shard, reason] of unread) failed.set(shard, reason);
    // Candidates that have changed may have kept others out.
    if (current < query.topK && mayHaveMore) return undefined;

    const search = new Search(query, descriptor.metric);
    await search.scan(block, undefined, new Turn());
    return { search, failed };
  }

  /** Candidates, and what the log has beyond the index. */
  async #askShard(place: ShardPlace, vector: Float32Array, count: number) {
    const key = keyOf(place);
    for (const isRemembered of [true, false]) {
      const index = isRemembered ? this.#indexes.get(key) : await this.#indexNow(key, place);
      if (index === undefined) continue;
      const [page, nearest] = await Promise.all([
        pullPage(this.log, place, index.position),
        this.sets.nearest(place, index.generation, vector, count),
      ]);
      if (nearest === undefined || page.kind !== 'page' || page.more) continue;
      const candidates = nearest.map(({ name, cosine }): Candidate => ({ ...elementOf(name), cosine }));
      // The index may have come further since it was looked at: next time it is looked at again.
      if (page.entries.length > 0) this.#indexes.delete(key);
      return { tail: page.entries, candidates };
    }
    return undefined;
  }

  async #indexNow(key: string, place: ShardPlace): Promise<ShardIndex | undefined> {
    const index = await this.sets.index(place);
    if (this.#indexes.size >= KEPT_INDEXES) this.#indexes.clear();
    if (index === undefined) this.#indexes.delete(key);
    else this.#indexes.set(key, index);
    return index;
  }
}
