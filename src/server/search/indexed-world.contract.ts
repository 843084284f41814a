import type { RemoteRecord } from '../../shared/sync/remote.js';
import type { Metric } from '../../shared/types.js';
import { shardKeys } from '../redis/keys.js';
import type { RedisChangeLog } from '../redis/redis-change-log.js';
import type { RedisPort } from '../redis/redis-port.js';
import { RedisVectorSets } from '../redis/redis-vector-sets.js';
import { descriptorOf, NAME } from './memory-log.contract.js';
import { SearchWorld, trueBest } from './search-world.contract.js';
import { VectorIndexer } from './vector-indexer.js';

const DIMENSION = 24;
/** Of a collection. */
export const SHARDS = 2;

export function fail(error: unknown): never {
  throw error;
}

/** A collection with its indexes filled, of which routes have learnt that it is worth them. */
export class IndexedWorld extends SearchWorld {
  readonly records = new Map<string, RemoteRecord>();
  readonly sets: RedisVectorSets;
  readonly indexer: VectorIndexer;

  constructor(
    private readonly port: RedisPort,
    log: RedisChangeLog,
    metric: Metric = 'cosine',
  ) {
    const sets = new RedisVectorSets(port);
    const descriptor = descriptorOf({ dimension: DIMENSION, shards: SHARDS, metric });
    super(log, descriptor, 23, { vectorSets: sets, vectorSetsFrom: 1, onIndexError: fail });
    this.sets = sets;
    this.indexer = new VectorIndexer(log, sets, fail);
  }

  recordOf(id: string, vector = this.vector()): RemoteRecord {
    return { id, vector, metadata: `{"n":${this.random.below(10)}}` };
  }

  async store(records: readonly RemoteRecord[], deleted: readonly string[] = []): Promise<void> {
    await this.push(records, deleted);
    for (const record of records) this.records.set(record.id, record);
    for (const id of deleted) this.records.delete(id);
  }

  async fill(rows: number): Promise<void> {
    await this.store(Array.from({ length: rows }, (_, i) => this.recordOf(`r${i}`)));
    await this.indexer.run(NAME, this.descriptor);
    await this.query({ vector: Float32Array.from(this.vector()), topK: 1 });
  }

  best(query: Float32Array, topK: number) {
    return trueBest('cosine', [...this.records.values()], query, topK);
  }

  async elements(): Promise<number> {
    let sum = 0;
    for (let shard = 0; shard < SHARDS; shard++) {
      const place = { name: NAME, descriptor: this.descriptor, shard };
      const index = await this.sets.index(place);
      const key = `${shardKeys(NAME, this.descriptor, shard).vectorSetPrefix}${index?.generation}`;
      sum += Number(await this.port.send(key, ['VCARD', key]));
    }
    return sum;
  }
}
