import { fromHex } from '../../../shared/stamp.js';
import type { ConflictPolicy, Entry, ShardPage, WithVector } from '../../../shared/sync/protocol.js';
import type { Applied, ShardCheckpoint } from '../../sync/mirror.js';
import { type Bound, evicting } from '../eviction.js';
import type { CollectionState } from '../state.js';
import { afterPage, isAt, isUnmoved, withShards } from './checkpoints.js';
import { type Local, localsOf } from './local.js';
import { MirrorChange } from './mirror-change.js';
import { Overruled } from './overruled.js';

type Page = ShardPage & { kind: 'page' };
type Pulled = Page['entries'][number];

export async function applyPage(
  state: CollectionState,
  bound: Bound,
  pages: readonly Page[],
  from: readonly ShardCheckpoint[],
): Promise<Applied | false> {
  let applied: Applied | false = false;
  await state.commit(
    async (snapshot) => {
      applied = false;
      const { sync } = snapshot.row;
      if (sync === undefined || !pages.every(({ shard }, i) => isAt(sync, shard, from[i]!))) return undefined;
      const entries = [
        ...new Map(pages.flatMap((page) => page.entries).map((entry) => [entry.id, entry])).values(),
      ];
      const locals = await localsOf(
        snapshot,
        entries.map(({ id }) => id),
      );
      const change = new MirrorChange(snapshot, state.now());
      const overruled = new Overruled();
      for (const [i, pulled] of entries.entries()) {
        const local = locals[i];
        state.witness(fromHex(pulled.stamp));
        switch (verdict(pulled, local, sync.descriptor.conflict)) {
          case 'acknowledge':
            change.acknowledge(local!);
            break;
          case 'lost':
            overruled.lost(local!, entryOf(pulled));
            change.accept(local, entryOf(pulled));
            break;
          case 'accept':
            change.accept(local, entryOf(pulled));
            break;
          case 'conflict':
            overruled.conflict(local!, entryOf(pulled));
        }
      }
      applied = await overruled.read(snapshot);
      const moved = new Map(pages.map((page) => [page.shard, afterPage(sync.shards[page.shard]!, page)]));
      // Nothing new: no commit, no generation.
      if (change.isEmpty && isUnmoved(sync, moved)) return undefined;
      const built = change.build();
      const bounded = built.content === undefined ? built : (await evicting(snapshot, built, bound)).change;
      return { ...bounded, sync: withShards(sync, moved) };
    },
    // What a power cut takes of it is pulled again: the checkpoint goes with it.
    { durability: 'memory' },
  );
  return applied;
}

/** What becomes of an entry that was pulled, and of what is here of its id (SPEC, Y5). */
function verdict(
  { kind, stamp, bare }: Pulled,
  local: Local | undefined,
  policy: ConflictPolicy,
): 'leave' | 'accept' | 'acknowledge' | 'lost' | 'conflict' {
  // Of a record that was made here, and evicted since.
  const cannotBeTaken = bare === true && kind === 'upsert';
  if (local?.stamp === stamp) return local.isPending ? 'acknowledge' : 'leave';
  if (!local?.isPending) return cannotBeTaken ? 'leave' : 'accept';
  const areDeletes = kind === 'delete' && local.kind === 'delete';
  if (policy === 'compare-and-set') {
    if (local.base === stamp) return 'leave';
    return areDeletes ? 'accept' : 'conflict';
  }
  if (local.stamp > stamp || cannotBeTaken) return 'leave';
  return areDeletes ? 'accept' : 'lost';
}

function entryOf({ seq: _, bare: __, ...entry }: Pulled): WithVector<Entry> {
  return entry;
}
