import { discardQuarantined } from '../collection/quarantined.js';
import type { CollectionState } from '../collection/state.js';
import { type CollectionRow, GenerationConflict, type Storage } from '../storage/storage.js';
import { CatchUp, type CatchUpParts } from './catch-up.js';
import { refuseReembedding } from './refusals.js';

/** After so many rounds in which something was written meanwhile, writers wait for what is left. */
const FREE_ROUNDS = 8;

export interface ReembedParts extends CatchUpParts {
  readonly storage: Storage;
}

export interface Replaced {
  readonly old: CollectionRow;
  readonly next: CollectionRow;
}

/**
 * Builds `to` until it has every record of `from` with the new vector of its text, then puts it in its place, in one
 * transaction. What `to` has already stays: so it goes on where it was killed.
 *
 * Lock rule: nothing is locked while it builds. The last comparison and the replacement are inside
 * `storage.maintenanceLock` and `storage.exclusively`: no merge, export or write comes between.
 */
export async function reembed(parts: ReembedParts): Promise<Replaced> {
  const { from, to, storage, signal } = parts;
  const catchUp = new CatchUp(parts);
  for (let round = 1; ; round++) {
    const generation = await catchUp.run(false);
    await discardDamaged(to, signal);
    const finish = async (): Promise<Replaced | undefined> => {
      await from.refresh();
      if (from.current.generation !== generation) {
        if (round < FREE_ROUNDS) return undefined;
        await catchUp.run(true);
      }
      await to.refresh();
      return replace(storage, from.current.row, to.current.row);
    };
    const locked = () => storage.exclusively(finish);
    const replaced = await storage.maintenanceLock('exclusive', locked, signal);
    if (replaced !== undefined) return replaced;
  }
}

/** Segments that were found damaged while they were built: their records are there again. */
async function discardDamaged(to: CollectionState, signal: AbortSignal): Promise<void> {
  if (to.current.row.quarantined !== undefined) await discardQuarantined(to, signal);
}

/** Undefined: without Web Locks, another tab has written meanwhile. */
async function replace(
  storage: Storage,
  old: CollectionRow,
  by: CollectionRow,
): Promise<Replaced | undefined> {
  refuseReembedding(old);
  const next: CollectionRow = {
    ...by,
    config: { ...by.config, name: old.config.name },
    // Of neither id may a generation go back.
    generation: Math.max(old.generation, by.generation) + 1,
    clock: old.clock,
    replaced: [...(old.replaced ?? []), old.id],
  };
  try {
    await storage.replaceCollection({ old, by, next });
    return { old, next };
  } catch (error) {
    if (error instanceof GenerationConflict) return undefined;
    throw error;
  }
}
