import { setTimeout as sleep } from 'node:timers/promises';
import { type ChangeLog, ShardUnavailable } from '../change-log.js';
import { stampAt, TestShard, upsert } from '../test-shard.contract.js';

/** What a client was told of a write. */
export interface Acknowledged {
  readonly id: string;
  readonly epoch: string;
  /** The highest of its shard afterwards. */
  readonly seq: number;
  readonly replicated: boolean;
  /** By `performance.now()`. */
  readonly at: number;
}

const WRITERS_PER_SHARD = 3;
const BATCH = 5;

/**
 * Clients that push new records to a shard, one batch after the other, half of them asking for a replica. A batch that
 * was not answered, or was refused for its epoch, is pushed again as it was.
 */
export class Load {
  readonly acknowledged: Acknowledged[] = [];
  unanswered = 0;
  #stopped = false;
  readonly #writers: Promise<void>[];

  constructor(
    readonly shard: TestShard,
    readonly prefix: string,
  ) {
    this.#writers = Array.from({ length: WRITERS_PER_SHARD }, (_, writer) => this.#write(writer));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#writers);
  }

  /** Resolves when something was acknowledged that was sent after this call. */
  async nextSent(): Promise<void> {
    const until = this.#batches + WRITERS_PER_SHARD;
    while (this.#batches < until) await sleep(10);
  }

  /** Resolves when something more was acknowledged as replicated. */
  async nextReplicated(): Promise<void> {
    const count = () => this.acknowledged.filter(({ replicated }) => replicated).length;
    const before = count();
    while (count() === before) await sleep(10);
  }

  /** The longest time between two acknowledgements. */
  longestGapMs(): number {
    const times = this.acknowledged.map(({ at }) => at).sort((a, b) => a - b);
    return Math.max(...times.slice(1).map((at, i) => at - times[i]!));
  }

  #batches = 0;

  async #write(writer: number): Promise<void> {
    for (let batch = 0; !this.#stopped; batch++) {
      const ids = Array.from({ length: BATCH }, (_, i) => `${this.prefix}-${writer}-${batch}-${i}`);
      const replicated = writer % 2 === 0;
      this.acknowledged.push(...(await this.#insist(ids, replicated)));
      this.#batches++;
      await sleep(1);
    }
  }

  async #insist(ids: readonly string[], replicated: boolean): Promise<Acknowledged[]> {
    const operations = ids.map((id) => upsert(id, 1));
    while (true) {
      try {
        const answer = await this.shard.pushed(operations, undefined, replicated);
        return ids.map((id) => ({
          ...{ id, epoch: answer.epoch, seq: answer.seq },
          ...{ replicated: answer.replicated, at: performance.now() },
        }));
      } catch (error) {
        if (!(error instanceof ShardUnavailable)) throw error;
        this.unanswered++;
        if (this.#stopped) return [];
        await sleep(20);
      }
    }
  }
}

export interface Losses {
  /** Acknowledged, and not there; each was answered as a fork below it. */
  readonly lost: number;
  /** Acknowledged as replicated, and not there. */
  readonly replicatedLost: readonly Acknowledged[];
  /** Lost without being told. */
  readonly silent: readonly Acknowledged[];
}

/** What is there of all that was acknowledged. */
export async function lossesOf(shard: TestShard, acknowledged: readonly Acknowledged[]): Promise<Losses> {
  const there = new Set((await shard.everything({ keys: true })).entries.map(({ id }) => id));
  const lost = acknowledged.filter(({ id }) => !there.has(id));
  const silent = [];
  for (const each of lost) {
    const { epoch, seq } = each;
    const answer = await shard.pull({ cursor: 0, epoch, hi: seq });
    if (answer.kind !== 'fork' || answer.bound >= seq) silent.push(each);
  }
  return { lost: lost.length, replicatedLost: lost.filter(({ replicated }) => replicated), silent };
}

/** Every shard of a collection. */
export const allShards = (log: ChangeLog, { name, descriptor }: TestShard) =>
  Array.from({ length: descriptor.shards }, (_, i) => new TestShard(log, name, descriptor, i));

export const probe = (n: number) => upsert('probe', 1, { stamp: stampAt(n) });
