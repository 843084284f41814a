import { expect } from 'vitest';
import type { ConflictPolicy } from '../../shared/sync/protocol.js';
import type { SyncStatus } from '../../shared/sync/sync-status.js';
import { FakeServer } from './fake-server.contract.js';
import { ManualClock, ManualNetwork } from './manual-clock.contract.js';
import type { Conflict, Lost } from './mirror.js';
import { Replicator } from './replicator.js';
import type { Clock, ConflictHandler, Merged } from './surroundings.js';
import type { TestCollection } from './test-collection.contract.js';

/** 16 hex digits. */
const OTHER_DEVICE = 'bbbbbbbbbbbbbbbb';

export type MakeCollection = (clock: Clock, conflict: ConflictPolicy) => Promise<TestCollection>;

export interface WorldOptions {
  readonly conflict?: ConflictPolicy;
  readonly shards?: number;
  readonly live?: boolean;
  readonly replicated?: boolean;
}

/** One replicator between a local collection and a fake server. */
export class World {
  readonly network = new ManualNetwork();
  readonly lost: Lost[] = [];
  readonly merges: Conflict[] = [];
  merge: (conflict: Conflict) => Promise<Merged | 'remote'> = async () => 'remote';
  replicator: Replicator;
  readonly #options: WorldOptions;

  private constructor(
    readonly clock: ManualClock,
    readonly server: FakeServer,
    readonly collection: TestCollection,
    options: WorldOptions,
  ) {
    this.#options = options;
    this.replicator = this.#make();
  }

  static async make(make: MakeCollection, options: WorldOptions = {}): Promise<World> {
    const clock = new ManualClock();
    const { conflict = 'last-writer-wins', shards = 2 } = options;
    const server = new FakeServer(() => clock.now() - clock.skewMs, shards, conflict);
    return new World(clock, server, await make(clock, conflict), options);
  }

  #make(): Replicator {
    const { conflict = 'last-writer-wins', live = false, replicated = false } = this.#options;
    const conflicts: ConflictHandler = {
      lost: (lost) => this.lost.push(...lost),
      merge: (both) => {
        this.merges.push(both);
        return this.merge(both);
      },
    };
    return new Replicator({
      transport: this.server,
      mirror: this.collection.mirror,
      collection: { config: { dimension: 2, metric: 'cosine', conflict } },
      conflicts,
      live,
      replicated,
      clock: this.clock,
      network: this.network,
      random: () => 0.5,
    });
  }

  /** As after a restart of the page: what was stored stays, what was remembered does not. */
  async restart(): Promise<void> {
    await this.replicator.stop();
    this.replicator = this.#make();
    this.replicator.start();
  }

  /** Starts, and syncs once. */
  async synced(): Promise<this> {
    this.replicator.start();
    await this.replicator.now();
    return this;
  }

  /** A stamp of another device, so many milliseconds after now. */
  stamp(afterMs = 0): string {
    const milliseconds = this.server.time() + afterMs;
    return `${milliseconds.toString(16).padStart(12, '0')}0000${OTHER_DEVICE}`;
  }

  get status(): SyncStatus {
    return this.replicator.status();
  }

  /** Both sides hold the same, and nothing is pending. */
  async expectEqual(numbers: Record<string, number>): Promise<void> {
    expect(await this.collection.numbers()).toEqual(numbers);
    expect(this.server.numbers()).toEqual(numbers);
    expect(this.status.pending).toBe(0);
  }
}

/** Lets everything go on until it is so. */
export async function until(isSo: () => boolean, turns = 5_000): Promise<void> {
  for (let i = 0; i < turns; i++) {
    if (isSo()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect.unreachable(`still not so: ${isSo}`);
}
