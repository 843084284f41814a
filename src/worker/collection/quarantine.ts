import { type Damage, damageOf } from '../storage/damage-errors.js';
import {
  type CollectionRow,
  type Generation,
  GenerationConflict,
  type QuarantinedSegment,
  type Storage,
} from '../storage/storage.js';
import type { ShardCheckpoint } from '../sync/mirror.js';
import { type RowStates, rowStatesOf } from './row-states.js';

/** Times that something may be found damaged and be whole when it is read again. */
export const MAX_FAILURES = 8;

/**
 * Takes a damaged segment out of the collection: its manifest moves to `quarantined`, and nothing else changes. What it
 * replaced in older segments stays dead, so that no old record comes back. Gives the row as it is afterwards; the same
 * one where the damage is not there when it is read again.
 *
 * Not under the writers' lock, since whoever holds it may be the one who needs this: the comparison of generations keeps
 * the data whole (S2).
 */
export async function quarantine(
  storage: Storage,
  row: CollectionRow,
  damage: Damage,
  now = Date.now(),
): Promise<CollectionRow | undefined> {
  const newest = await storage.readCollection(row.config.name);
  // Another tab has written, and may have merged the segment away.
  if (newest?.id !== row.id || newest.generation !== row.generation) return newest;
  const manifest = newest.segments.find(({ id }) => id === damage.segment);
  if (manifest === undefined || !(await isInStorage(storage, newest, damage))) return newest;
  const entry: QuarantinedSegment = { manifest, reason: damage.what, at: now };
  const next: CollectionRow = {
    ...newest,
    generation: newest.generation + 1,
    segments: newest.segments.filter((each) => each !== manifest),
    quarantined: [...(newest.quarantined ?? []), entry],
    // What was acknowledged in it is on the server, and a cursor that has passed it would never see it again.
    ...(newest.sync !== undefined && {
      sync: { ...newest.sync, shards: newest.sync.shards.map(pulledAnew) },
    }),
  };
  try {
    await storage.commit({
      collection: row.id,
      expectedGeneration: newest.generation,
      next,
      pages: [],
      rowStates: [],
      removedSegments: [],
      durability: 'disk',
    });
    return next;
  } catch (error) {
    if (error instanceof GenerationConflict) return storage.readCollection(row.config.name);
    throw error;
  }
}

/** An offer ends with a pull of the whole shard anyway. */
function pulledAnew(checkpoint: ShardCheckpoint): ShardCheckpoint {
  return checkpoint.phase === 'offer' ? checkpoint : { ...checkpoint, cursor: 0, phase: 'repull' };
}

/** A generation whose row states are whole. */
export interface WholeGeneration {
  readonly row: CollectionRow;
  /** By segment. */
  readonly states: ReadonlyMap<number, RowStates>;
}

/**
 * The generation that is there, or what is left of it: segments whose row states are damaged are taken out first.
 * Undefined: the collection is gone.
 */
export async function readWhole(storage: Storage, name: string): Promise<WholeGeneration | undefined> {
  for (let failures = 0; ; ) {
    try {
      const generation = await storage.readGeneration(name);
      return generation && whole(generation);
    } catch (error) {
      const damage = damageOf(error);
      if (damage === undefined || failures === MAX_FAILURES) throw error;
      const row = await storage.readCollection(name);
      const next = row && (await quarantine(storage, row, damage));
      if (next?.generation === row?.generation) failures++;
    }
  }
}

function whole({ row, rowStates }: Generation): WholeGeneration {
  return {
    row,
    states: new Map(row.segments.map((manifest) => [manifest.id, rowStatesOf(manifest, rowStates)])),
  };
}

/** Reads what was found damaged again. */
async function isInStorage(storage: Storage, row: CollectionRow, damage: Damage): Promise<boolean> {
  const { segment, page } = damage;
  try {
    if (page !== undefined) await storage.readPages(row.id, segment, page.column, page.index, page.index + 1);
    else {
      const manifest = row.segments.find(({ id }) => id === segment)!;
      rowStatesOf(manifest, await storage.readRowStates(row.id, [segment]));
    }
    return false;
  } catch (error) {
    if (damageOf(error) === undefined) throw error;
    return true;
  }
}
