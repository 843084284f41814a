import type { ShardPage } from '../../../shared/sync/protocol.js';
import type { ShardCheckpoint, SyncRow } from '../../sync/mirror.js';

/** Of a shard that was never met. */
export const UNMET: ShardCheckpoint = { cursor: 0, epoch: '', hi: 0, floor: 0, phase: 'pull' };

/** Whether the stored checkpoint of a shard is still the one that was worked from; acknowledgements raise `hi`. */
export function isAt(sync: SyncRow, shard: number, from: ShardCheckpoint): boolean {
  const now = sync.shards[shard];
  return now?.cursor === from.cursor && now.epoch === from.epoch && now.phase === from.phase;
}

/** What was acknowledged in the same epoch since `from` counts beside what `to` says. */
export function movedTo(now: ShardCheckpoint, from: ShardCheckpoint, to: ShardCheckpoint): ShardCheckpoint {
  const isRaised = now.epoch === to.epoch && now.hi > from.hi;
  return isRaised ? { ...to, hi: Math.max(now.hi, to.hi) } : to;
}

export function afterPage(now: ShardCheckpoint, page: ShardPage & { kind: 'page' }): ShardCheckpoint {
  const { cursor, epoch, hi, floor } = page;
  return {
    cursor,
    epoch,
    hi: now.epoch === epoch ? Math.max(now.hi, hi) : hi,
    floor: now.cursor === 0 ? floor : now.floor,
    phase: now.phase,
  };
}

/** Whether these are the checkpoints that are stored. */
export function isUnmoved(sync: SyncRow, shards: ReadonlyMap<number, ShardCheckpoint>): boolean {
  return [...shards].every(([shard, to]) => {
    const { hi, floor } = sync.shards[shard]!;
    return isAt(sync, shard, to) && hi === to.hi && floor === to.floor;
  });
}

export function withShards(sync: SyncRow, changed: ReadonlyMap<number, ShardCheckpoint>): SyncRow {
  return { ...sync, shards: sync.shards.map((before, shard) => changed.get(shard) ?? before) };
}
