import type {
  ConflictPolicy,
  Descriptor,
  Hint,
  Operation,
  Position,
  PushResult,
  ShardPage,
  WithVector,
} from '../shared/sync/protocol.js';

// The contract of the change log (SPEC, G1 to G7). One implementation, on Redis: redis/; one suite, which runs on a
// single Redis 7, Redis 8, Sentinel and Cluster: change-log.contract.ts.
//
// It guarantees:
// - A push to one shard is atomic and serialised with all other calls on that shard.
// - What was answered is what a later call finds, unless Redis loses it, and then the epoch tells.
// - Every call ends: it rejects with `ShardUnavailable` within 6 s where its shard does not answer.
// Arguments are trusted: whoever calls has checked them (sizes, dimension, names).

/** Names a collection of a tenant. Each may hold any character. */
export interface CollectionName {
  readonly tenant: string;
  readonly store: string;
  readonly collection: string;
}

/** The shard does not answer. Whether a push was applied is unknown. */
export class ShardUnavailable extends Error {
  override readonly name = 'ShardUnavailable';
}

/** Calls that name a descriptor reject with it once its collection was dropped; nothing was changed. */
export class CollectionDropped extends Error {
  override readonly name = 'CollectionDropped';
}

export interface LogPush {
  /** Of this push, whatever the collection's is: writes that have read nothing (O5) choose. */
  readonly policy: ConflictPolicy;
  /** The epoch that the caller knows; undefined: none yet. */
  readonly epoch: string | undefined;
  /** At most 100, all of this shard. */
  readonly operations: readonly WithVector<Operation>[];
  /** Waits up to 200 ms for a replica. */
  readonly replicated: boolean;
}

export interface LogPushed {
  /** One for each operation: `ok`, `dup`, `stale`, `conflict`, `gone`, or `epoch` for all of them. */
  readonly results: readonly PushResult[];
  readonly epoch: string;
  /** The highest of the shard afterwards. */
  readonly seq: number;
  /** A replica has it. */
  readonly replicated: boolean;
  /** By how much the stored bytes of the shard have grown. */
  readonly bytesAdded: number;
}

export interface LogPull extends Position {
  readonly keys: boolean;
  /** Entries of this device come bare. */
  readonly device: string | undefined;
  readonly maxBytes: number;
}

export interface ChangeLog {
  /** Milliseconds since 1970 by Redis's clock. */
  time(): Promise<number>;
  /** Rejects where Redis does not answer. */
  ready(): Promise<void>;
  describe(name: CollectionName): Promise<Descriptor | undefined>;
  /**
   * Creates it, or answers the one that is there; atomic. `known`: an id that the caller has synced with; then a
   * collection that was dropped less than its tombstone life ago is not made again, but answered by `dropped`.
   */
  create(
    name: CollectionName,
    wanted: Omit<Descriptor, 'id'>,
    known?: string,
  ): Promise<Descriptor | 'dropped'>;
  /** Deletes it with its records, and leaves a mark. False: there was none. */
  drop(name: CollectionName): Promise<boolean>;
  /** Of one store of a tenant. */
  list(
    tenant: string,
    store: string,
  ): Promise<{ readonly collection: string; readonly descriptor: Descriptor }[]>;
  push(name: CollectionName, descriptor: Descriptor, shard: number, push: LogPush): Promise<LogPushed>;
  /** Never `unavailable`: it rejects. */
  pull(name: CollectionName, descriptor: Descriptor, shard: number, from: LogPull): Promise<ShardPage>;
  /** Records as they are now; undefined where there is none, or a tombstone. All of this shard. */
  get(
    name: CollectionName,
    descriptor: Descriptor,
    shard: number,
    ids: readonly string[],
  ): Promise<(WithVector<Operation> | undefined)[]>;
  /** Removes tombstones older than their life. Resolves to how many. */
  collectGarbage(name: CollectionName, descriptor: Descriptor, shard: number): Promise<number>;
  /** Stored bytes of a tenant, nearly. */
  usage(tenant: string): Promise<number>;
  /** Calls back until the signal aborts; hints may be lost. Resolves when it listens. */
  subscribe(
    name: CollectionName,
    descriptor: Descriptor,
    onHint: (hint: Hint) => void,
    signal: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
}
