import { randomBytes } from 'node:crypto';
import type { Position } from '../../shared/sync/protocol.js';
import { type ShardPlace, START } from '../search/shard-pull.js';
import type { IndexLease, NamedVector, ShardIndex, VectorSets } from '../search/vector-sets.js';
import { shardKeys } from './keys.js';
import { RedisError, type RedisPort, type Reply } from './redis-port.js';
import { runScript } from './run-script.js';
import { ADD_ELEMENTS, BEGIN_INDEX, KEEP_LEASE } from './scripts/vector-index.js';

/** An index that nobody asks goes after a day; its vector set later, so that an index without one is none. */
const LIFE_MS = 24 * 3_600_000;
const VECTOR_SET_LIFE_MS = LIFE_MS + 3_600_000;
/** How often its life is prolonged. */
const PROLONG_EVERY_MS = 3_600_000;
const LEASE_MS = 30_000;
const KEEP_EVERY_MS = 5_000;
/** After an error (a user that may not, a server that loads) Redis is asked again. */
const REFUSED_FOR_MS = 60_000;
/** Nodes of the graph that a search keeps in view; fewer than the wanted ones would cut the answer. */
const LEAST_EF = 200;
const PROLONGED_INDEXES = 10_000;
/** There is none; a user that is restricted to the log's keys may ask for it. */
const PROBED_KEY = '{ns:}:v';

/** Indexes in the vector sets of Redis 8 (8-bit integers, its default). */
export class RedisVectorSets implements VectorSets {
  #isSupported: boolean | undefined;
  #refusal: { readonly message: string; readonly until: number } | undefined;
  /** Key of an index → when. */
  readonly #prolonged = new Map<string, number>();

  constructor(private readonly redis: RedisPort) {}

  async unsupported(): Promise<string | undefined> {
    if (this.#refusal !== undefined && performance.now() < this.#refusal.until) return this.#refusal.message;
    if (this.#isSupported) return undefined;
    try {
      await this.redis.send(PROBED_KEY, ['VCARD', PROBED_KEY]);
      this.#isSupported = true;
      return undefined;
    } catch (error) {
      return this.#note(error);
    }
  }

  async index(place: ShardPlace): Promise<ShardIndex | undefined> {
    const { index } = keysOf(place);
    const reply = await this.#asked(index, ['HMGET', index, 'g', 'c', 'e', 'h', 'f']);
    if (reply === undefined) return undefined;
    const [generation, cursor, epoch, hi, floor] = (reply as Reply[]).map((field) => field && String(field));
    if (typeof generation !== 'string') return undefined;
    const position = { cursor: Number(cursor), epoch: String(epoch), hi: Number(hi), floor: Number(floor) };
    return { generation, position };
  }

  async nearest(place: ShardPlace, generation: string, vector: Float32Array, count: number) {
    const { index, vectorSetPrefix } = keysOf(place);
    const key = vectorSetPrefix + generation;
    const ef = Math.max(LEAST_EF, count);
    const reply = await this.#asked(key, [
      ...['VSIM', key, 'FP32', bytesOf(vector), 'WITHSCORES', 'COUNT', String(count), 'EF', String(ef)],
    ]);
    if (reply === undefined) return undefined;
    const found = reply as Reply[];
    if (found.length === 0) {
      // Empty from the start, or gone.
      const [now, added] = (await this.redis.send(index, ['HMGET', index, 'g', 'n'])) as Reply[];
      if (String(now) !== generation || Number(added) > 0) return undefined;
    }
    this.#prolong(index, key);
    return Array.from({ length: found.length / 2 }, (_, i) => ({
      name: String(found[2 * i]),
      // Redis gives (1 + cosine) / 2.
      cosine: 2 * Number(found[2 * i + 1]) - 1,
    }));
  }

  async begin(place: ShardPlace): Promise<ShardIndex> {
    const { index, vectorSetPrefix } = keysOf(place);
    while (true) {
      const before = (await this.index(place))?.generation ?? '';
      const generation = randomBytes(8).toString('hex');
      const keys = [index, vectorSetPrefix + before];
      const args = [before, generation, String(LIFE_MS)];
      if ((await runScript(this.redis, { script: BEGIN_INDEX, keys, args })) === 1)
        return { generation, position: START };
    }
  }

  async add(
    place: ShardPlace,
    { generation, position }: ShardIndex,
    elements: readonly NamedVector[],
    to: Position,
  ): Promise<boolean> {
    const { index, vectorSetPrefix } = keysOf(place);
    const args = [
      ...[generation, String(position.cursor), position.epoch],
      ...[String(to.cursor), to.epoch, String(to.hi), String(to.floor)],
      ...[String(LIFE_MS), String(VECTOR_SET_LIFE_MS)],
      ...elements.flatMap(({ name, vector }) => [name, bytesOf(vector)]),
    ];
    const keys = [index, vectorSetPrefix + generation];
    return (await runScript(this.redis, { script: ADD_ELEMENTS, keys, args })) === 1;
  }

  async sample(place: ShardPlace, generation: string, count: number): Promise<string[]> {
    const key = keysOf(place).vectorSetPrefix + generation;
    // A positive count gives neighbours in the order in which they were added (Redis 8.0.2).
    const reply = await this.redis.send(key, ['VRANDMEMBER', key, String(-count)]);
    return ((reply ?? []) as Reply[]).map(String);
  }

  async lease(place: ShardPlace): Promise<IndexLease | undefined> {
    const { indexLease: key } = keysOf(place);
    const token = randomBytes(16).toString('hex');
    const reply = await this.redis.send(key, ['SET', key, token, 'NX', 'PX', String(LEASE_MS)]);
    if (reply === null) return undefined;
    const keepFor = async (ms: number) =>
      (await runScript(this.redis, { script: KEEP_LEASE, keys: [key], args: [token, String(ms)] })) === 1;
    let keptAt = performance.now();
    return {
      async keep() {
        if (performance.now() < keptAt + KEEP_EVERY_MS) return true;
        keptAt = performance.now();
        return keepFor(LEASE_MS);
      },
      async release() {
        await keepFor(0);
      },
    };
  }

  /** Undefined where Redis answers with an error: then there is no index for a while. */
  async #asked(key: string, command: readonly (string | Buffer)[]): Promise<Reply | undefined> {
    try {
      return await this.redis.send(key, command);
    } catch (error) {
      this.#note(error);
      return undefined;
    }
  }

  #note(error: unknown): string {
    if (!(error instanceof RedisError)) throw error;
    this.#refusal = { message: error.message, until: performance.now() + REFUSED_FOR_MS };
    return error.message;
  }

  #prolong(index: string, vectorSet: string): void {
    const now = performance.now();
    if (now < (this.#prolonged.get(index) ?? Number.NEGATIVE_INFINITY) + PROLONG_EVERY_MS) return;
    if (this.#prolonged.size >= PROLONGED_INDEXES) this.#prolonged.clear();
    this.#prolonged.set(index, now);
    // Whoever asks does not wait for it; what fails is done again in an hour.
    void Promise.allSettled([
      this.redis.send(vectorSet, ['PEXPIRE', vectorSet, String(VECTOR_SET_LIFE_MS)]),
      this.redis.send(index, ['PEXPIRE', index, String(LIFE_MS)]),
    ]);
  }
}

const keysOf = ({ name, descriptor, shard }: ShardPlace) => shardKeys(name, descriptor, shard);

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
