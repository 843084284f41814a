import type { CollectionConfig, StoreStatus } from '../shared/types.js';
import type {
  CollectionRef,
  OpenCollectionArgs,
  OpenedCollection,
  OpenedStore,
} from '../shared/worker-api.js';
import type { BackupStore } from './backup/backup-calls.js';
import type { CollectionCalls } from './collection/collection-calls.js';
import type { MetricsRecorder } from './metrics.js';

// What a page's calls need of a store, wherever its data is: here (store-engine.ts), or on a server alone
// (remote/remote-store.ts). One suite for both: store.contract.ts.

export interface Store extends BackupStore {
  readonly name: string;
  readonly metrics: MetricsRecorder;
  readonly opened: OpenedStore;
  /** Throws where its data is gone. */
  checkStorage(): void;
  openCollection(args: OpenCollectionArgs, signal: AbortSignal): Promise<OpenedCollection>;
  /** The collection that a handle stands for; rejects with `CLOSED` once that is dropped. */
  collection(ref: CollectionRef, signal: AbortSignal): Promise<CollectionCalls>;
  listCollections(signal: AbortSignal): Promise<CollectionConfig[]>;
  /** False: there was none. */
  dropCollection(name: string, signal: AbortSignal): Promise<boolean>;
  status(signal: AbortSignal): Promise<Omit<StoreStatus, 'workerRestarts' | 'visit'>>;
  destroy(): Promise<void>;
  close(): Promise<void>;
}
