import type { Applied, ShardCheckpoint } from '../../sync/mirror.js';
import type { CollectionState } from '../state.js';
import { isAt, withShards } from './checkpoints.js';
import { MirrorChange } from './mirror-change.js';
import { walkShard } from './shard-walk.js';

export async function sweep(
  state: CollectionState,
  shard: number,
  from: ShardCheckpoint,
  seen: ReadonlySet<string>,
): Promise<Applied | false> {
  let swept: Applied | false = false;
  await state.commit(
    async (snapshot) => {
      swept = false;
      const { sync } = snapshot.row;
      if (sync === undefined || !isAt(sync, shard, from)) return undefined;
      const change = new MirrorChange(snapshot, state.now());
      await walkShard(snapshot, shard, (local) => {
        if (!local.isPending && !seen.has(local.id)) change.drop(local);
      });
      swept = { lost: [], conflicts: [] };
      const moved = new Map([[shard, { ...sync.shards[shard]!, phase: 'pull' as const }]]);
      return { ...change.build(), sync: withShards(sync, moved) };
    },
    // What a power cut takes of it is pulled and swept again.
    { durability: 'memory' },
  );
  return swept;
}
