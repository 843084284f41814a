import type {
  Descriptor,
  Entry,
  Operation,
  PushResult,
  ShardPage,
  Stamp,
  WithVector,
} from '../../shared/sync/protocol.js';
import type { Applied, Mirror, Pending, ShardCheckpoint, SyncRow } from '../sync/mirror.js';
import type { Bound } from './eviction.js';
import { applyPage } from './mirror/apply-page.js';
import { begin, setClockOffset } from './mirror/begin.js';
import { isAt, movedTo, withShards } from './mirror/checkpoints.js';
import { type Local, localsOf, readOperations } from './mirror/local.js';
import { type Bounds, pendingOperations } from './mirror/pending.js';
import { resolve, restamp } from './mirror/rewrite.js';
import { type Acknowledged, settle } from './mirror/settle.js';
import { walkShard } from './mirror/shard-walk.js';
import { sweep } from './mirror/sweep.js';
import type { CollectionState } from './state.js';

/** What a replicator does to the local collection. */
export class CollectionMirror implements Mirror {
  constructor(
    private readonly state: CollectionState,
    private readonly bound: Bound,
  ) {}

  get row(): SyncRow | undefined {
    return this.state.current.row.sync;
  }

  get device(): string {
    return this.state.deviceId;
  }

  begin(descriptor: Descriptor, clockOffsetMs: number): Promise<void> {
    return begin(this.state, descriptor, clockOffsetMs);
  }

  setClockOffset(clockOffsetMs: number): Promise<void> {
    return setClockOffset(this.state, clockOffsetMs);
  }

  pending(bounds: Bounds, except: ReadonlySet<string>): Promise<Pending> {
    return this.state.read((snapshot) => pendingOperations(snapshot, bounds, except));
  }

  settle(
    operations: readonly WithVector<Operation>[],
    results: readonly PushResult[],
    shards: Acknowledged,
  ): Promise<Applied> {
    return settle(this.state, operations, results, shards);
  }

  stillPending(ids: readonly string[]): Promise<string[]> {
    return this.state.read(async (snapshot) => {
      const locals = await localsOf(snapshot, ids);
      return ids.filter((_, i) => locals[i]?.isPending);
    });
  }

  takenByDamage(ids: readonly string[], written: Stamp): Promise<string[]> {
    return this.state.read(async (snapshot) => {
      if (snapshot.row.quarantined === undefined) return [];
      const locals = await localsOf(snapshot, ids);
      const isThere = (local: Local | undefined) => local !== undefined && local.stamp >= written;
      return ids.filter((_, i) => !isThere(locals[i]));
    });
  }

  restamp(ids: readonly string[]): Promise<void> {
    return restamp(this.state, ids);
  }

  resolve(merged: WithVector<Omit<Entry, 'stamp'>>, of: Stamp, base: Stamp): Promise<boolean> {
    return resolve(this.state, merged, of, base);
  }

  applyPage(
    pages: readonly (ShardPage & { kind: 'page' })[],
    from: readonly ShardCheckpoint[],
  ): Promise<Applied | false> {
    return applyPage(this.state, this.bound, pages, from);
  }

  async setPhase(shard: number, from: ShardCheckpoint, to: ShardCheckpoint): Promise<boolean> {
    let isSet = false;
    await this.state.commit(
      async ({ row: { sync } }) => {
        isSet = sync !== undefined && isAt(sync, shard, from);
        if (sync === undefined || !isSet) return undefined;
        return { sync: withShards(sync, new Map([[shard, movedTo(sync.shards[shard]!, from, to)]])) };
      },
      { durability: 'memory' },
    );
    return isSet;
  }

  keys(
    shard: number,
  ): Promise<
    Map<string, { readonly stamp: Stamp; readonly pending: boolean; readonly kind: Entry['kind'] }>
  > {
    return this.state.read(async (snapshot) => {
      const keys: Awaited<ReturnType<Mirror['keys']>> = new Map();
      await walkShard(snapshot, shard, ({ id, stamp, kind, isPending }) =>
        keys.set(id, { stamp, kind, pending: isPending }),
      );
      return keys;
    });
  }

  operations(ids: readonly string[]): Promise<WithVector<Operation>[]> {
    return this.state.read(async (snapshot) => {
      const locals = await localsOf(snapshot, ids);
      return readOperations(
        snapshot,
        locals.filter((local): local is Local => local !== undefined),
      );
    });
  }

  sweep(shard: number, from: ShardCheckpoint, seen: ReadonlySet<string>): Promise<Applied | false> {
    return sweep(this.state, shard, from, seen);
  }

  async noteSynced(at: number): Promise<void> {
    await this.state.commit(async ({ row: { sync } }) => sync && { sync: { ...sync, lastSyncedAt: at } }, {
      durability: 'memory',
    });
  }

  onPending(listener: () => void): () => void {
    return this.state.onPending(listener);
  }

  onFollowed(listener: () => void): () => void {
    return this.state.onFollowed(listener);
  }
}
