import { onTestFinished } from 'vitest';
import type { Operation, PushAnswer } from '../../shared/sync/protocol.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import { MemoryStorage } from '../../worker/storage/memory-storage.js';
import { EngineCollection } from '../../worker/sync/engine-collection.contract.js';
import { ManualNetwork } from '../../worker/sync/manual-clock.contract.js';
import { Replicator } from '../../worker/sync/replicator.js';
import { deviceClock } from '../../worker/sync/surroundings.js';
import type { SyncTransport } from '../../worker/sync/transport.js';
import type { ChangeLog } from '../change-log.js';
import { MemoryBudget } from '../http/memory-budget.js';
import { pullPages } from '../pull-pages.js';
import { pushOperations } from '../push-operations.js';
import type { TestShard } from '../test-shard.contract.js';
import type { Acknowledged } from './load.contract.js';

/** Something that is waited for until it is given. */
class Awaited<T> {
  give!: (value: T) => void;
  readonly given = new Promise<T>((resolve) => {
    this.give = resolve;
  });
}

/** One push that waits for its way, and the pulls after it. */
class HeldPush {
  readonly reached = new Awaited<void>();
  readonly way = new Awaited<Pick<ChangeLog, 'push'>>();
  readonly answered = new Awaited<void>();
  readonly goOn = new Awaited<void>();
  isReached = false;
}

/**
 * A device with the shipped collection and replicator, beside what answers a server's requests. It can be held before a
 * push, and again when that was answered.
 */
export class HoldingDevice {
  /** Of pushes that were held. */
  readonly acknowledged: Acknowledged[] = [];
  readonly #replicator: Replicator;
  #held: HeldPush | undefined;
  #syncing: Promise<void> | undefined;

  private constructor(
    private readonly shard: TestShard,
    private readonly notes: EngineCollection,
  ) {
    this.#replicator = new Replicator({
      transport: this.#transport(),
      mirror: notes.mirror,
      collection: { config: { dimension: 2, metric: 'cosine', conflict: 'last-writer-wins' } },
      conflicts: { merge: async () => 'remote', lost: () => {} },
      ...{ live: false, replicated: false, clock: deviceClock, network: new ManualNetwork() },
      random: Math.random,
    });
  }

  /** Resolves when it has synced once. */
  static async open(shard: TestShard): Promise<HoldingDevice> {
    const notes = await EngineCollection.open(new MemoryStorage(), deviceClock, 'last-writer-wins');
    const device = new HoldingDevice(shard, notes);
    const replicator = device.#replicator;
    replicator.start();
    onTestFinished(async () => {
      device.#held?.goOn.give();
      await replicator.stop();
      notes.close();
    });
    await replicator.now();
    return device;
  }

  /** Writes so many records of the shard, and resolves when they would be pushed. */
  async holdPush(count: number): Promise<void> {
    for (let i = 0, written = 0; written < count; i++) {
      const id = `held-${i}`;
      if (shardOf(id, this.shard.descriptor.shards) !== this.shard.shard) continue;
      await this.notes.write(id, i);
      written++;
    }
    this.#held = new HeldPush();
    // What does not answer is tried again by `heal`.
    this.#syncing = this.#replicator.now().catch(() => {});
    await this.#held.reached.given;
  }

  /** Resolves when it was answered. */
  async pushThrough(log: Pick<ChangeLog, 'push'>): Promise<void> {
    this.#held!.way.give(log);
    await this.#held!.answered.given;
  }

  /** Goes on as any device does. */
  async heal(): Promise<void> {
    this.#held!.goOn.give();
    this.#held = undefined;
    await this.#syncing;
    await this.#replicator.now();
  }

  #transport(): SyncTransport {
    const { name, descriptor, log } = this.shard;
    return {
      open: async () => ({ descriptor, time: await log.time() }),
      push: async (request) => {
        const held = this.#held;
        const time = await log.time();
        if (held !== undefined) held.isReached = true;
        held?.reached.give();
        const way = (await held?.way.given) ?? log;
        const push: ChangeLog['push'] = (...call) => way.push(...call);
        try {
          const { answer } = await pushOperations(
            { time: async () => time, push },
            name,
            descriptor,
            request,
            undefined,
          );
          if (held !== undefined) this.#note(request.operations, answer);
          return answer;
        } finally {
          held?.answered.give();
        }
      },
      pull: async (request) => {
        if (this.#held?.isReached) await this.#held.goOn.given;
        return pullPages(log, name, descriptor, request, new MemoryBudget().share());
      },
      hints: () => Promise.reject(new Error('not asked for')),
    };
  }

  #note(operations: readonly Operation[], { results, shards }: PushAnswer): void {
    for (const [i, { id }] of operations.entries()) {
      if (results[i]!.status !== 'ok') continue;
      const { epoch, seq } = shards[this.shard.shard]!;
      this.acknowledged.push({ id, epoch, seq, replicated: false, at: performance.now() });
    }
  }
}
