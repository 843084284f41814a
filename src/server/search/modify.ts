import type { ConflictPolicy, Entry, Operation, Stamp, WithVector } from '../../shared/sync/protocol.js';
import type { RemoteWriteResult } from '../../shared/sync/remote.js';
import { type ChangeLog, ShardUnavailable } from '../change-log.js';
import type { ShardPlace } from './shard-pull.js';

/** Operations in one push of the log. */
export const PUSHED_TOGETHER = 100;
/** How often an operation is decided anew because its record has changed. */
const MOST_TRIES = 10;

/** What is there, as far as known; undefined: nothing, or a tombstone that has not been met. */
export type Current = WithVector<Entry> | undefined;

/** What to do with one record. */
export interface Change {
  readonly id: string;
  readonly current: Current;
  /** Decides by what is there, again each time it has changed. */
  readonly decide: (current: Current) => WithVector<Operation> | RemoteWriteResult;
}

export interface Modified {
  readonly results: RemoteWriteResult[];
  readonly replicated: boolean;
  /** By how much the stored bytes have grown. */
  readonly bytesAdded: number;
}

/**
 * Reads, decides and writes, until nothing has come in between. Atomic for each 100 changes of a shard that meet no
 * change of others.
 */
export async function modify(
  log: ChangeLog,
  place: ShardPlace,
  changes: readonly Change[],
  { policy, replicated }: { readonly policy: ConflictPolicy; readonly replicated: boolean },
): Promise<Modified> {
  const results: RemoteWriteResult[] = new Array(changes.length);
  let allReplicated = true;
  let bytesAdded = 0;
  for (let from = 0; from < changes.length; from += PUSHED_TOGETHER) {
    let open = changes.slice(from, from + PUSHED_TOGETHER).map((change, i) => ({ ...change, at: from + i }));
    for (let tries = 0; open.length > 0; tries++) {
      const pushed: { readonly change: (typeof open)[number]; readonly operation: WithVector<Operation> }[] =
        [];
      for (const change of open) {
        const decided = change.decide(change.current);
        if (!('kind' in decided)) results[change.at] = decided;
        else if (tries < MOST_TRIES) pushed.push({ change, operation: decided });
        else
          results[change.at] = {
            status: 'unavailable',
            message: `The record was changed ${MOST_TRIES} times while this write was tried.`,
          };
      }
      open = [];
      if (pushed.length === 0) break;
      try {
        const operations = pushed.map(({ operation }) => operation);
        const push = { policy, epoch: undefined, operations, replicated };
        const answer = await log.push(place.name, place.descriptor, place.shard, push);
        allReplicated &&= answer.replicated;
        bytesAdded += answer.bytesAdded;
        for (const [i, result] of answer.results.entries()) {
          const { change } = pushed[i]!;
          if (result.status === 'stale' || result.status === 'conflict')
            open.push({ ...change, current: result.current });
          else if (result.status === 'gone') open.push({ ...change, current: undefined });
          else results[change.at] = settled(result);
        }
      } catch (error) {
        if (!(error instanceof ShardUnavailable)) throw error;
        for (const { change } of pushed)
          results[change.at] = { status: 'unavailable', message: error.message };
      }
    }
  }
  return { results, replicated: allReplicated, bytesAdded };
}

function settled(result: { readonly status: string; readonly message?: string }): RemoteWriteResult {
  const { status, message = `The log has answered ${status}.` } = result;
  if (status === 'ok' || status === 'dup') return { status: 'ok' };
  if (status === 'quota' || status === 'invalid') return { status, message };
  return { status: 'unavailable', message };
}

/** The stamp, or the next one after `than` by the same device where it is not later. */
export function laterThan(than: Stamp, stamp: Stamp): Stamp {
  if (stamp > than) return stamp;
  // Milliseconds and counter are one number: a counter that is full goes on into the next millisecond.
  const next = BigInt(`0x${than.slice(0, 16)}`) + 1n;
  return next.toString(16).padStart(16, '0') + stamp.slice(16);
}
