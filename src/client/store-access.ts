import type { ChangeEvent, CollectionConfig, Embedder, WorkerEmbedder } from '../shared/types.js';
import type { Wishes } from '../shared/worker-api.js';
import type { HandleSyncs } from './handle-syncs.js';
import type { EmbedTexts } from './page-syncs.js';
import type { WorkerLink } from './worker-link.js';

/** What a collection needs of the store it was opened from; `call` rejects once that is closed. */
export interface StoreAccess {
  readonly call: WorkerLink['call'];
  readonly query: WorkerLink['query'];
  /** What handles of this page have asked for, by the collection's id. */
  readonly wishes: Map<number, Wishes>;
  /** By the numbers that a worker knows them by. */
  readonly embedders: Map<number, EmbedTexts>;
  readonly onChange: (listener: (event: ChangeEvent) => void) => () => void;
  readonly syncs: HandleSyncs;
  /** Nothing of it is here. */
  readonly isRemote: boolean;
}

/** What a handle's vectors are: those of one collection, of one model. */
export interface Space {
  readonly id: number;
  readonly config: CollectionConfig;
  readonly embedder: Embedder | WorkerEmbedder | undefined;
}
