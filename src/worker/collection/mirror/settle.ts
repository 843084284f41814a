import { fromHex } from '../../../shared/stamp.js';
import type { Operation, PushResult } from '../../../shared/sync/protocol.js';
import { shardOf } from '../../../shared/sync/shard-of.js';
import type { Applied, ShardCheckpoint, SyncRow } from '../../sync/mirror.js';
import type { CollectionState } from '../state.js';
import { isUnmoved, withShards } from './checkpoints.js';
import { type Local, localsOf } from './local.js';
import { MirrorChange } from './mirror-change.js';
import { Overruled } from './overruled.js';

/** Of the shards that have answered. */
export type Acknowledged = Readonly<Record<number, { readonly epoch: string; readonly seq: number }>>;

export async function settle(
  state: CollectionState,
  operations: readonly Pick<Operation, 'id' | 'stamp'>[],
  results: readonly PushResult[],
  answered: Acknowledged,
): Promise<Applied> {
  let applied: Applied = { lost: [], conflicts: [] };
  await state.commit(
    async (snapshot) => {
      const { sync } = snapshot.row;
      if (sync === undefined) return undefined;
      const shards = believed(sync, answered);
      const locals = await localsOf(
        snapshot,
        operations.map(({ id }) => id),
      );
      const change = new MirrorChange(snapshot, state.now());
      const overruled = new Overruled();
      for (const [i, { id, stamp }] of operations.entries()) {
        const local = locals[i];
        const shard = shards.get(shardOf(id, sync.descriptor.shards));
        // A later edit is judged when it is sent itself.
        if (shard !== undefined && local?.stamp === stamp) {
          settleOne(state, change, overruled, local, results[i]!, shard);
        }
      }
      applied = await overruled.read(snapshot);
      if (change.isEmpty && isUnmoved(sync, shards)) return undefined;
      return { ...change.build(), sync: withShards(sync, shards) };
    },
    // What a power cut takes of it is sent again, and is `dup`.
    { durability: 'memory' },
  );
  return applied;
}

/** Checkpoints of the shards whose answer is of the epoch that is known here, raised by it. */
function believed(sync: SyncRow, answered: Acknowledged): Map<number, ShardCheckpoint> {
  const shards = new Map<number, ShardCheckpoint>();
  for (const [key, { epoch, seq }] of Object.entries(answered)) {
    const shard = Number(key);
    const now = sync.shards[shard];
    if (now === undefined || (now.epoch !== '' && now.epoch !== epoch)) continue;
    shards.set(shard, { ...now, epoch, hi: Math.max(now.hi, seq) });
  }
  return shards;
}

function settleOne(
  state: CollectionState,
  change: MirrorChange,
  overruled: Overruled,
  local: Local,
  result: PushResult,
  { phase }: ShardCheckpoint,
): void {
  switch (result.status) {
    case 'ok':
    case 'dup':
      // Acknowledged while the shard is pulled again, it might not be among what was seen, and be swept away.
      if (local.isPending && phase !== 'repull') change.acknowledge(local);
      return;
    case 'stale':
    case 'conflict': {
      const { current } = result;
      if (current.stamp === local.stamp) return;
      const isDeleted = local.kind === 'delete' && current.kind === 'delete';
      if (local.isPending && result.status === 'conflict' && !isDeleted) {
        overruled.conflict(local, current);
        return;
      }
      if (local.isPending && !isDeleted) overruled.lost(local, current);
      state.witness(fromHex(current.stamp));
      change.accept(local, current);
      return;
    }
    case 'gone':
      if (!local.isPending) return;
      if (local.kind === 'upsert') overruled.lost(local, undefined);
      change.drop(local);
  }
}
