import type { ConflictPolicy } from '../../shared/sync/protocol.js';
import type { SeededRandom } from '../../worker/seeded-random.contract.js';
import { type ManualClock, ManualNetwork } from '../../worker/sync/manual-clock.contract.js';
import type { Mirror } from '../../worker/sync/mirror.js';
import { Replicator } from '../../worker/sync/replicator.js';
import type { ConflictHandler } from '../../worker/sync/surroundings.js';
import type { SyncTransport } from '../../worker/sync/transport.js';
import type { Event, Replica } from './history.contract.js';

/** A collection on a device, over storage that outlives it. */
export interface SimulatedCollection {
  readonly mirror: Mirror;
  /** @returns its stamp */
  write(id: string, number: number): Promise<string>;
  remove(id: string): Promise<string>;
  /** Moves records and tombstones together, and drops what is no longer needed. */
  merge(): Promise<void>;
  /** By itself, or because it was asked to. */
  readonly isMerging: boolean;
  /** How often, on this device so far. */
  merges(): number;
  /** Live records. */
  replica(): Promise<Replica>;
  close(): void;
}

interface ClientParts {
  readonly index: number;
  readonly clock: ManualClock;
  readonly random: SeededRandom;
  readonly transport: SyncTransport;
  readonly conflict: ConflictPolicy;
  readonly shards: number;
  readonly tombstoneLifeMs: number;
  readonly open: () => Promise<SimulatedCollection>;
  readonly note: (event: Event) => void;
}

const QUIET_TURNS = 2;
const MOST_TURNS = 100_000;

/** A device with the shipped replicator. */
export class SimulatedClient {
  readonly network = new ManualNetwork();
  #collection!: SimulatedCollection;
  #replicator!: Replicator;
  /** Calls to the mirror that have not ended. */
  #busy = 0;

  private constructor(private readonly parts: ClientParts) {}

  static async start(parts: ClientParts): Promise<SimulatedClient> {
    const client = new SimulatedClient(parts);
    await client.#start();
    return client;
  }

  async #start(): Promise<void> {
    const { clock, random, transport, conflict, shards, tombstoneLifeMs, open } = this.parts;
    this.#collection = await open();
    this.#replicator = new Replicator({
      transport,
      mirror: this.#watched(this.#collection.mirror),
      collection: { config: { dimension: 2, metric: 'cosine', conflict }, shards, tombstoneLifeMs },
      conflicts: this.#conflicts(),
      live: true,
      replicated: false,
      clock,
      network: this.network,
      random: () => random.next(),
    });
    this.#replicator.start();
  }

  /** The page is closed, and opened again. */
  async restart(): Promise<void> {
    await this.#replicator.stop();
    this.#collection.close();
    await this.#start();
  }

  async stop(): Promise<void> {
    await this.#replicator.stop();
    this.#collection.close();
  }

  async write(id: string, number: number): Promise<void> {
    const stamp = await this.#collection.write(id, number);
    this.parts.note({ type: 'written', client: this.parts.index, kind: 'upsert', id, stamp });
  }

  async remove(id: string): Promise<void> {
    if (!(await this.replica()).has(id)) return;
    const stamp = await this.#collection.remove(id);
    this.parts.note({ type: 'written', client: this.parts.index, kind: 'delete', id, stamp });
  }

  merge(): Promise<void> {
    return this.#collection.merge();
  }

  merges(): number {
    return this.#collection.merges();
  }

  now(): Promise<void> {
    return this.#replicator.now();
  }

  get isIdle(): boolean {
    const { state, pending } = this.#replicator.status();
    return state === 'idle' && pending === 0;
  }

  status() {
    return this.#replicator.status();
  }

  replica(): Promise<Replica> {
    return this.#collection.replica();
  }

  get device(): string {
    return this.#collection.mirror.device;
  }

  /** Whether a write of the id is pending that no server is known to have had a predecessor of. */
  async hasPendingCreate(id: string): Promise<boolean> {
    const { operations } = await this.#collection.mirror.pending(
      { count: 10_000, bytes: 1 << 30 },
      new Set(),
    );
    return operations.some((operation) => operation.id === id && operation.base === '');
  }

  async pending(): Promise<number> {
    return (await this.#collection.mirror.pending({ count: 0, bytes: 0 }, new Set())).total;
  }

  /** Resolves when nothing goes on here but what waits for the network or for time. */
  async becomesQuiet(isAwaitingAnswer: () => boolean): Promise<void> {
    let quietTurns = 0;
    for (let turn = 0; quietTurns < QUIET_TURNS; turn++) {
      if (turn === MOST_TURNS) throw new Error(`Device ${this.parts.index} does not become quiet.`);
      await new Promise((resolve) => setImmediate(resolve));
      const waits = isAwaitingAnswer() || this.parts.clock.isAwaited;
      quietTurns = this.#busy === 0 && !this.#collection.isMerging && waits ? quietTurns + 1 : 0;
    }
  }

  /** The same mirror, with its calls counted, and what is acknowledged noted. */
  #watched(mirror: Mirror): Mirror {
    const { index, note } = this.parts;
    return new Proxy(mirror, {
      get: (target, name) => {
        const member = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          const result = Reflect.apply(member, target, args);
          if (!(result instanceof Promise)) return result;
          this.#busy++;
          return result.finally(() => {
            this.#busy--;
            if (name !== 'settle') return;
            const [operations, results] = args as Parameters<Mirror['settle']>;
            for (const [i, { id, kind, stamp }] of operations.entries()) {
              const { status } = results[i]!;
              if (status === 'ok' || status === 'dup') {
                note({ type: 'acknowledged', client: index, id, kind, stamp });
              } else if (status === 'gone' && kind === 'delete') {
                note({ type: 'overruled', client: index, id, kind, stamp });
              }
            }
          });
        };
      },
    });
  }

  #conflicts(): ConflictHandler {
    const { index, note, random } = this.parts;
    return {
      merge: async ({ local, remote }) => {
        const { id, kind, stamp } = local;
        // Whatever comes of it, the application knows.
        note({ type: 'overruled', client: index, id, kind, stamp });
        const side = random.pick(['local', 'remote', 'neither'] as const);
        if (side === 'remote') return 'remote';
        if (side === 'local' || local.kind === 'delete' || remote.kind === 'delete') return local;
        return {
          ...local,
          metadata: JSON.stringify({ merged: [local.metadata, remote.metadata] }).slice(0, 500),
        };
      },
      lost: (lost) => {
        for (const { local } of lost) {
          const { id, kind, stamp } = local;
          note({ type: 'overruled', client: index, id, kind, stamp });
        }
      },
    };
  }
}
