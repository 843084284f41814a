import { fromHex, toHex } from '../../../shared/stamp.js';
import type { Entry, Stamp, WithVector } from '../../../shared/sync/protocol.js';
import type { CollectionState } from '../state.js';
import { corrected } from './corrected-clock.js';
import { localsOf, readEntries } from './local.js';
import { MirrorChange } from './mirror-change.js';

// Pending writes of which the stamp or the content changes: their rows are written again.

export async function restamp(state: CollectionState, ids: readonly string[]): Promise<void> {
  await state.commit(
    async (snapshot) => {
      const locals = (await localsOf(snapshot, [...new Set(ids)])).filter(
        (local) => local?.isPending === true,
      );
      if (locals.length === 0) return undefined;
      const ordered = locals.map((local) => local!).sort((a, b) => (a.stamp < b.stamp ? -1 : 1));
      const entries = await readEntries(snapshot, ordered);
      const clock = state.clockFrom(corrected(state.lastStamp(), state.now()));
      const change = new MirrorChange(snapshot, state.now());
      let stamp = '';
      for (const [i, local] of ordered.entries()) {
        // What was written together stays together.
        if (local.stamp !== ordered[i - 1]?.stamp) stamp = toHex(clock.next());
        change.rewrite(local, { ...entries[i]!, stamp }, local.base);
      }
      return { ...change.build(false), clock: clock.last() };
    },
    { durability: 'disk' },
  );
}

export async function resolve(
  state: CollectionState,
  merged: WithVector<Omit<Entry, 'stamp'>>,
  of: Stamp,
  base: Stamp,
): Promise<boolean> {
  let isResolved = false;
  await state.commit(
    async (snapshot) => {
      const [local] = await localsOf(snapshot, [merged.id]);
      isResolved = local?.isPending === true && local.stamp === of;
      if (!isResolved) return undefined;
      state.witness(fromHex(base));
      const change = new MirrorChange(snapshot, state.now());
      change.rewrite(local!, { ...merged, stamp: toHex(state.nextStamp()) }, base);
      return change.build();
    },
    { durability: 'disk' },
  );
  return isResolved;
}
