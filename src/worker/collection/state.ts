import { throwIfAborted, VectorStoreError } from '../../shared/errors.js';
import { fromHex, HybridClock } from '../../shared/stamp.js';
import { damageOf } from '../storage/damage-errors.js';
import {
  type CollectionRow,
  GenerationConflict,
  type QuarantinedSegment,
  type SegmentManifest,
  type Storage,
} from '../storage/storage.js';
import { type Change, type ChangedRecords, planOf } from './change.js';
import { bringsPending } from './pending-positions.js';
import { MAX_FAILURES, quarantine, readWhole, type WholeGeneration } from './quarantine.js';
import type { RowStates } from './row-states.js';
import { type Holding, SealedRows } from './sealed-rows.js';
import { SEALED_ROWS, Segment } from './segment.js';
import { viewOf } from './segment-view.js';
import type { SegmentContent } from './segment-writer.js';
import { Snapshot } from './snapshot.js';
import { Superseded } from './superseded.js';
import { Tail } from './tail.js';

/** A commit that is durable and can be read. */
export interface Committed {
  readonly generation: number;
  readonly records: readonly ChangedRecords[];
  readonly milliseconds: number;
}

/** Is told of segments that were found damaged, here or in another tab. */
export type OnQuarantine = (segments: readonly QuarantinedSegment[]) => void;

export interface CommitOptions {
  readonly durability: 'disk' | 'memory';
  readonly signal?: AbortSignal | undefined;
  /** The caller holds `storage.exclusively`. */
  readonly isLocked?: boolean;
}

/**
 * The current snapshot of one collection, and the only place that replaces it.
 *
 * Lock rule: a commit runs inside `storage.exclusively`; within it, `build` sees the snapshot that the commit is
 * compared against. Memory changes only after storage has committed.
 */
export class CollectionState {
  readonly #clock: HybridClock;
  #snapshot: Snapshot;
  #closed: VectorStoreError | undefined;
  #bytesWritten = 0;
  readonly #giveBack: () => void;
  readonly #pendingListeners = new Set<() => void>();
  readonly #followedListeners = new Set<() => void>();
  readonly #publishedListeners = new Set<() => void>();
  /** No longer in the current snapshot; an older search may still be using them. */
  readonly #retired = new Set<SealedRows>();

  private constructor(
    private readonly storage: Storage,
    private readonly holding: Holding,
    snapshot: Snapshot,
    readonly deviceId: string,
    private readonly onCommit: (committed: Committed) => void,
    private readonly onQuarantine: OnQuarantine,
    /** Milliseconds since 1970 by this device, right or wrong. */
    readonly deviceNow: () => number,
  ) {
    this.#snapshot = snapshot;
    this.#giveBack = holding.memory.reserve(Tail.mostBytes(snapshot.row.config.dimension));
    this.#clock = new HybridClock(deviceId, snapshot.row.clock, () => this.now());
  }

  static async open(
    storage: Storage,
    holding: Holding,
    row: CollectionRow,
    deviceId: string,
    onCommit: (committed: Committed) => void,
    onQuarantine: OnQuarantine = () => {},
    deviceNow = Date.now,
  ): Promise<CollectionState> {
    const generation = await readWhole(storage, row.config.name);
    if (generation?.row.id !== row.id) throw droppedError(row.config.name);
    const snapshot = snapshotOf(storage, holding, generation, undefined);
    const state = new CollectionState(
      storage,
      holding,
      snapshot,
      deviceId,
      onCommit,
      onQuarantine,
      deviceNow,
    );
    state.#reportQuarantine(row, snapshot.row);
    return state;
  }

  get current(): Snapshot {
    this.#checkOpen();
    return this.#snapshot;
  }

  /** Bytes this worker has written for the collection. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Rejects with `QUOTA_EXCEEDED` where a commit of so many bytes is known to have no room. */
  checkRoom(bytes: number): Promise<void> {
    return this.storage.checkRoom(bytes);
  }

  /** Milliseconds since 1970 by the server's clock, as far as it is known. */
  now(): number {
    return this.deviceNow() + (this.#snapshot.row.sync?.clockOffsetMs ?? 0);
  }

  /** A stamp greater than all before; call it while committing. */
  nextStamp(): Uint8Array<ArrayBuffer> {
    return this.#clock.next();
  }

  /** Makes all later stamps greater than this one. */
  witness(stamp: Uint8Array): void {
    this.#clock.witness(stamp);
  }

  /** A clock of its own that goes on from a stamp: for a change that says where the clock goes on from. */
  clockFrom(last: Uint8Array<ArrayBuffer>): HybridClock {
    const clock = new HybridClock(this.deviceId, '', () => this.now());
    clock.set(last);
    return clock;
  }

  /** The stamp that was handed out last. */
  lastStamp(): Uint8Array<ArrayBuffer> {
    return this.#clock.last();
  }

  /**
   * Runs a read on one snapshot. Where another tab (or a compaction) has removed what it was about to read, the
   * read starts again on the newer snapshot; where it is damaged, without the segment.
   */
  async read<T>(task: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    for (let failures = 0; ; ) {
      const snapshot = this.current;
      for (const { sealed } of snapshot.views) if (sealed !== undefined) sealed.users++;
      try {
        return await task(snapshot);
      } catch (error) {
        if (!(error instanceof VectorStoreError) || error.code !== 'CORRUPT') throw error;
        if (await this.#isCurrent(snapshot)) failures = await this.#quarantine(snapshot, error, failures);
      } finally {
        for (const { sealed } of snapshot.views) if (sealed !== undefined) sealed.users--;
        this.#releaseUnused();
      }
    }
  }

  /**
   * Commits what `build` makes of the snapshot; `undefined`: there is nothing to do. Where another tab committed
   * first, `build` is asked again with what is there now.
   */
  commit(
    build: (snapshot: Snapshot) => Promise<Change | undefined>,
    { durability, signal, isLocked = false }: CommitOptions,
  ): Promise<Snapshot> {
    const commit = async () => {
      for (let failures = 0; ; ) {
        throwIfAborted(signal);
        const snapshot = this.current;
        let change: Change | undefined;
        try {
          change = await build(snapshot);
        } catch (error) {
          // Another tab may have made it right meanwhile.
          if (await this.#isCurrent(snapshot)) failures = await this.#quarantine(snapshot, error, failures);
          continue;
        }
        throwIfAborted(signal);
        if (change === undefined) {
          if (await this.#isCurrent(snapshot)) return snapshot;
          continue;
        }
        try {
          return await this.#apply(snapshot, change, durability);
        } catch (error) {
          if (!(error instanceof GenerationConflict)) throw error;
          await this.catchUp();
        }
      }
    };
    return isLocked ? commit() : this.storage.exclusively(commit);
  }

  /**
   * Takes the segment out that the error tells to be damaged; rejects with every other error.
   *
   * @param failures how often that was in vain
   */
  async #quarantine(snapshot: Snapshot, error: unknown, failures: number): Promise<number> {
    const damage = damageOf(error);
    if (damage === undefined || failures === MAX_FAILURES) throw error;
    const began = performance.now();
    const row = await quarantine(this.storage, snapshot.row, damage);
    await this.refresh();
    const count = (of: CollectionRow) => of.quarantined?.length ?? 0;
    if (row?.generation === snapshot.generation + 1 && count(row) > count(snapshot.row)) {
      this.onCommit({ generation: row.generation, records: [], milliseconds: performance.now() - began });
    }
    return snapshot === this.#snapshot ? failures + 1 : 0;
  }

  #reportQuarantine(before: CollectionRow, after: CollectionRow): void {
    const known = new Set(before.quarantined?.map(({ manifest }) => manifest.id));
    const found = after.quarantined?.filter(({ manifest }) => !known.has(manifest.id)) ?? [];
    if (found.length > 0) this.onQuarantine(found);
  }

  /** Whether no tab has committed since; otherwise catches up. */
  async #isCurrent(snapshot: Snapshot): Promise<boolean> {
    if (snapshot === this.#snapshot) await this.refresh();
    return snapshot === this.#snapshot;
  }

  /** Calls back after each commit, here or in another tab, that brings a segment of which something is pending. */
  onPending(listener: () => void): () => void {
    this.#pendingListeners.add(listener);
    return () => this.#pendingListeners.delete(listener);
  }

  /** Calls back after commits of another tab were caught up with. */
  onFollowed(listener: () => void): () => void {
    this.#followedListeners.add(listener);
    return () => this.#followedListeners.delete(listener);
  }

  /** Calls back after each new snapshot, whoever has committed it. */
  onPublished(listener: () => void): void {
    this.#publishedListeners.add(listener);
  }

  /** Catches up with commits of other tabs. */
  async refresh(): Promise<void> {
    const { name } = this.current.row.config;
    const row = await this.storage.readCollection(name);
    if (row?.id !== this.#snapshot.row.id || row.generation > this.#snapshot.generation) await this.catchUp();
  }

  /** As `refresh`, where it is known that there is something new. */
  async catchUp(): Promise<void> {
    const { name } = this.current.row.config;
    const generation = await readWhole(this.storage, name);
    if (generation?.row.id !== this.#snapshot.row.id) {
      const isReplaced = generation?.row.replaced?.includes(this.#snapshot.row.id);
      this.close(isReplaced ? new Superseded(name) : droppedError(name));
      this.#checkOpen();
    } else if (generation.row.generation > this.#snapshot.generation) {
      // Not only witnessed: where stamps were corrected, it has gone back.
      const { clock } = generation.row;
      if (clock !== '') this.#clock.set(fromHex(clock));
      this.#publish(snapshotOf(this.storage, this.holding, generation, this.#snapshot));
      for (const listener of [...this.#followedListeners]) listener();
    }
  }

  /** Every later call rejects with `reason`. */
  close(reason: VectorStoreError): void {
    this.#closed ??= reason;
    this.#retireAll();
    this.#giveBack();
  }

  #retireAll(): void {
    for (const { sealed } of this.#snapshot.views) {
      if (sealed !== undefined) this.#retired.add(sealed);
    }
    this.#releaseUnused();
  }

  async #apply(snapshot: Snapshot, change: Change, durability: 'disk' | 'memory'): Promise<Snapshot> {
    const began = performance.now();
    const { row } = snapshot;
    const { next, views, added, ...rest } = planOf(snapshot, change, this.#clock.last());
    this.#bytesWritten += await this.storage.commit({
      collection: row.id,
      expectedGeneration: row.generation,
      next,
      ...rest,
      durability,
    });
    const milliseconds = performance.now() - began;
    if (change.clock !== undefined) this.#clock.set(change.clock);
    const all =
      added === undefined
        ? views
        : [...views, this.#viewOfNew(row, added.manifest, change.content!, added.states)];
    const published = new Snapshot(next, all, snapshot);
    this.#publish(published);
    // While the lock is held: so the tabs are told in the order of generations.
    this.onCommit({ generation: next.generation, records: change.records ?? [], milliseconds });
    return published;
  }

  #viewOfNew(row: CollectionRow, manifest: SegmentManifest, content: SegmentContent, states: RowStates) {
    const segment = new Segment(this.storage, row.id, manifest, row.config.dimension);
    segment.remember(content);
    const sealed =
      manifest.rows < SEALED_ROWS
        ? undefined
        : new SealedRows(segment, row.config.metric, this.holding, {
            vectors: content.vectors,
            lists: content.index?.lists,
          });
    return viewOf(segment, states, sealed);
  }

  #publish(next: Snapshot): void {
    this.#reportQuarantine(this.#snapshot.row, next.row);
    // A refresh and a commit may have brought the same, or the younger one first.
    const [newer, older] =
      next.generation <= this.#snapshot.generation ? [this.#snapshot, next] : [next, this.#snapshot];
    const kept = new Set(newer.views.map((view) => view.sealed));
    for (const { sealed } of older.views) {
      if (sealed !== undefined && !kept.has(sealed)) this.#retired.add(sealed);
    }
    this.#snapshot = newer;
    if (newer === next && this.#pendingListeners.size > 0 && bringsPending(older, newer)) {
      for (const listener of [...this.#pendingListeners]) listener();
    }
    if (newer === next) for (const listener of this.#publishedListeners) listener();
    // What was under way when it was closed has brought rows that nobody will search.
    if (this.#closed === undefined) this.#releaseUnused();
    else this.#retireAll();
  }

  /** Gives back the memory of segments that no search uses any more. */
  #releaseUnused(): void {
    for (const sealed of this.#retired) {
      if (sealed.users > 0) continue;
      this.#retired.delete(sealed);
      void sealed.release();
    }
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }
}

/** Segments that `previous` has already are taken over. */
function snapshotOf(
  storage: Storage,
  holding: Holding,
  { row, states }: WholeGeneration,
  previous: Snapshot | undefined,
): Snapshot {
  const known = new Map(previous?.views.map((view) => [view.segment.id, view]));
  const views = row.segments.map((manifest) => {
    const segment =
      known.get(manifest.id)?.segment.listedAs(manifest) ??
      new Segment(storage, row.id, manifest, row.config.dimension);
    const sealed =
      known.get(manifest.id)?.sealed ??
      (manifest.rows < SEALED_ROWS
        ? undefined
        : new SealedRows(segment, row.config.metric, holding, undefined));
    return viewOf(segment, states.get(manifest.id)!, sealed);
  });
  return new Snapshot(row, views, previous);
}

export function droppedError(name: string): VectorStoreError {
  return new VectorStoreError(
    'CLOSED',
    `Collection "${name}" has been dropped, here or in another tab. There is nothing left to work on. ` +
      'Call store.collection() to create it anew.',
  );
}
