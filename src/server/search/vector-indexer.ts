import type { Descriptor, Position } from '../../shared/sync/protocol.js';
import type { ChangeLog, CollectionName } from '../change-log.js';
import { allShards } from './for-shards.js';
import { keyOf, positionAfter, pullPage, type ShardPlace } from './shard-pull.js';
import {
  elementName,
  elementOf,
  type IndexLease,
  type NamedVector,
  type ShardIndex,
  type VectorSets,
} from './vector-sets.js';

/** Elements added at once: Redis does nothing else for about 4 ms (Redis 8.0.2, 384 dimensions). */
const ADDED_TOGETHER = 16;
/** After so many entries, so many elements tell how many are of states that were replaced. */
const CHECKED_AFTER = 128;
const SAMPLE = 256;
/** From this share on the index is made anew. */
const MOST_STALE = 1 / 3;

/** Fills indexes from the log, one collection's shard after the other, when it is told to. */
export class VectorIndexer {
  /** By `Descriptor.id`. */
  readonly #running = new Map<string, Promise<void>>();
  /** Entries of the log since an index was looked at for what is out of date; by collection and shard. */
  readonly #unchecked = new Map<string, number>();
  #closed = false;

  constructor(
    private readonly log: ChangeLog,
    private readonly sets: VectorSets,
    /** What ended a run. It is tried again when it is told to the next time. */
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Brings a collection's indexes up to date, unless that is under way. */
  run(name: CollectionName, descriptor: Descriptor): Promise<void> {
    let running = this.#running.get(descriptor.id);
    if (running === undefined && !this.#closed) {
      running = this.#fill(name, descriptor)
        .catch(this.onError)
        .finally(() => this.#running.delete(descriptor.id));
      this.#running.set(descriptor.id, running);
    }
    return running ?? Promise.resolve();
  }

  /** Ends what runs, between two additions. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running.values());
  }

  async #fill(name: CollectionName, descriptor: Descriptor): Promise<void> {
    for (const shard of allShards(descriptor)) {
      const place = { name, descriptor, shard };
      const lease = await this.sets.lease(place);
      // Another server fills this one.
      if (lease === undefined) continue;
      try {
        if ((await this.#fillShard(place, lease)) && (await this.#isStale(place))) {
          await this.sets.begin(place);
          await this.#fillShard(place, lease);
        }
      } finally {
        await lease.release();
      }
    }
  }

  /** False: it was ended, or another took over. */
  async #fillShard(place: ShardPlace, lease: IndexLease): Promise<boolean> {
    const key = keyOf(place);
    let index = (await this.sets.index(place)) ?? (await this.sets.begin(place));
    for (let more = true; more; ) {
      const page = await pullPage(this.log, place, index.position);
      if (page.kind !== 'page') {
        index = await this.sets.begin(place);
        continue;
      }
      const to = positionAfter(page);
      let batch: NamedVector[] = [];
      for (const [i, entry] of page.entries.entries()) {
        if (entry.kind === 'upsert') batch.push({ name: elementName(entry), vector: entry.vector! });
        const isLast = i === page.entries.length - 1;
        if (batch.length < ADDED_TOGETHER && !isLast) continue;
        if (this.#closed || !(await lease.keep())) return false;
        const next = await this.#add(place, index, batch, isLast ? to : { ...to, cursor: entry.seq });
        if (next === undefined) return false;
        index = next;
        batch = [];
      }
      this.#unchecked.set(key, (this.#unchecked.get(key) ?? 0) + page.entries.length);
      ({ more } = page);
    }
    return true;
  }

  async #add(
    place: ShardPlace,
    index: ShardIndex,
    elements: readonly NamedVector[],
    to: Position,
  ): Promise<ShardIndex | undefined> {
    const isAdded = await this.sets.add(place, index, elements, to);
    return isAdded ? { generation: index.generation, position: to } : undefined;
  }

  async #isStale(place: ShardPlace): Promise<boolean> {
    if ((this.#unchecked.get(keyOf(place)) ?? 0) < CHECKED_AFTER) return false;
    this.#unchecked.delete(keyOf(place));
    const index = await this.sets.index(place);
    if (index === undefined) return false;
    const sampled = (await this.sets.sample(place, index.generation, SAMPLE)).map(elementOf);
    const ids = [...new Set(sampled.map(({ id }) => id))];
    const records = await this.log.get(place.name, place.descriptor, place.shard, ids);
    const stamps = new Map(ids.map((id, i) => [id, records[i]?.stamp]));
    const stale = sampled.filter(({ id, stamp }) => stamps.get(id) !== stamp);
    return stale.length > sampled.length * MOST_STALE;
  }
}
