import type { SyncConflict, SyncState, SyncStatus } from 'nearshore';

/** The state in a few words. */
export const STATES: Readonly<Record<SyncState, string>> = {
  idle: 'in step',
  syncing: 'syncing…',
  offline: 'no server in reach',
  error: 'needs attention',
  stopped: 'off',
};

export function pendingInWords(pending: number): string {
  return pending === 0 ? 'nothing' : `${pending} ${pending === 1 ? 'change' : 'changes'}`;
}

export function lastInWords(lastSyncedAt: SyncStatus['lastSyncedAt']): string {
  return lastSyncedAt === undefined ? 'never' : new Date(lastSyncedAt).toLocaleTimeString('en-GB');
}

/** What has become of an edit that another one was later than. */
export function lostInWords({ local, remote }: SyncConflict): string {
  const mine = local === undefined ? 'Your delete' : `“${local.text}”`;
  return remote === undefined
    ? `${mine} is lost: the note was deleted elsewhere, later.`
    : `${mine} was replaced by “${remote.text}”, written elsewhere, later.`;
}
