import {
  MAX_OPERATIONS,
  type Operation,
  PUSH_BYTES,
  type PushAnswer,
  type PushResult,
  type WithVector,
} from '../../shared/sync/protocol.js';
import type { RoundReport } from './round-report.js';
import type { Session } from './session.js';
import { clockError, quotaError, refusedError, shardError } from './sync-errors.js';

const BOUNDS = { count: MAX_OPERATIONS, bytes: PUSH_BYTES };
type Op = WithVector<Operation>;

/**
 * Sends what is pending, one push at a time, until nothing is left that can be sent now.
 *
 * @returns the shards that have something to be pulled
 */
export async function pushPending(session: Session, report: RoundReport): Promise<Set<number>> {
  const push = new Push(session, report);
  await push.run();
  return push.toPull;
}

class Push {
  readonly toPull = new Set<number>();
  /** Not to be sent in this round. */
  readonly #except: Set<string>;
  readonly #closedShards = new Set<number>();
  readonly #acknowledged = new Map<string, string>();
  readonly #restamped = new Set<string>();
  #fullQuota = false;

  constructor(
    private readonly session: Session,
    private readonly report: RoundReport,
  ) {
    this.#except = new Set(session.refusals.ids());
    for (const [shard, { phase }] of session.row.shards.entries()) {
      // What it is based on may be about to be offered, or swept away.
      if (phase !== 'pull') this.#closedShards.add(shard);
    }
  }

  async run(): Promise<void> {
    const { mirror, signal } = this.session;
    for (;;) {
      signal.throwIfAborted();
      const { operations, total } = await mirror.pending(BOUNDS, this.#except);
      this.report.progress({ pending: total });
      if (operations.length === 0) return;
      const sent: Op[] = [];
      for (const operation of operations) {
        if (this.#maySend(operation)) sent.push(operation);
        else this.#except.add(operation.id);
      }
      if (sent.length > 0) await this.#send(sent);
    }
  }

  #maySend({ id, kind, stamp }: Op): boolean {
    return (
      !this.#closedShards.has(this.session.shardOf(id)) &&
      !(this.#fullQuota && kind === 'upsert') &&
      // It was, and the mirror did not take the answer: another tab has met another history.
      this.#acknowledged.get(id) !== stamp
    );
  }

  async #send(operations: readonly Op[]): Promise<void> {
    const answer = await this.session.push(operations);
    const results = this.#judged(operations, answer);
    const applied = await this.session.mirror.settle(operations, results, answer.shards);
    const future: string[] = [];
    for (const [i, operation] of operations.entries()) this.#note(operation, results[i]!, future);
    if (future.length > 0) await this.session.mirror.restamp(future);
    for (const id of await this.session.conflicts.settle(applied, this.report)) this.#except.add(id);
    await this.session.acknowledgements.settled(operations.map(({ id }) => id));
    this.report.progress({ pushed: results.filter(isAcknowledged).length });
  }

  /** An operation that no replica has is not acknowledged, where that is asked for. */
  #judged(operations: readonly Op[], answer: PushAnswer): readonly PushResult[] {
    if (!this.session.replicated) return answer.results;
    const message = 'no replica has confirmed it yet';
    return answer.results.map((result, i) => {
      if (!isAcknowledged(result) || answer.shards[this.session.shardOf(operations[i]!.id)]?.replicated)
        return result;
      return { status: 'unavailable', message };
    });
  }

  #note({ id, stamp }: Op, result: PushResult, future: string[]): void {
    const shard = this.session.shardOf(id);
    switch (result.status) {
      case 'ok':
      case 'dup':
        this.#acknowledged.set(id, stamp);
        this.toPull.add(shard);
        return;
      case 'stale':
      case 'gone':
      case 'conflict':
        this.toPull.add(shard);
        return;
      case 'epoch':
        this.#closedShards.add(shard);
        this.toPull.add(shard);
        return;
      case 'future':
        if (!this.#restamped.has(id)) {
          this.#restamped.add(id);
          future.push(id);
          return;
        }
        this.#except.add(id);
        this.report.fellShort(clockError());
        return;
      case 'invalid':
        this.#except.add(id);
        if (this.session.refusals.refused(id, stamp, result.message)) {
          this.session.acknowledgements.lost(id, stamp, `it was refused: ${result.message}.`);
        } else {
          this.report.fellShort(refusedError(id, result.message));
        }
        return;
      case 'quota':
        this.#fullQuota = true;
        this.#except.add(id);
        this.report.fellShort(quotaError(result.message));
        return;
      case 'unavailable':
        this.#closedShards.add(shard);
        this.report.fellShort(shardError(shard, result.message));
    }
  }
}

const isAcknowledged = ({ status }: PushResult) => status === 'ok' || status === 'dup';
