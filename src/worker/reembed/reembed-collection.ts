import { throwIfAborted } from '../../shared/errors.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { CollectionRef, ReembedArgs, Reembedded } from '../../shared/worker-api.js';
import type { CallOptions } from '../collection/call-options.js';
import type { CollectionEngine } from '../collection/collection-engine.js';
import { Superseded } from '../collection/superseded.js';
import { buildingName } from '../storage/building.js';
import { isQuotaError } from '../storage/quota-errors.js';
import { type CollectionRow, liveRecords, type Storage } from '../storage/storage.js';
import type { CatchUpParts } from './catch-up.js';
import { refuseReembedding } from './refusals.js';

/** What it needs of the store. */
export interface ReembedStore {
  readonly storage: Storage;
  /** Of the collection that a handle stands for, or of what has taken its place. */
  readonly rowOf: (ref: CollectionRef) => Promise<CollectionRow>;
  readonly open: (ref: CollectionRef) => Promise<CollectionEngine>;
  readonly create: (config: CollectionConfig) => Promise<CollectionRow>;
  /** Nobody is told of what happens to it. */
  readonly openQuietly: (row: CollectionRow) => Promise<CollectionEngine>;
  /** The first is not there any more. */
  readonly onReplaced: (old: CollectionRow, next: CollectionRow) => void;
}

/** Goes over to another embedder, where the collection has not that one already; goes on with what was begun for it. */
export function reembedCollection(
  store: ReembedStore,
  ref: CollectionRef,
  { embeddingSpace, dimension }: Pick<ReembedArgs, 'embeddingSpace' | 'dimension'>,
  embed: CatchUpParts['embed'],
  options: CallOptions,
): Promise<Reembedded> {
  const { storage } = store;
  const { signal } = options;
  const { name } = ref;
  const building = buildingName(name);
  const drop = () => storage.exclusively(() => storage.dropCollection(building));
  const isWanted = ({ config }: CollectionRow) =>
    config.embeddingSpace === embeddingSpace && config.dimension === dimension;
  return storage.reembedLock(async () => {
    const old = await store.rowOf(ref);
    if (isWanted(old)) {
      await drop();
      return { id: old.id, config: old.config, count: liveRecords(old), embedded: 0 };
    }
    refuseReembedding(old);
    const engine = await store.open({ ...ref, id: old.id });
    // What was begun for another model is of no use; what is damaged, neither.
    const begun = await storage.readCollection(building).catch(() => undefined);
    if (begun === undefined || !isWanted(begun) || begun.config.metric !== old.config.metric) await drop();
    const row = await store.create({ ...old.config, name: building, embeddingSpace, dimension });
    const target = await store.openQuietly(row);
    let embedded = 0;
    const counted = (texts: readonly string[]) => {
      embedded += texts.length;
      return embed(texts);
    };
    try {
      const { next } = await engine.reembedInto(target, counted, options);
      store.onReplaced(old, next);
      return { id: next.id, config: next.config, count: liveRecords(next), embedded };
    } catch (error) {
      // Whoever gave it up, or has no room for it, wants the space back; after other failures the next call goes on.
      const isLeft = signal.aborted || isQuotaError(error) || (await isGone(storage, name));
      if (isLeft) await drop().catch(() => undefined);
      throwIfAborted(signal);
      throw error;
    } finally {
      target.close(new Superseded(name));
    }
  }, signal);
}

/** It was dropped meanwhile. */
async function isGone(storage: Storage, name: string): Promise<boolean> {
  try {
    return (await storage.readCollection(name)) === undefined;
  } catch {
    return false;
  }
}
