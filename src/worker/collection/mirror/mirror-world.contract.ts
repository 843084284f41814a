import { expect } from 'vitest';
import type {
  Descriptor,
  Entry,
  Operation,
  ShardPage,
  Stamp,
  WithVector,
} from '../../../shared/sync/protocol.js';
import type { Storage } from '../../storage/storage.js';
import { countUnsynced } from '../../storage/unsynced.js';
import type { Mirror, ShardCheckpoint } from '../../sync/mirror.js';
import type { CollectionEngine } from '../collection-engine.js';
import { CONFIG, clientOf, type HoldingOptions, openEngine } from '../engine.contract.js';
import type { Train } from '../list-order.js';

// What tests of mirrors share: a collection with its mirror, and a server's side of the talk.

const OTHER_DEVICE = 'ee'.repeat(8);
/** After all clocks of the tests. */
export const LATER = Date.UTC(2100, 0);

export function descriptorOf(more: Partial<Descriptor> = {}): Descriptor {
  const { name: _, conflict: __, ...config } = CONFIG;
  return {
    ...config,
    id: '1d'.repeat(16),
    shards: 1,
    conflict: 'last-writer-wins',
    tombstoneLifeMs: 1_000,
    ...more,
  };
}

/** A stamp of another device. */
export function stampAt(milliseconds: number, counter = 0, device = OTHER_DEVICE): Stamp {
  return milliseconds.toString(16).padStart(12, '0') + counter.toString(16).padStart(4, '0') + device;
}

export function msOf(stamp: Stamp): number {
  return Number.parseInt(stamp.slice(0, 12), 16);
}

export function upserted(id: string, stamp: Stamp, x = 9, metadata?: unknown): WithVector<Entry> {
  const more = metadata === undefined ? {} : { metadata: JSON.stringify(metadata) };
  return { kind: 'upsert', id, stamp, vector: Float32Array.of(x, 1), ...more };
}

export function deleted(id: string, stamp: Stamp): WithVector<Entry> {
  return { kind: 'delete', id, stamp, vector: undefined };
}

/** The page that follows a checkpoint. */
export function pageAfter(
  { cursor, epoch, floor }: ShardCheckpoint,
  entries: readonly (WithVector<Entry> & { readonly bare?: boolean })[],
  more: Partial<ShardPage & { kind: 'page' }> = {},
): ShardPage & { kind: 'page' } {
  const to = cursor + entries.length;
  return {
    kind: 'page',
    shard: 0,
    epoch: epoch || 'e1',
    cursor: to,
    hi: to,
    floor,
    more: false,
    entries: entries.map((entry, i) => ({ ...entry, seq: cursor + i + 1 })),
    ...more,
  };
}

export type Notes = Awaited<ReturnType<typeof openNotes>>;

export async function openNotes(storage: Storage, holding: HoldingOptions = {}, train?: Train) {
  const opened = await openEngine(storage, CONFIG, undefined, train && 1, train, {
    // Not the function itself: tests put another in its place.
    now: () => Date.now(),
    ...holding,
  });
  const { engine } = opened;
  const { mirror } = engine;
  return { ...opened, mirror, storage, ...clientOf(engine), ...serverOf(mirror), look: () => look(engine) };
}

/** Shorthand for a collection of one shard. */
function serverOf(mirror: Mirror) {
  const pull = (
    entries: readonly (WithVector<Entry> & { readonly bare?: boolean })[],
    more: Partial<ShardPage & { kind: 'page' }> = {},
  ) => {
    const from = mirror.row!.shards[0]!;
    return mirror.applyPage([pageAfter(from, entries, more)], [from]);
  };
  const pending = async (count = 1_000, bytes = 1e9) =>
    (await mirror.pending({ count, bytes }, new Set())).operations;
  /** Everything that is pending is acknowledged. */
  const pushAll = async () => {
    const operations = await pending();
    const { epoch, hi } = mirror.row!.shards[0]!;
    const shards = { 0: { epoch: epoch || 'e1', seq: hi + operations.length } };
    await mirror.settle(
      operations,
      operations.map(() => ({ status: 'ok' })),
      shards,
    );
    return operations;
  };
  const settle = (
    operations: readonly WithVector<Operation>[],
    ...results: Parameters<Mirror['settle']>[1]
  ) => mirror.settle(operations, results, { 0: { epoch: mirror.row!.shards[0]!.epoch || 'e1', seq: 1 } });
  return { pull, pending, pushAll, settle };
}

/** What there is of each id: its kind, stamp and base, whether it is pending, and the first number of its vector. */
export async function look(engine: CollectionEngine) {
  const { mirror } = engine;
  const found: Record<
    string,
    { kind: string; stamp: Stamp; base: string; pending: boolean; x?: number | undefined }
  > = {};
  for (let shard = 0; shard < mirror.row!.descriptor.shards; shard++) {
    for (const [id, { kind, stamp, pending }] of await mirror.keys(shard)) {
      if (found[id] !== undefined) throw new Error(`${id} is there twice`);
      found[id] = { kind, stamp, pending, base: '' };
    }
  }
  for (const { id, base, vector } of await mirror.operations(Object.keys(found))) {
    found[id]!.base = base;
    if (vector !== undefined) found[id]!.x = vector[0];
  }
  return found;
}

/** What `status().unsynced` counts for the collection, read from storage. */
export async function unsyncedIn(storage: Storage, name = CONFIG.name): Promise<number> {
  const { row, rowStates } = (await storage.readGeneration(name))!;
  return countUnsynced(row, rowStates);
}

/** Gives a new store, and connections to it. */
export type Connect = () => Promise<() => Promise<Storage>>;

/** A collection that syncs; `again`: the same one, opened anew. */
export async function begunNotes(connect: Connect, more: Partial<Descriptor> = {}) {
  const again = await connect();
  const notes = await openNotes(await again());
  await notes.mirror.begin(descriptorOf(more), 0);
  return { ...notes, again: async () => openNotes(await again()) };
}

/** What is on disk is what is in memory. */
export async function expectSame(one: Pick<Notes, 'look'>, other: Pick<Notes, 'look'>): Promise<void> {
  expect(await other.look()).toEqual(await one.look());
}
