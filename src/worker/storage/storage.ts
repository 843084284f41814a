import type { VectorStoreError } from '../../shared/errors.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { GpuFindings } from '../compute/gpu-findings.js';
import type { RecallCurve } from '../index/recall-curve.js';
import type { SyncRow } from '../sync/mirror.js';
import type { LockMode } from './local-lock.js';

// The contract of storage. Two implementations: IndexedDB and memory; one suite: storage.contract.ts.
//
// Every implementation guarantees:
// - `commit` is atomic: all of it is there afterwards, or nothing; a reader never sees a part of it.
// - `commit` resolves only when the change is durable in the asked-for sense, and rejects otherwise.
// - `commit` compares the collection's generation with `expectedGeneration` in the same transaction that
//   writes; when they differ it changes nothing and rejects with `GenerationConflict`.
// - Pages are immutable: a page key is written once, and pages of a segment that is no longer listed vanish in
//   the commit that unlists it.
// - `readPages` and `readRowStates` hand out only what matches its checksum; otherwise they reject with `CORRUPT`, and
//   `damageOf` the error tells the segment. So does `readCollection`, and every other method that reads its row.

/**
 * A format number changes only when an older release could no longer read the data, or would harm it.
 * 1: the first. 2: the collections' rows carry a checksum, the number of dead rows of each segment, and what is
 * quarantined, which format 1 would drop. 3: row states reach over the tombstones, where format 2 cannot read them, and
 * say what is pushed, which it would drop.
 */
export const FORMAT = 3;

/** What a segment's pages hold. Rows are the segment's rows, in the same order in every column. */
export type Column =
  /** float32, row-major, as given by the caller. */
  | 'vectors'
  /** UTF-8 ids. */
  | 'ids'
  /** float32 per row: the Euclidean norm. */
  | 'norms'
  /** UTF-8 JSON, empty = none. Left out where no row has metadata. */
  | 'metadata'
  /** UTF-8, empty = none. Left out where no row has a text. */
  | 'texts'
  /** 16 bytes per row: the stamp of the write that made it. */
  | 'stamps'
  /** 16 bytes per row: the stamp the write was based on, as far as a server knows it. Left out where all are zero. */
  | 'bases'
  /** UTF-8 ids of the records this segment deleted. */
  | 'tombstone-ids'
  /** 32 bytes per tombstone: its stamp, its base. */
  | 'tombstone-stamps'
  /** float32 × dimension per list: its centroid. With `list-starts`, only where the segment has an index. */
  | 'list-centroids'
  /** uint32: first row of each list, then the number of rows. */
  | 'list-starts';

/** Rows [starts[i], starts[i + 1]) of a column are its page i; the last page ends with the column. */
export interface ColumnManifest {
  readonly starts: readonly number[];
  readonly bytes: number;
}

/** 1: first. Another version is not used: the segment is searched without, and trained anew. */
export const INDEX_VERSION = 1;

export interface IndexManifest {
  readonly version: number;
  readonly lists: number;
  /** What probing finds, as measured when the index was made. */
  readonly curve: RecallCurve;
}

export interface SegmentManifest {
  readonly id: number;
  readonly rows: number;
  readonly tombstones: number;
  readonly columns: Partial<Record<Column, ColumnManifest>>;
  /** Where the rows are in the order of inverted lists. Derived: the records do not depend on it. */
  readonly index?: IndexManifest;
  /** Sum of the columns' bytes. */
  readonly bytes: number;
  /** Rows that are dead in the generation that lists it, which its row states have to name; absent: none. */
  readonly dead?: number;
  /** Milliseconds by which its rows' stamps are later than their column says; absent: 0. */
  readonly movedMs?: number;
}

/** A segment that was found damaged: its pages are kept, and its records are not there. */
export interface QuarantinedSegment {
  readonly manifest: SegmentManifest;
  /** What was found, in words. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface CollectionRow {
  readonly id: number;
  readonly config: CollectionConfig;
  /** Grows by one with every commit. */
  readonly generation: number;
  readonly nextSegment: number;
  /** Oldest first. A record lives in the youngest segment that has its id, unless it is dead there. */
  readonly segments: readonly SegmentManifest[];
  /** In the order in which they were found; absent: none. */
  readonly quarantined?: readonly QuarantinedSegment[];
  /** Last stamp handed out in this collection, hex, or empty: stamps grow across restarts and tabs. */
  readonly clock: string;
  /** Absent until a server was met. */
  readonly sync?: SyncRow;
  /** Ids of those in whose place it was put: handles of theirs reach it. Absent: none. */
  readonly replaced?: readonly number[];
}

export interface StoreRow {
  readonly format: number;
  readonly databaseId: string;
  /** 64 random bits, hex: the tail of every stamp made here. */
  readonly deviceId: string;
  readonly nextCollection: number;
  /** Absent until something was measured. Derived: nothing depends on it. */
  readonly gpu?: GpuFindings;
  /** Milliseconds since 1970: when an export of the whole store was last completed. Absent: never. */
  readonly lastBackup?: number;
}

/** Rows per chunk of row state: 8 KiB per bitmap. */
export const ROWS_PER_CHUNK = 65_536;

/**
 * What may change about a segment's rows, and its tombstones, which come after them: one bit each, chunk by chunk. A
 * chunk may end with the rows: then nothing is said of the tombstones.
 */
export interface RowStateChunk {
  readonly segment: number;
  readonly chunk: number;
  /** Set: replaced or deleted; of a tombstone: its record was written or deleted again. */
  readonly dead: Uint8Array<ArrayBuffer>;
  /** Set: a server has acknowledged it; absent: none of them. As long as `dead`. */
  readonly pushed?: Uint8Array<ArrayBuffer>;
}

export interface Generation {
  readonly row: CollectionRow;
  readonly rowStates: readonly RowStateChunk[];
}

export interface Page {
  readonly segment: number;
  readonly column: Column;
  readonly index: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Commit {
  readonly collection: number;
  readonly expectedGeneration: number;
  /** Its `generation` is `expectedGeneration + 1`. */
  readonly next: CollectionRow;
  readonly pages: readonly Page[];
  readonly rowStates: readonly RowStateChunk[];
  /** Segments no longer listed: their pages and row states go. */
  readonly removedSegments: readonly SegmentManifest[];
  readonly durability: 'disk' | 'memory';
}

/** One collection takes the place of another. */
export interface Replacement {
  /** As it was seen. */
  readonly old: CollectionRow;
  /** As it was seen, under its own name. */
  readonly by: CollectionRow;
  /** Of `by`, under the name of `old`. */
  readonly next: CollectionRow;
}

/** A page as it is stored, damaged or not. */
export interface RawPage {
  /** The xxHash32 that its bytes had when they were written, as far as it can be told. */
  readonly checksum: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Somebody else committed first. Not an error for users: refresh and try again. */
export class GenerationConflict extends Error {
  override readonly name = 'GenerationConflict';
  constructor(
    readonly expected: number,
    /** `undefined`: the collection is gone. */
    readonly found: number | undefined,
  ) {
    super(`expected generation ${expected}, found ${found ?? 'no collection'}`);
  }
}

/** As its list of segments counts them. */
export function liveRecords({ segments }: CollectionRow): number {
  return segments.reduce((sum, { rows, dead = 0 }) => sum + rows - dead, 0);
}

/** Throws `GenerationConflict` unless it was found as it had been seen. */
export function checkUnchanged(seen: CollectionRow, found: CollectionRow | undefined): void {
  if (found?.id === seen.id && found.generation === seen.generation) return;
  throw new GenerationConflict(seen.generation, found?.id === seen.id ? found.generation : undefined);
}

export interface Storage {
  readonly kind: 'indexeddb' | 'memory';
  /** `open` has created the store. */
  readonly isNew: boolean;
  /** Why no call can succeed any more: the data is lost, another tab upgrades it, or it was closed. */
  readonly ended: VectorStoreError | undefined;
  /**
   * Opens or creates the store; with a `databaseId`, only the one that has it. Rejects with `FORMAT_TOO_NEW`,
   * `STORAGE_BLOCKED`, `STORAGE_LOST`, `CORRUPT`.
   */
  open(databaseId?: string): Promise<StoreRow>;
  readStore(): Promise<StoreRow>;
  /** Replaces `gpu` of the store's row, and leaves the rest of it alone. */
  writeGpuFindings(findings: GpuFindings): Promise<void>;
  /** Replaces `lastBackup` of the store's row by `at`, and leaves the rest of it alone. */
  noteBackup(at: number): Promise<void>;
  /** By name; those that are damaged, or being built (building.ts), are left out. */
  readCollections(): Promise<CollectionRow[]>;
  /** Names of the collections whose row does not match its checksum. */
  damagedCollections(): Promise<string[]>;
  readCollection(name: string): Promise<CollectionRow | undefined>;
  /** Creates it, or answers the one that is there; atomic. */
  createCollection(config: CollectionConfig): Promise<CollectionRow>;
  /**
   * Atomic: `old` goes with all it had. Rejects with `GenerationConflict`, and changes nothing, where either is not as it
   * was seen; does nothing where it was done already.
   */
  replaceCollection(replacement: Replacement): Promise<void>;
  /** Also a damaged one. */
  dropCollection(name: string): Promise<boolean>;
  /** A collection's row with the row states that belong to it: what no commit comes between. */
  readGeneration(name: string): Promise<Generation | undefined>;
  readRowStates(collection: number, segments: readonly number[]): Promise<RowStateChunk[]>;
  /** Pages [from, to) of one column, checked, in order. */
  readPages(
    collection: number,
    segment: number,
    column: Column,
    from: number,
    to: number,
  ): Promise<Uint8Array<ArrayBuffer>[]>;
  /** A page of a quarantined segment; undefined where there is nothing of it. */
  readRawPage(
    collection: number,
    segment: number,
    column: Column,
    index: number,
  ): Promise<RawPage | undefined>;
  /** Rejects with `QUOTA_EXCEEDED` where a commit of so many bytes is known to be refused for want of room. */
  checkRoom(bytes: number): Promise<void>;
  /** Resolves to the bytes that were written. */
  commit(commit: Commit): Promise<number>;
  /** One writer at a time per store, across tabs where the browser can. */
  exclusively<T>(task: () => Promise<T>): Promise<T>;
  /**
   * One merge or training at a time per store (`exclusive`), or none while several tasks read what a merge would remove
   * (`shared`); across tabs where the browser can, first come, first served. Never asked for inside `exclusively`.
   *
   * @param signal ends the waiting with `ABORTED`; the task has to look at it by itself
   */
  maintenanceLock<T>(mode: LockMode, task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /**
   * One collection of a store is embedded anew at a time, across tabs where the browser can. Never asked for inside
   * another lock; the signal ends the waiting with `ABORTED`.
   */
  reembedLock<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Deletes everything and closes. */
  destroy(): Promise<void>;
  close(): Promise<void>;
}
