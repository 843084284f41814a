import { type Descriptor, MAX_AHEAD_MS } from '../../../shared/sync/protocol.js';
import type { SyncRow } from '../../sync/mirror.js';
import type { CollectionState } from '../state.js';
import { UNMET } from './checkpoints.js';
import { corrected, moved } from './corrected-clock.js';

export async function begin(
  state: CollectionState,
  descriptor: Descriptor,
  clockOffsetMs: number,
): Promise<void> {
  await state.commit(
    async ({ row }) => {
      // Another tab has begun.
      if (row.sync?.descriptor.id === descriptor.id) return undefined;
      const sync: SyncRow = { descriptor, shards: new Array(descriptor.shards).fill(UNMET), clockOffsetMs };
      const last = state.lastStamp();
      const serverNow = state.deviceNow() + clockOffsetMs;
      // Stamps that were sent never change (Y2).
      const isFirst = row.sync === undefined;
      const movedMs = isFirst && Math.abs(clockOffsetMs) > MAX_AHEAD_MS ? Math.round(clockOffsetMs) : 0;
      const clock = row.clock === '' ? last : corrected(moved(last, movedMs), serverNow);
      return { sync, anew: { movedMs }, clock };
    },
    { durability: 'disk' },
  );
}

export async function setClockOffset(state: CollectionState, clockOffsetMs: number): Promise<void> {
  await state.commit(
    async ({ row: { sync } }) => {
      if (sync === undefined || sync.clockOffsetMs === clockOffsetMs) return undefined;
      const clock = corrected(state.lastStamp(), state.deviceNow() + clockOffsetMs);
      const { lastSyncedAt } = sync;
      // The same moment, by the device's clock as it is now.
      const moved = lastSyncedAt !== undefined && {
        lastSyncedAt: lastSyncedAt + sync.clockOffsetMs - clockOffsetMs,
      };
      return { sync: { ...sync, ...moved, clockOffsetMs }, clock };
    },
    { durability: 'memory' },
  );
}
