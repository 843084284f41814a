import type {
  Descriptor,
  Entry,
  Operation,
  Position,
  PushResult,
  ShardPage,
  Stamp,
  WithVector,
} from '../../shared/sync/protocol.js';

// The contract of what a replicator does to the local collection: the only door between the two. Implemented by
// collection/collection-mirror.ts on `CollectionState`; its suite is mirror.contract.ts.
//
// It guarantees:
// - Each method that changes something is one commit, atomic with the checkpoint it names (Y4, Y5).
// - `applyPage`, `sweep` and `setPhase` change nothing and answer `false` where the stored checkpoint of the shard is
//   not `from` any more (`hi` aside, which acknowledgements raise): another tab has come in between.
// - A read sees one generation.

/** `pull`: pages follow the cursor. `offer`, `repull`: the two halves of Y7; `repull` alone is Y8. */
export type Phase = 'pull' | 'offer' | 'repull';

export interface ShardCheckpoint extends Position {
  readonly phase: Phase;
}

/** Stored in the collection's row; absent until the first contact. */
export interface SyncRow {
  readonly descriptor: Descriptor;
  /** One for each shard. */
  readonly shards: readonly ShardCheckpoint[];
  /** Milliseconds that the server's clock is ahead of this device's. */
  readonly clockOffsetMs: number;
  /** Milliseconds since 1970 by this device's clock; absent: never. */
  readonly lastSyncedAt?: number;
}

export interface Pending {
  readonly operations: readonly WithVector<Operation>[];
  /** Of the whole collection. */
  readonly total: number;
  /** Stamp of the oldest; absent: none is pending. */
  readonly oldest?: Stamp;
}

/** A local write that lost, with what won; `remote` undefined: the record was deleted. */
export interface Lost {
  readonly local: WithVector<Entry>;
  readonly remote: WithVector<Entry> | undefined;
}

/** Both sides of a conflict under compare-and-set. */
export interface Conflict {
  readonly local: WithVector<Entry>;
  readonly remote: WithVector<Entry>;
}

export interface Applied {
  readonly lost: readonly Lost[];
  /** Pending edits of which the server has another record; they were left alone (compare-and-set only). */
  readonly conflicts: readonly Conflict[];
}

export interface Mirror {
  readonly row: SyncRow | undefined;
  /** Last 16 hex digits of every stamp made here. */
  readonly device: string;
  /**
   * First contact (or another collection under this name, where nothing counts as pushed any more): stores the row.
   * At the first contact pending writes are moved by the offset (Y9).
   */
  begin(descriptor: Descriptor, clockOffsetMs: number): Promise<void>;
  /** `lastSyncedAt` stays the same moment, by the device's clock as it is now. */
  setClockOffset(clockOffsetMs: number): Promise<void>;
  /**
   * Pending operations within the bounds, without those in `except`: segment by segment, that with the oldest first, and
   * in the order of its rows, so that its pages are read one after the other.
   */
  pending(
    bounds: { readonly count: number; readonly bytes: number },
    except: ReadonlySet<string>,
  ): Promise<Pending>;
  /**
   * What became of operations that were sent: `results[i]` of `operations[i]`. Marks, replaces and drops as Y4 says;
   * statuses that decide nothing (`epoch`, `quota`, `unavailable`, `invalid`, `future`) change nothing. Nor does the
   * answer of a shard whose checkpoint names another epoch than `shards` does; an empty one becomes the answer's. Nor
   * does that of a shard in the phase `repull`: a record acknowledged then might not be among those seen, and be swept
   * away. What it would have acknowledged is sent again, and is `dup`. A delete of what is deleted, or gone, is not lost.
   * `stale` and `conflict` about a row that is pushed already replace it, and are neither lost nor a conflict.
   */
  settle(
    operations: readonly WithVector<Operation>[],
    results: readonly PushResult[],
    shards: Readonly<Record<number, { readonly epoch: string; readonly seq: number }>>,
  ): Promise<Applied>;
  /** Those of the ids of which a write is pending. */
  stillPending(ids: readonly string[]): Promise<string[]>;
  /** Those whose write of this stamp may be in quarantine: something is, and nothing as new is here. */
  takenByDamage(ids: readonly string[], stamp: Stamp): Promise<string[]>;
  /** Gives these pending writes new stamps, in their order (Y9). */
  restamp(ids: readonly string[]): Promise<void>;
  /** A merged record in place of a pending edit that still has the stamp `of`; pending on `base`. False: it has changed. */
  resolve(merged: WithVector<Omit<Entry, 'stamp'>>, of: Stamp, base: Stamp): Promise<boolean>;
  /** Applies pages of different shards; a page that came bare leaves rows of the same stamp alone. */
  applyPage(
    pages: readonly (ShardPage & { kind: 'page' })[],
    from: readonly ShardCheckpoint[],
  ): Promise<Applied | false>;
  setPhase(shard: number, from: ShardCheckpoint, to: ShardCheckpoint): Promise<boolean>;
  /** Ids and stamps of the live records and tombstones of one shard, acknowledged or not; each id once. */
  keys(
    shard: number,
  ): Promise<Map<string, { readonly stamp: Stamp; readonly pending: boolean; readonly kind: Entry['kind'] }>>;
  /** These as they are now; those that are gone are left out. */
  operations(ids: readonly string[]): Promise<WithVector<Operation>[]>;
  /**
   * Ends `repull`: drops the acknowledged records and tombstones of the shard that are not in `seen`, and sets the phase
   * `pull`. What is pending stays, and is answered `gone` where it was based on what has vanished.
   */
  sweep(shard: number, from: ShardCheckpoint, seen: ReadonlySet<string>): Promise<Applied | false>;
  noteSynced(at: number): Promise<void>;
  /** Calls back after every commit that may have left something pending, here or in another tab. */
  onPending(listener: () => void): () => void;
  /** Calls back after commits of another tab, which may have settled what was pending, are seen here. */
  onFollowed(listener: () => void): () => void;
}
