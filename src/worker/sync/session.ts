import type {
  Operation,
  PullRequest,
  PushAnswer,
  ShardPage,
  WithVector,
} from '../../shared/sync/protocol.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { Conflicts } from './conflicts.js';
import type { Mirror, ShardCheckpoint, SyncRow } from './mirror.js';
import type { Refusals } from './refusals.js';
import type { ServerClock } from './server-clock.js';
import type { Clock } from './surroundings.js';
import { RequestTooLarge, type SyncTransport } from './transport.js';

interface SessionParts {
  readonly mirror: Mirror;
  readonly transport: SyncTransport;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly acknowledgements: Acknowledgements;
  readonly refusals: Refusals;
  readonly conflicts: Conflicts;
  /** Whether an acknowledgement counts only once a replica has it. */
  readonly replicated: boolean;
  readonly signal: AbortSignal;
}

interface Repull {
  /** The ids that have come. */
  readonly seen: Set<string>;
  readonly healed: boolean;
}

export interface Pushed {
  readonly operations: readonly WithVector<Operation>[];
  readonly answer: PushAnswer;
}

/** What rounds work with, once the collection is open on the server; and what they keep from one to the next. */
export class Session {
  /** Shards that were pulled to their end since this visit began. */
  readonly current = new Set<number>();
  /** Shards that are being pulled anew. One that is not here, as after a restart, is begun again. */
  readonly repulls = new Map<number, Repull>();

  readonly mirror: Mirror;
  readonly serverClock: ServerClock;
  readonly acknowledgements: Acknowledgements;
  readonly refusals: Refusals;
  readonly conflicts: Conflicts;
  readonly replicated: boolean;
  readonly signal: AbortSignal;

  constructor(private readonly parts: SessionParts) {
    this.mirror = parts.mirror;
    this.serverClock = parts.serverClock;
    this.acknowledgements = parts.acknowledgements;
    this.refusals = parts.refusals;
    this.conflicts = parts.conflicts;
    this.replicated = parts.replicated;
    this.signal = parts.signal;
  }

  get row(): SyncRow {
    return this.mirror.row!;
  }

  shardOf(id: string): number {
    return shardOf(id, this.row.descriptor.shards);
  }

  /** Of another collection nothing is known. */
  forget(): void {
    this.current.clear();
    this.repulls.clear();
  }

  /** @param healed everything that the server has lost was offered to it */
  beginRepull(shard: number, healed: boolean): void {
    this.repulls.set(shard, { seen: new Set(), healed });
  }

  /** Up to where tombstones were seen here (all of them, also those that were collected since): by either number. */
  knownTombstones(
    shard: number,
    { phase, cursor, floor }: ShardCheckpoint,
  ): { cursor: number; floor: number } {
    if (phase !== 'repull') return { cursor, floor };
    // Until it is swept, what was deleted may still be here.
    return { cursor: 0, floor: this.repulls.get(shard)?.healed ? floor : 0 };
  }

  /** Pushes; where that is too much for a request, in halves, each of which is answered before the next is sent. */
  async *push(operations: readonly WithVector<Operation>[]): AsyncGenerator<Pushed> {
    const waiting = [operations];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      try {
        yield { operations: next, answer: await this.#push(next) };
      } catch (error) {
        if (!(error instanceof RequestTooLarge) || next.length === 1) throw error;
        const half = Math.ceil(next.length / 2);
        waiting.push(next.slice(half), next.slice(0, half));
      }
    }
  }

  async #push(operations: readonly WithVector<Operation>[]): Promise<PushAnswer> {
    const { descriptor, shards } = this.row;
    const epochs: Record<number, string> = {};
    for (const { id } of operations) {
      const shard = this.shardOf(id);
      const { epoch } = shards[shard]!;
      if (epoch !== '') epochs[shard] = epoch;
    }
    const asked = this.parts.clock.now();
    const request = { collection: descriptor.id, epochs, replicated: this.replicated, operations };
    const answer = await this.parts.transport.push(request, this.signal);
    await this.serverClock.correct(answer.time, asked);
    return answer;
  }

  async pull(shards: PullRequest['shards'], device?: string): Promise<readonly ShardPage[]> {
    const asked = this.parts.clock.now();
    const request = { collection: this.row.descriptor.id, shards, ...(device !== undefined && { device }) };
    const answer = await this.parts.transport.pull(request, this.signal);
    await this.serverClock.correct(answer.time, asked);
    return answer.pages;
  }
}
