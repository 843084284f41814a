import {
  MAX_OPERATIONS,
  type Operation,
  PUSH_BYTES,
  type PushAnswer,
  type PushResult,
  type WithVector,
} from '../../shared/sync/protocol.js';
import type { RoundReport } from './round-report.js';
import type { Pushed, Session } from './session.js';
import { clockError, quotaError, refusedError, shardError } from './sync-errors.js';

const BOUNDS = { count: MAX_OPERATIONS, bytes: PUSH_BYTES };
type Op = WithVector<Operation>;

/** The pushes of one round. What was refused, or did not answer, in one of them is not tried again in the next. */
export class PushRound {
  /** Not to be sent in this round. */
  readonly #except: Set<string>;
  readonly #silentShards = new Set<number>();
  /** Whose history is to be pulled first. */
  readonly #closedShards = new Set<number>();
  readonly #acknowledged = new Map<string, string>();
  readonly #restamped = new Set<string>();
  #toPull = new Set<number>();
  #fullQuota = false;

  constructor(
    private readonly session: Session,
    private readonly report: RoundReport,
  ) {
    this.#except = new Set(session.refusals.ids());
  }

  /**
   * Sends what is pending, one push at a time, until nothing is left that can be sent now.
   *
   * @returns the shards that have something to be pulled
   */
  async run(): Promise<Set<number>> {
    this.#toPull = new Set();
    this.#closedShards.clear();
    this.#acknowledged.clear();
    for (const [shard, { phase }] of this.session.row.shards.entries()) {
      // What a write is based on may be about to be offered, or swept away.
      if (phase !== 'pull') this.#closedShards.add(shard);
    }
    await this.#sendAll();
    return this.#toPull;
  }

  async #sendAll(): Promise<void> {
    const { mirror, signal } = this.session;
    // Those of closed shards only until these are pulled.
    const postponed = new Set(this.#except);
    for (;;) {
      signal.throwIfAborted();
      const { operations, total } = await mirror.pending(BOUNDS, postponed);
      this.report.progress({ pending: total });
      if (operations.length === 0) return;
      const sent: Op[] = [];
      for (const operation of operations) {
        if (this.#maySend(operation)) sent.push(operation);
        else postponed.add(operation.id);
      }
      if (sent.length > 0) await this.#send(sent);
    }
  }

  #maySend({ id, kind, stamp }: Op): boolean {
    const shard = this.session.shardOf(id);
    return (
      !this.#except.has(id) &&
      !this.#closedShards.has(shard) &&
      !this.#silentShards.has(shard) &&
      !(this.#fullQuota && kind === 'upsert') &&
      // It was, and the mirror did not take the answer, which was about another history.
      this.#acknowledged.get(id) !== stamp
    );
  }

  async #send(operations: readonly Op[]): Promise<void> {
    for await (const pushed of this.session.push(operations)) await this.#settle(pushed);
  }

  async #settle({ operations, answer }: Pushed): Promise<void> {
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
        this.#toPull.add(shard);
        return;
      case 'stale':
      case 'gone':
      case 'conflict':
        this.#toPull.add(shard);
        return;
      case 'epoch':
        this.#closedShards.add(shard);
        this.#toPull.add(shard);
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
        this.#silentShards.add(shard);
        this.report.fellShort(shardError(shard, result.message));
    }
  }
}

const isAcknowledged = ({ status }: PushResult) => status === 'ok' || status === 'dup';
