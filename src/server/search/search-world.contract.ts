import type { UntypedFilter } from '../../shared/filter-types.js';
import { HybridClock, toHex } from '../../shared/stamp.js';
import type { Descriptor, Stamp } from '../../shared/sync/protocol.js';
import type { RemoteQuery, RemoteRecord, RemoteWrite } from '../../shared/sync/remote.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import type { Metric } from '../../shared/types.js';
import { SeededRandom } from '../../worker/seeded-random.contract.js';
import type { ChangeLog } from '../change-log.js';
import { NAME } from './memory-log.contract.js';
import { readRecords } from './remote-reads.js';
import { RemoteSearch } from './remote-search.js';

export const NEVER = new AbortController().signal;

/** One collection on a log, and the routes to it. */
export class SearchWorld {
  search: RemoteSearch;
  readonly random: SeededRandom;
  #clock: HybridClock | undefined;

  constructor(
    readonly log: ChangeLog,
    readonly descriptor: Descriptor,
    seed = 7,
    options: ConstructorParameters<typeof RemoteSearch>[1] = {},
  ) {
    this.search = new RemoteSearch(log, options);
    this.random = new SeededRandom(seed);
  }

  /** By a clock that goes with that of the log. */
  async stamp(device = '00000000000000aa'): Promise<Stamp> {
    const time = await this.log.time();
    this.#clock ??= new HybridClock(device, '', () => time);
    return toHex(this.#clock.next());
  }

  vector(): Float32Array {
    return Float32Array.from({ length: this.descriptor.dimension }, () => this.random.normal());
  }

  /** Pushes records as a device does, and deletes. */
  async push(records: readonly RemoteRecord[], deleted: readonly string[] = []): Promise<void> {
    const stamp = await this.stamp();
    const operations = [
      ...records.map((record) => ({ kind: 'upsert' as const, stamp, base: '' as const, ...record })),
      ...deleted.map((id) => ({
        kind: 'delete' as const,
        id,
        stamp,
        base: '' as const,
        vector: undefined,
      })),
    ];
    for (let shard = 0; shard < this.descriptor.shards; shard++) {
      const own = operations.filter(({ id }) => shardOf(id, this.descriptor.shards) === shard);
      for (let from = 0; from < own.length; from += 100) {
        const push = { policy: 'last-writer-wins', epoch: undefined, replicated: false } as const;
        const part = own.slice(from, from + 100);
        const { results } = await this.log.push(NAME, this.descriptor, shard, { ...push, operations: part });
        if (results.some(({ status }) => status !== 'ok')) throw new Error(JSON.stringify(results));
      }
    }
  }

  async query(query: RemoteQuery) {
    const { collection, queries } = { collection: this.descriptor.id, queries: [query] };
    const { answers } = await this.search.query(
      NAME,
      this.descriptor,
      { collection, queries },
      { signal: NEVER },
    );
    return answers[0]!;
  }

  async count(filter?: UntypedFilter): Promise<number> {
    const request = { collection: this.descriptor.id, ...(filter === undefined ? {} : { filter }) };
    return (await this.search.count(NAME, this.descriptor, request, { signal: NEVER })).count;
  }

  get(ids: readonly string[], includeVectors = true) {
    const request = { collection: this.descriptor.id, ids, includeVectors };
    return this.search.get(NAME, this.descriptor, request, { signal: NEVER });
  }

  /** As the log has them. */
  stored(ids: readonly string[]) {
    return readRecords(this.log, NAME, this.descriptor, ids, NEVER);
  }

  async list(options: { limit: number; cursor?: string; filter?: UntypedFilter; includeVectors?: boolean }) {
    const request = { collection: this.descriptor.id, includeVectors: false, ...options };
    return this.search.list(NAME, this.descriptor, request, { signal: NEVER });
  }

  async write(request: WriteWanted) {
    const stamp = request.stamp ?? (await this.stamp());
    const whole = { collection: this.descriptor.id, repeated: false, replicated: false, ...request, stamp };
    const call = { signal: NEVER, quota: request.quota };
    return (await this.search.write(NAME, this.descriptor, whole as RemoteWrite, call)).written;
  }
}

type WithoutCommon<T> = T extends unknown
  ? Omit<T, 'collection' | 'stamp' | 'repeated' | 'replicated'>
  : never;
type WriteWanted = WithoutCommon<RemoteWrite> & { stamp?: Stamp; repeated?: boolean; quota?: string };

/** In double precision, by the textbook. */
export function trueScore(
  metric: Metric,
  a: Float32Array,
  b: Float32Array,
): { score: number; distance: number } {
  const sum = (f: (x: number, y: number) => number) => {
    let total = 0;
    a.forEach((x, i) => {
      total += f(x, b[i]!);
    });
    return total;
  };
  const product = sum((x, y) => x * y);
  if (metric === 'dot') return { score: product, distance: -product };
  if (metric === 'l2') {
    const distance = Math.sqrt(sum((x, y) => (x - y) ** 2));
    return { score: 1 / (1 + distance), distance };
  }
  const cosine = product / Math.sqrt(sum((x) => x * x)) / Math.sqrt(sum((_, y) => y * y));
  return { score: cosine, distance: 1 - cosine };
}

/** Score all, sort, slice. */
export function trueBest(
  metric: Metric,
  records: readonly RemoteRecord[],
  query: Float32Array,
  topK: number,
): { id: string; score: number; distance: number }[] {
  return records
    .map(({ id, vector }) => ({ id, ...trueScore(metric, vector, query) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, topK);
}
