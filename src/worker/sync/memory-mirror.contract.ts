import { HybridClock, toHex } from '../../shared/stamp.js';
import type {
  Descriptor,
  Entry,
  Operation,
  PushResult,
  ShardPage,
  WithVector,
} from '../../shared/sync/protocol.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import type { Applied, Conflict, Lost, Mirror, Pending, ShardCheckpoint, SyncRow } from './mirror.js';
import type { Clock, Merged } from './surroundings.js';
import type { TestCollection } from './test-collection.contract.js';

type Row = WithVector<Operation> & { readonly pushed: boolean };
type Page = ShardPage & { readonly kind: 'page' };

/** A test double: the contract of `Mirror` in the plainest way, on a map. */
export class MemoryMirror implements Mirror, TestCollection {
  row: SyncRow | undefined;
  readonly mirror = this;
  readonly rows = new Map<string, Row>();
  readonly #listeners = new Set<() => void>();
  #stamps: HybridClock;

  constructor(
    readonly device: string,
    private readonly clock: Clock,
  ) {
    this.#stamps = this.#newStamps();
  }

  #newStamps(): HybridClock {
    return new HybridClock(this.device, '', () => this.clock.now() + (this.row?.clockOffsetMs ?? 0));
  }

  #nextStamp(): string {
    return toHex(this.#stamps.next());
  }

  write(id: string, number: number): Promise<string> {
    const metadata = JSON.stringify({ number });
    return this.#edit({ kind: 'upsert', id, vector: Float32Array.of(number, 1), metadata });
  }

  remove(id: string): Promise<string> {
    return this.#edit({ kind: 'delete', id, vector: undefined });
  }

  async #edit(record: Merged): Promise<string> {
    const before = this.rows.get(record.id);
    const base = before === undefined ? '' : before.pushed ? before.stamp : before.base;
    const stamp = this.#nextStamp();
    this.rows.set(record.id, { ...record, stamp, base, pushed: false });
    this.#tell();
    return stamp;
  }

  async numbers(): Promise<Record<string, number>> {
    const live = [...this.rows.values()].filter(({ kind }) => kind === 'upsert');
    return Object.fromEntries(live.map(({ id, metadata }) => [id, JSON.parse(metadata!).number]).sort());
  }

  async optimize(): Promise<void> {}

  async begin(descriptor: Descriptor, clockOffsetMs: number): Promise<void> {
    const first = this.row === undefined;
    const checkpoint: ShardCheckpoint = { cursor: 0, epoch: '', hi: 0, floor: 0, phase: 'pull' };
    this.row = {
      descriptor,
      clockOffsetMs,
      shards: Array.from({ length: descriptor.shards }, () => checkpoint),
    };
    for (const [id, row] of this.rows) this.rows.set(id, { ...row, base: '', pushed: false });
    if (first && Math.abs(clockOffsetMs) > 60_000) await this.restamp([...this.rows.keys()]);
  }

  async setClockOffset(clockOffsetMs: number): Promise<void> {
    const { lastSyncedAt, clockOffsetMs: before } = this.row!;
    const moved = lastSyncedAt !== undefined && { lastSyncedAt: lastSyncedAt + before - clockOffsetMs };
    this.row = { ...this.row!, ...moved, clockOffsetMs };
  }

  async pending(
    { count, bytes }: { count: number; bytes: number },
    except: ReadonlySet<string>,
  ): Promise<Pending> {
    const all = [...this.rows.values()].filter(({ pushed }) => !pushed).sort(byStamp);
    const operations: Row[] = [];
    let left = bytes;
    for (const row of all.filter(({ id }) => !except.has(id)).slice(0, count)) {
      left -= row.vector?.byteLength ?? 0;
      if (left < 0 && operations.length > 0) break;
      operations.push(row);
    }
    const [oldest] = all;
    return { operations, total: all.length, ...(oldest && { oldest: oldest.stamp }) };
  }

  async settle(
    operations: readonly WithVector<Operation>[],
    results: readonly PushResult[],
    answered: Parameters<Mirror['settle']>[2],
  ): Promise<Applied> {
    const lost: Lost[] = [];
    const conflicts: Conflict[] = [];
    const taken = Object.entries(answered).flatMap(([key, { epoch, seq }]) => {
      const checkpoint = this.row!.shards[Number(key)]!;
      if (checkpoint.phase === 'repull' || (checkpoint.epoch !== '' && checkpoint.epoch !== epoch)) return [];
      this.#setCheckpoint(Number(key), { ...checkpoint, epoch, hi: Math.max(checkpoint.hi, seq) });
      return [Number(key)];
    });
    for (const [i, { id, stamp }] of operations.entries()) {
      const result = results[i]!;
      const row = this.rows.get(id);
      if (row?.stamp !== stamp || !taken.includes(this.#shardOf(id))) continue;
      if (result.status === 'ok' || result.status === 'dup') this.rows.set(id, { ...row, pushed: true });
      else if (result.status === 'conflict' && !row.pushed)
        conflicts.push({ local: row, remote: result.current });
      else if (result.status === 'stale' || result.status === 'conflict')
        this.#lose(row, result.current, lost);
      else if (result.status === 'gone') {
        this.rows.delete(id);
        if (!row.pushed && row.kind === 'upsert') lost.push({ local: row, remote: undefined });
      }
    }
    return { lost, conflicts };
  }

  #lose(row: Row, remote: WithVector<Entry>, lost: Lost[]): void {
    this.#take(remote);
    if (!row.pushed && !(row.kind === 'delete' && remote.kind === 'delete'))
      lost.push({ local: row, remote });
  }

  #take(entry: WithVector<Entry>): void {
    this.#stamps.witness(Uint8Array.from(Buffer.from(entry.stamp, 'hex')));
    this.rows.set(entry.id, { ...entry, base: '', pushed: true });
  }

  async stillPending(ids: readonly string[]): Promise<string[]> {
    return ids.filter((id) => this.rows.get(id)?.pushed === false);
  }

  async takenByDamage(): Promise<string[]> {
    return [];
  }

  async restamp(ids: readonly string[]): Promise<void> {
    const rows = ids.flatMap((id) => this.rows.get(id) ?? []).filter(({ pushed }) => !pushed);
    // What was refused was in the future: the clock goes back.
    this.#stamps = this.#newStamps();
    for (const row of rows.sort(byStamp)) this.rows.set(row.id, { ...row, stamp: this.#nextStamp() });
  }

  async resolve(merged: Merged, of: string, base: string): Promise<boolean> {
    const row = this.rows.get(merged.id);
    if (row?.stamp !== of || row.pushed) return false;
    this.#stamps.witness(Uint8Array.from(Buffer.from(base, 'hex')));
    this.rows.set(merged.id, { ...merged, stamp: this.#nextStamp(), base, pushed: false });
    this.#tell();
    return true;
  }

  async applyPage(pages: readonly Page[], from: readonly ShardCheckpoint[]): Promise<Applied | false> {
    if (!pages.every(({ shard }, i) => this.#isAt(shard, from[i]!))) return false;
    const lost: Lost[] = [];
    const conflicts: Conflict[] = [];
    for (const [i, { shard, epoch, cursor, hi, floor, entries }] of pages.entries()) {
      for (const { seq: _, bare, ...entry } of entries) {
        const row = this.rows.get(entry.id);
        if (row?.stamp === entry.stamp) this.rows.set(entry.id, { ...row, pushed: true });
        else if (bare) continue;
        else if (row === undefined || row.pushed) this.#take(entry);
        else if (this.row!.descriptor.conflict === 'compare-and-set') {
          if (row.base !== entry.stamp) conflicts.push({ local: row, remote: entry });
        } else if (row.stamp < entry.stamp) this.#lose(row, entry, lost);
      }
      this.#setCheckpoint(shard, {
        cursor,
        epoch,
        hi: Math.max(hi, this.row!.shards[shard]!.hi),
        floor: from[i]!.cursor === 0 ? floor : from[i]!.floor,
        phase: from[i]!.phase,
      });
    }
    return { lost, conflicts };
  }

  async setPhase(shard: number, from: ShardCheckpoint, to: ShardCheckpoint): Promise<boolean> {
    if (!this.#isAt(shard, from)) return false;
    this.#setCheckpoint(shard, to);
    return true;
  }

  async keys(shard: number) {
    const rows = [...this.rows.values()].filter(({ id }) => this.#shardOf(id) === shard);
    return new Map(rows.map(({ id, stamp, pushed, kind }) => [id, { stamp, pending: !pushed, kind }]));
  }

  async operations(ids: readonly string[]): Promise<WithVector<Operation>[]> {
    return ids.flatMap((id) => this.rows.get(id) ?? []);
  }

  async sweep(shard: number, from: ShardCheckpoint, seen: ReadonlySet<string>): Promise<Applied | false> {
    if (!this.#isAt(shard, from)) return false;
    for (const [id, { pushed }] of this.rows) {
      if (pushed && this.#shardOf(id) === shard && !seen.has(id)) this.rows.delete(id);
    }
    this.#setCheckpoint(shard, { ...from, phase: 'pull' });
    return { lost: [], conflicts: [] };
  }

  async noteSynced(at: number): Promise<void> {
    this.row = { ...this.row!, lastSyncedAt: at };
  }

  onPending(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** There is no other tab. */
  onFollowed(): () => void {
    return () => {};
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #shardOf(id: string): number {
    return shardOf(id, this.row!.descriptor.shards);
  }

  #isAt(shard: number, { hi: _, ...from }: ShardCheckpoint): boolean {
    const { hi: __, ...stored } = this.row!.shards[shard]!;
    return JSON.stringify(Object.entries(stored).sort()) === JSON.stringify(Object.entries(from).sort());
  }

  #setCheckpoint(shard: number, checkpoint: ShardCheckpoint): void {
    this.row = { ...this.row!, shards: this.row!.shards.with(shard, checkpoint) };
  }
}

function byStamp(a: Row, b: Row): number {
  return a.stamp < b.stamp ? -1 : 1;
}
