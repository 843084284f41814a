import type { Descriptor } from '../../shared/sync/protocol.js';
import type { CollectionName } from '../change-log.js';
import { allShards, forShards } from './for-shards.js';
import { passingRows, type ReadyQuery, Search } from './scan.js';
import type { ShardCache } from './shard-cache.js';
import { Turn } from './turn.js';

export interface Searched {
  /** One for each query. */
  readonly searches: readonly Search[];
  /** Why shards did not answer. */
  readonly failed: ReadonlyMap<number, string>;
}

/** Scores every record that passes. */
export async function searchExactly(
  cache: ShardCache,
  name: CollectionName,
  descriptor: Descriptor,
  queries: readonly ReadyQuery[],
  signal: AbortSignal,
): Promise<Searched> {
  const searches = queries.map((query) => new Search(query, descriptor.metric));
  const failed = await forShards(
    allShards(descriptor),
    (shard) =>
      cache.visit({ name, descriptor, shard }, async (block) => {
        const turn = new Turn();
        /** By the key of the filter. */
        const passing = new Map<string, Uint32Array>();
        for (const search of searches) {
          signal.throwIfAborted();
          const { filter } = search.query;
          let rows: Uint32Array | undefined;
          if (filter !== undefined) {
            rows = passing.get(filter.key) ?? (await passingRows(block, filter, turn));
            passing.set(filter.key, rows);
          }
          await search.scan(block, rows, turn);
        }
      }),
    signal,
  );
  return { searches, failed };
}
