import type { VectorStoreError } from '../../shared/errors.js';
import {
  MAX_AHEAD_MS,
  type Operation,
  type Position,
  type PushResult,
  type ShardPage,
  type Stamp,
  type WithVector,
} from '../../shared/sync/protocol.js';
import type { Mirror, ShardCheckpoint } from './mirror.js';
import { pushBatches } from './push-batches.js';
import type { RoundReport } from './round-report.js';
import type { Pushed, Session } from './session.js';
import { stampTime } from './surroundings.js';
import { clockError, quotaError, refusedError, shardError } from './sync-errors.js';

// The first half of healing a fork (Y7): what this device has, and the server has lost, is offered to it.

/** Records that are read at once. */
const READ_TOGETHER = 100;

type Op = WithVector<Operation>;
type LocalKeys = Awaited<ReturnType<Mirror['keys']>>;

/** The keys of a shard, as the server has them. */
interface ServerKeys {
  readonly stamps: Map<string, Stamp>;
  /** Tombstones up to it were collected. */
  readonly floor: number;
}

/** `again`: the history has changed once more, or another tab was here. `later`: something does not answer. */
export async function offerShard(
  session: Session,
  shard: number,
  report: RoundReport,
): Promise<'done' | 'again' | 'later'> {
  const { mirror } = session;
  const from = session.row.shards[shard]!;
  const keys = await readKeys(session, shard, from, report);
  if (keys === 'again' || keys === 'later') return keys;
  const local = await mirror.keys(shard);
  const offering = new Offering(session, shard, keys, local, from);
  const refused = new Set(session.refusals.ids());
  const wanted = [...local]
    .filter(([id, { stamp }]) => stamp > (keys.stamps.get(id) ?? '') && !refused.has(id))
    .map(([id]) => id);
  for (let i = 0; i < wanted.length; i += READ_TOGETHER) {
    const operations = await mirror.operations(wanted.slice(i, i + READ_TOGETHER));
    const outcome = await offering.offer(operations, report);
    if (outcome !== 'done') return outcome;
  }
  const { hi, epoch } = session.row.shards[shard]!;
  const { floor } = keys;
  const to: ShardCheckpoint = { cursor: 0, epoch, hi, floor, phase: 'repull' };
  if (!(await mirror.setPhase(shard, from, to))) return 'again';
  session.beginRepull(shard, !offering.isBehind);
  return 'done';
}

async function readKeys(
  session: Session,
  shard: number,
  from: ShardCheckpoint,
  report: RoundReport,
): Promise<ServerKeys | 'again' | 'later'> {
  const { mirror } = session;
  const stamps = new Map<string, Stamp>();
  let position: Position = { cursor: 0, epoch: from.epoch, hi: from.hi, floor: 0 };
  for (;;) {
    session.signal.throwIfAborted();
    const [page] = await session.pull([{ shard, ...position, keys: true }]);
    switch (page!.kind) {
      case 'unavailable':
        report.fellShort(shardError(shard, page!.message));
        return 'later';
      case 'fork':
        await mirror.setPhase(shard, from, forked(from, page!));
        return 'again';
      case 'reset':
        if (position.cursor > 0) return 'again';
        position = { ...position, floor: page!.floor };
        break;
      case 'page': {
        const { cursor, epoch, hi, floor, more, entries } = page!;
        if (epoch !== from.epoch) {
          await mirror.setPhase(shard, from, { ...from, epoch });
          return 'again';
        }
        for (const { id, stamp } of entries) stamps.set(id, stamp);
        if (!more) return { stamps, floor };
        position = { cursor, epoch, hi, floor: position.cursor === 0 ? floor : position.floor };
      }
    }
  }
}

/** What follows a fork: of what the device has seen, only what lies in the common history counts. */
export function forked(
  { cursor, floor }: Pick<ShardCheckpoint, 'cursor' | 'floor'>,
  { epoch, bound }: ShardPage & { readonly kind: 'fork' },
): ShardCheckpoint {
  return { cursor: Math.min(cursor, bound), epoch, hi: 0, floor: Math.min(floor, bound), phase: 'offer' };
}

class Offering {
  /**
   * Tombstones that this device has not seen were collected. What is missing on the server may then have been deleted
   * there, unless it is younger than any collected tombstone can be.
   */
  readonly isBehind: boolean;
  readonly #collectedBefore: number;

  constructor(
    private readonly session: Session,
    private readonly shard: number,
    private readonly server: ServerKeys,
    private readonly local: LocalKeys,
    { cursor, floor }: ShardCheckpoint,
  ) {
    this.isBehind = Math.max(cursor, floor) < server.floor;
    // A stamp may be that much ahead of the time at which it was pushed.
    this.#collectedBefore = session.serverClock.now() - session.row.descriptor.tombstoneLifeMs + MAX_AHEAD_MS;
  }

  async offer(operations: readonly Op[], report: RoundReport): Promise<'done' | 'again' | 'later'> {
    let left = operations;
    while (left.length > 0) {
      const overtaken = new Set<string>();
      for (const batch of pushBatches(left.flatMap((operation) => this.#offerOf(operation) ?? []))) {
        const outcome = await this.#send(batch, overtaken, report);
        if (outcome !== 'done') return outcome;
      }
      left = left.filter(({ id }) => overtaken.has(id));
    }
    return 'done';
  }

  /** Undefined where the ordinary push has to decide. */
  #offerOf(operation: Op): Op | undefined {
    const theirs = this.server.stamps.get(operation.id);
    const pending = this.#isPending(operation);
    if (theirs !== undefined) {
      if (theirs >= operation.stamp) return undefined;
      // Younger than what the edit was made on: another device's, made since. A conflict, if the policy knows any.
      if (pending && theirs > operation.base) return undefined;
      return { ...operation, base: theirs };
    }
    const known = pending ? operation.base : operation.stamp;
    if (known === '' || (this.isBehind && stampTime(known) < this.#collectedBefore)) return undefined;
    return { ...operation, base: '' };
  }

  #isPending({ id, stamp }: Op): boolean {
    const key = this.local.get(id);
    // Where it has changed since the keys were read, it is a pending edit.
    return key === undefined || key.pending || key.stamp !== stamp;
  }

  /** @param overtaken is given the ids of which another device has offered an older version meanwhile */
  async #send(
    offers: readonly Op[],
    overtaken: Set<string>,
    report: RoundReport,
  ): Promise<'done' | 'again' | 'later'> {
    for await (const pushed of this.session.push(offers)) {
      const outcome = await this.#settle(pushed, overtaken, report);
      if (outcome !== 'done') return outcome;
    }
    return 'done';
  }

  async #settle(
    { operations: offers, answer: { results, shards } }: Pushed,
    overtaken: Set<string>,
    report: RoundReport,
  ): Promise<'done' | 'again' | 'later'> {
    const { mirror, conflicts, acknowledgements } = this.session;
    const decided = results.map((result, i): boolean => {
      const { id, stamp } = offers[i]!;
      if (result.status !== 'conflict' || result.current.stamp >= stamp) return true;
      this.server.stamps.set(id, result.current.stamp);
      overtaken.add(id);
      return false;
    });
    const isDecided = (_: unknown, i: number) => decided[i]!;
    const applied = await mirror.settle(offers.filter(isDecided), results.filter(isDecided), shards);
    await conflicts.settle(applied, report);
    await acknowledgements.settled(offers.map(({ id }) => id));
    const future = offers.filter((offer, i) => results[i]!.status === 'future' && this.#isPending(offer));
    if (future.length > 0) {
      await mirror.restamp(future.map(({ id }) => id));
      return 'again';
    }
    for (const [i, result] of results.entries()) {
      if (result.status === 'epoch') return 'again';
      const problem = this.#problem(offers[i]!, result);
      if (problem !== undefined) {
        report.fellShort(problem);
        return 'later';
      }
    }
    return 'done';
  }

  #problem({ id, stamp }: Op, result: PushResult): VectorStoreError | undefined {
    switch (result.status) {
      case 'future':
        return clockError();
      case 'quota':
        return quotaError(result.message);
      case 'unavailable':
        return shardError(this.shard, result.message);
      case 'invalid':
        return this.session.refusals.refused(id, stamp, result.message)
          ? undefined
          : refusedError(id, result.message);
      default:
        return undefined;
    }
  }
}
