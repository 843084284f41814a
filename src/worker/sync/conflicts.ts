import type { Operation, WithVector } from '../../shared/sync/protocol.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { Applied, Conflict, Lost, Mirror } from './mirror.js';
import type { Refusals } from './refusals.js';
import type { RoundReport } from './round-report.js';
import { type ConflictHandler, stampDevice } from './surroundings.js';
import { refusedError } from './sync-errors.js';

/** What a commit found out about local writes: tells the losers, merges the conflicts (Y4, Y5). */
export class Conflicts {
  constructor(
    private readonly mirror: Mirror,
    private readonly handler: ConflictHandler,
    private readonly acknowledgements: Acknowledgements,
    private readonly refusals: Refusals,
    /** The application may take as long as it likes, or never answer. */
    private readonly signal: AbortSignal,
  ) {}

  /** @returns ids whose conflict is left for a later round */
  async settle({ lost, conflicts }: Applied, report: RoundReport): Promise<string[]> {
    this.#tell(lost);
    const left: string[] = [];
    for (const conflict of conflicts)
      if (!(await this.#merge(conflict, report))) left.push(conflict.local.id);
    return left;
  }

  #tell(lost: readonly Lost[]): void {
    if (lost.length === 0) return;
    for (const { local, remote } of lost) {
      this.acknowledgements.lost(
        local.id,
        local.stamp,
        remote?.kind === 'upsert' ? 'another write has won.' : 'the record was deleted.',
      );
    }
    this.handler.lost(lost);
  }

  async #merge({ local, remote }: Conflict, report: RoundReport): Promise<boolean> {
    // Its own write, whose acknowledgement was lost: the edit was made on it.
    if (stampDevice(remote.stamp) === this.mirror.device) {
      await this.mirror.resolve(local, local.stamp, remote.stamp);
      return true;
    }
    let merged: Awaited<ReturnType<ConflictHandler['merge']>>;
    try {
      merged = await untilAborted(this.handler.merge({ local, remote }), this.signal);
    } catch (error) {
      this.signal.throwIfAborted();
      const reason = `onConflict has thrown: ${error instanceof Error ? error.message : String(error)}`;
      this.refusals.refused(local.id, local.stamp, reason);
      report.fellShort(refusedError(local.id, reason));
      return false;
    }
    if (merged === 'remote') await this.#giveUp(local, remote);
    // False where it was edited since: the next push meets the conflict again.
    else await this.mirror.resolve({ ...merged, id: local.id }, local.stamp, remote.stamp);
    return true;
  }

  /** As if the server had said that it is too old. */
  async #giveUp(local: Conflict['local'], remote: Conflict['remote']): Promise<void> {
    const { descriptor, shards } = this.mirror.row!;
    const shard = shardOf(local.id, descriptor.shards);
    const operation: WithVector<Operation> = { ...local, base: '' };
    const { epoch, hi } = shards[shard]!;
    const applied = await this.mirror.settle([operation], [{ status: 'stale', current: remote }], {
      [shard]: { epoch, seq: hi },
    });
    this.#tell(applied.lost);
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
