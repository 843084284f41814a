import { afterEach, describe, expect, it } from 'vitest';
import type { CollectionConfig } from '../../shared/types.js';
import {
  type CollectionRow,
  type Column,
  type Commit,
  FORMAT,
  GenerationConflict,
  type Page,
  type RowStateChunk,
  type SegmentManifest,
  type Storage,
} from './storage.js';

/** A way to reach stores by name; connections of one name see the same data. */
export interface StorageKind {
  readonly name: string;
  connect(store: string): Storage;
}

export const CONFIG: CollectionConfig = { name: 'notes', dimension: 2, metric: 'cosine' };

let stores = 0;

export function uniqueStoreName(): string {
  return `contract-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}-${stores++}`;
}

export function bytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 101) & 0xff);
}

export function page(
  segment: number,
  column: Column,
  index: number,
  data = bytes(40, segment + index),
): Page {
  return { segment, column, index, bytes: data };
}

export function deadBits(segment: number, chunk: number, ...dead: number[]): RowStateChunk {
  return { segment, chunk, dead: Uint8Array.from(dead) };
}

/** A commit on top of `row` that adds the segments of `pages` and drops `removed`. */
export function commitOn(
  row: CollectionRow,
  { pages = [], rowStates = [], removed = [], durability = 'disk' }: Partial<CommitParts>,
): Commit {
  const added = [...new Set(pages.map(({ segment }) => segment))];
  const segments = [
    ...row.segments.filter(({ id }) => !removed.includes(id)),
    ...added.map((id) => manifestOf(id, pages)),
  ];
  const nextSegment = Math.max(row.nextSegment, ...added.map((id) => id + 1));
  return {
    collection: row.id,
    expectedGeneration: row.generation,
    next: { ...row, generation: row.generation + 1, nextSegment, segments },
    pages,
    rowStates,
    removedSegments: row.segments.filter(({ id }) => removed.includes(id)),
    durability,
  };
}

interface CommitParts {
  readonly pages: readonly Page[];
  readonly rowStates: readonly RowStateChunk[];
  readonly removed: readonly number[];
  readonly durability: 'disk' | 'memory';
}

function manifestOf(id: number, pages: readonly Page[]): SegmentManifest {
  const columns: { [column in Column]?: { starts: number[]; bytes: number } } = {};
  for (const { segment, column, index, bytes: data } of pages) {
    if (segment !== id) continue;
    const own = (columns[column] ??= { starts: [], bytes: 0 });
    own.starts.push(index * 8);
    own.bytes += data.length;
  }
  const total = Object.values(columns).reduce((sum, column) => sum + column.bytes, 0);
  return { id, rows: 8, tombstones: 0, columns, bytes: total };
}

/** Bytes that no implementation can store: their buffer has been given away. */
function detached(): Uint8Array<ArrayBuffer> {
  const data = bytes(64);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  return data;
}

/** Everything of the collection that a reader can see, given the segments and chunks that may exist. */
export async function visible(storage: Storage, segments: readonly number[]) {
  const row = await storage.readCollection(CONFIG.name);
  const id = row?.id ?? 1;
  const pages: Record<string, number[] | string> = {};
  for (const segment of segments) {
    for (const column of ['vectors', 'ids'] as const) {
      for (const index of [0, 1, 2]) {
        pages[`${segment}/${column}/${index}`] = await storage
          .readPages(id, segment, column, index, index + 1)
          .then(([data]) => [...(data ?? [])])
          .catch((error: { code?: string }) => error.code ?? String(error));
      }
    }
  }
  const states = await storage.readRowStates(id, segments);
  return { row, pages, states: states.map((chunk) => ({ ...chunk, dead: [...chunk.dead] })) };
}

export function describeStorage({ name, connect }: StorageKind): void {
  describe(`${name} keeps the contract of Storage`, () => {
    const opened: Storage[] = [];

    const open = async (store = uniqueStoreName()) => {
      const storage = connect(store);
      opened.push(storage);
      await storage.open();
      return storage;
    };
    const openWithCollection = async () => {
      const storage = await open();
      return { storage, row: await storage.createCollection(CONFIG) };
    };
    /** A store whose segment 0 has two columns, and dead rows. */
    const openWithSegment = async () => {
      const { storage, row } = await openWithCollection();
      const pages = [page(0, 'vectors', 0), page(0, 'vectors', 1), page(0, 'ids', 0)];
      await storage.commit(commitOn(row, { pages, rowStates: [deadBits(0, 0, 5)] }));
      return { storage, row: (await storage.readCollection(CONFIG.name))! };
    };

    afterEach(async () => {
      for (const storage of opened.splice(0)) await storage.destroy();
    });

    it('opens an empty store, with ids of its own and the format that this release writes', async () => {
      const [one, two] = [await open(), await open()];
      const [a, b] = [await one.readStore(), await two.readStore()];
      expect(a).toMatchObject({ format: FORMAT, nextCollection: 1 });
      expect(a.databaseId).toMatch(/^[0-9a-f]{32}$/);
      expect(a.deviceId).toMatch(/^[0-9a-f]{16}$/);
      expect(b.databaseId).not.toBe(a.databaseId);
      expect(b.deviceId).not.toBe(a.deviceId);
      expect(await one.readCollections()).toEqual([]);
      expect(await one.readCollection(CONFIG.name)).toBeUndefined();
    });

    it('creates a collection once: the second call, later or at the same time, answers the same row', async () => {
      const storage = await open();
      const rows = await Promise.all([storage.createCollection(CONFIG), storage.createCollection(CONFIG)]);
      const later = await storage.createCollection({ ...CONFIG, dimension: 99 });
      expect(rows[0]).toEqual({
        id: 1,
        config: CONFIG,
        generation: 0,
        nextSegment: 0,
        segments: [],
        clock: '',
      });
      expect(rows[1]).toEqual(rows[0]);
      expect(later).toEqual(rows[0]);
      const other = await storage.createCollection({ ...CONFIG, name: 'other' });
      expect(other.id).toBe(2);
      expect((await storage.readStore()).nextCollection).toBe(3);
    });

    it('lists collections in the order of name', async () => {
      const storage = await open();
      for (const collection of ['b', 'a', 'B', 'a.b', 'Z-1', '0'])
        await storage.createCollection({ ...CONFIG, name: collection });
      const names = (await storage.readCollections()).map((row) => row.config.name);
      expect(names).toEqual(['0', 'B', 'Z-1', 'a', 'a.b', 'b']);
    });

    it('S1 makes all of a commit visible: pages in order, row states, the row', async () => {
      const { storage, row } = await openWithCollection();
      const pages = [
        page(0, 'vectors', 0, bytes(32, 7)),
        page(0, 'vectors', 1, bytes(16, 8)),
        page(0, 'vectors', 2, bytes(0)),
        page(0, 'ids', 0, bytes(9, 9)),
      ];
      const rowStates = [deadBits(0, 0, 1, 2), deadBits(0, 1, 3)];
      const commit = commitOn(row, { pages, rowStates });
      await storage.commit(commit);
      expect(await storage.readCollection(CONFIG.name)).toEqual(commit.next);
      expect(await storage.readCollections()).toEqual([commit.next]);
      expect(await storage.readPages(row.id, 0, 'vectors', 0, 3)).toEqual([
        bytes(32, 7),
        bytes(16, 8),
        bytes(0),
      ]);
      expect(await storage.readPages(row.id, 0, 'vectors', 1, 2)).toEqual([bytes(16, 8)]);
      expect(await storage.readPages(row.id, 0, 'ids', 0, 1)).toEqual([bytes(9, 9)]);
      expect(await storage.readPages(row.id, 0, 'ids', 0, 0)).toEqual([]);
      expect(await storage.readRowStates(row.id, [0])).toEqual(rowStates);
      expect(await storage.readRowStates(row.id, [1, 2])).toEqual([]);
    });

    it('tells the bytes that were written: pages and row states', async () => {
      const { storage, row } = await openWithCollection();
      const pages = [page(0, 'vectors', 0, bytes(1000)), page(0, 'ids', 0, bytes(24))];
      expect(await storage.commit(commitOn(row, { pages, rowStates: [deadBits(0, 0, 1, 2, 3)] }))).toBe(1027);
    });

    it.each([0, 1, 2])('S1 leaves everything as it was where page %i of 3 cannot be stored', async (bad) => {
      const { storage, row } = await openWithSegment();
      const before = await visible(storage, [0, 1]);
      const pages = [page(1, 'vectors', 0), page(1, 'vectors', 1), page(1, 'ids', 0)];
      pages[bad] = { ...pages[bad]!, bytes: detached() };
      const commit = commitOn(row, {
        pages,
        rowStates: [deadBits(0, 0, 255), deadBits(1, 0, 1)],
        removed: [0],
      });
      await expect(storage.commit(commit)).rejects.toThrow();
      expect(await visible(storage, [0, 1])).toEqual(before);
      // And the store still works.
      await storage.commit(commitOn(row, { pages: [page(1, 'vectors', 0)] }));
      expect((await storage.readCollection(CONFIG.name))!.generation).toBe(row.generation + 1);
    });

    it('S1 replaces row states chunk by chunk', async () => {
      const { storage, row } = await openWithSegment();
      await storage.commit(commitOn(row, { rowStates: [deadBits(0, 0, 7), deadBits(0, 3, 1)] }));
      expect(await storage.readRowStates(row.id, [0])).toEqual([deadBits(0, 0, 7), deadBits(0, 3, 1)]);
    });

    it('S2 lets one of two commits on the same generation win; nothing of the other is there', async () => {
      const store = uniqueStoreName();
      const [one, two] = [await open(store), await open(store)];
      const row = await one.createCollection(CONFIG);
      const first = commitOn(row, { pages: [page(0, 'vectors', 0, bytes(8, 1))] });
      const second = commitOn(row, { pages: [page(5, 'ids', 0)], rowStates: [deadBits(5, 0, 1)] });
      const ends = await Promise.allSettled([one.commit(first), two.commit(second)]);
      expect(ends.map((end) => end.status)).toEqual(['fulfilled', 'rejected']);
      const conflict = (ends[1] as PromiseRejectedResult).reason as GenerationConflict;
      expect(conflict).toBeInstanceOf(GenerationConflict);
      expect({ expected: conflict.expected, found: conflict.found }).toEqual({ expected: 0, found: 1 });
      for (const storage of [one, two]) {
        expect(await storage.readCollection(CONFIG.name)).toEqual(first.next);
        expect(await storage.readPages(row.id, 0, 'vectors', 0, 1)).toEqual([bytes(8, 1)]);
        expect(await storage.readRowStates(row.id, [5])).toEqual([]);
        await expect(storage.readPages(row.id, 5, 'ids', 0, 1)).rejects.toMatchObject({ code: 'CORRUPT' });
      }
      // Built again on what is there now, it goes through.
      await two.commit(commitOn(first.next, { pages: [page(1, 'ids', 0)] }));
      expect((await one.readCollection(CONFIG.name))!.segments.map(({ id }) => id)).toEqual([0, 1]);
    });

    it('S2 counts every increment of two writers that retry on conflict', async () => {
      const store = uniqueStoreName();
      const [one, two] = [await open(store), await open(store)];
      await one.createCollection(CONFIG);
      const write = async (storage: Storage, times: number) => {
        for (let done = 0; done < times; ) {
          const row = (await storage.readCollection(CONFIG.name))!;
          try {
            await storage.commit(commitOn(row, { pages: [page(row.nextSegment, 'ids', 0)] }));
            done++;
          } catch (error) {
            if (!(error instanceof GenerationConflict)) throw error;
          }
        }
      };
      await Promise.all([write(one, 15), write(two, 15)]);
      const row = (await one.readCollection(CONFIG.name))!;
      expect({ generation: row.generation, segments: row.segments.length }).toEqual({
        generation: 30,
        segments: 30,
      });
    });

    it('S2 refuses a commit to a collection that was dropped, or dropped and created anew', async () => {
      const { storage, row } = await openWithSegment();
      await storage.dropCollection(CONFIG.name);
      const commit = commitOn(row, { pages: [page(1, 'ids', 0)] });
      const refusal = { name: 'GenerationConflict', found: undefined };
      await expect(storage.commit(commit)).rejects.toMatchObject(refusal);
      const anew = await storage.createCollection(CONFIG);
      // Not even where the generation happens to be the same.
      await expect(storage.commit({ ...commit, expectedGeneration: 0 })).rejects.toMatchObject(refusal);
      expect(await storage.readCollection(CONFIG.name)).toEqual(anew);
    });

    it('keeps pages apart from the arrays they were made of and from those it hands out', async () => {
      const { storage, row } = await openWithCollection();
      const whole = bytes(100, 3);
      const expected = whole.slice(20, 60);
      await storage.commit(
        commitOn(row, { pages: [{ ...page(0, 'vectors', 0), bytes: whole.subarray(20, 60) }] }),
      );
      whole.fill(0);
      const [first] = await storage.readPages(row.id, 0, 'vectors', 0, 1);
      expect(first).toEqual(expected);
      first!.fill(255);
      expect(await storage.readPages(row.id, 0, 'vectors', 0, 1)).toEqual([expected]);
    });

    it('keeps row states apart from the arrays they were made of and from those it hands out', async () => {
      const { storage, row } = await openWithCollection();
      const state = deadBits(0, 0, 1, 2);
      await storage.commit(commitOn(row, { pages: [page(0, 'ids', 0)], rowStates: [state] }));
      state.dead.fill(0);
      const [read] = await storage.readRowStates(row.id, [0]);
      expect(read).toEqual(deadBits(0, 0, 1, 2));
      read!.dead.fill(255);
      expect(await storage.readRowStates(row.id, [0])).toEqual([deadBits(0, 0, 1, 2)]);
    });

    it('removes pages and row states of a segment in the commit that unlists it, and no others', async () => {
      const { storage, row } = await openWithSegment();
      const pages = [page(1, 'ids', 0, bytes(5)), page(10, 'ids', 0, bytes(6))];
      await storage.commit(commitOn(row, { pages, rowStates: [deadBits(10, 0, 9)] }));
      const grown = (await storage.readCollection(CONFIG.name))!;
      await storage.commit(commitOn(grown, { removed: [0, 1] }));
      for (const [segment, column] of [
        [0, 'vectors'],
        [0, 'ids'],
        [1, 'ids'],
      ] as const) {
        await expect(storage.readPages(row.id, segment, column, 0, 1)).rejects.toMatchObject({
          code: 'CORRUPT',
        });
      }
      expect(await storage.readPages(row.id, 10, 'ids', 0, 1)).toEqual([bytes(6)]);
      expect(await storage.readRowStates(row.id, [0, 1, 10])).toEqual([deadBits(10, 0, 9)]);
    });

    it.each([
      ['of an unknown segment', 7, 'vectors', 0, 1],
      ['of an unknown column', 0, 'texts', 0, 1],
      ['beyond the last', 0, 'vectors', 1, 3],
    ] as const)('S4 rejects a page %s with CORRUPT', async (_, segment, column, from, to) => {
      const { storage, row } = await openWithSegment();
      await expect(storage.readPages(row.id, segment, column, from, to)).rejects.toMatchObject({
        code: 'CORRUPT',
      });
    });

    it('drops a collection with its pages and row states, and leaves its neighbours alone', async () => {
      const { storage, row } = await openWithSegment();
      const other = await storage.createCollection({ ...CONFIG, name: 'other' });
      await storage.commit(
        commitOn(other, { pages: [page(0, 'ids', 0, bytes(3))], rowStates: [deadBits(0, 0, 1)] }),
      );
      expect(await storage.dropCollection(CONFIG.name)).toBe(true);
      expect(await storage.dropCollection(CONFIG.name)).toBe(false);
      expect(await storage.readCollection(CONFIG.name)).toBeUndefined();
      expect(await storage.readRowStates(row.id, [0])).toEqual([]);
      await expect(storage.readPages(row.id, 0, 'ids', 0, 1)).rejects.toMatchObject({ code: 'CORRUPT' });
      expect(await storage.readPages(other.id, 0, 'ids', 0, 1)).toEqual([bytes(3)]);
      expect(await storage.readRowStates(other.id, [0])).toEqual([deadBits(0, 0, 1)]);
      // Ids are never used again: a stale tab cannot mistake the new collection for the old one.
      expect((await storage.createCollection(CONFIG)).id).toBe(3);
    });

    it('is empty after destroy', async () => {
      const store = uniqueStoreName();
      const storage = await open(store);
      const before = await storage.readStore();
      await storage.createCollection(CONFIG);
      await storage.destroy();
      const again = await open(store);
      expect(await again.readCollections()).toEqual([]);
      const after = await again.readStore();
      expect(after.nextCollection).toBe(1);
      expect(after.databaseId).not.toBe(before.databaseId);
    });

    it('runs one task at a time, in order, across connections; a failed one does not stop the next', async () => {
      const store = uniqueStoreName();
      const storages = [await open(store), await open(store)];
      const log: string[] = [];
      const task = (which: number) =>
        storages[which % 2]!.exclusively(async () => {
          log.push(`begin ${which}`);
          await new Promise((resolve) => setTimeout(resolve, 3));
          log.push(`end ${which}`);
          if (which === 1) throw new Error('task 1 fails');
          return which;
        });
      const ends = await Promise.allSettled([0, 1, 2, 3, 4].map(task));
      expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : end.reason.message))).toEqual([
        0,
        'task 1 fails',
        2,
        3,
        4,
      ]);
      expect(log).toHaveLength(10);
      for (let i = 0; i < log.length; i += 2) expect(log[i + 1]).toBe(log[i]!.replace('begin', 'end'));
    });
  });
}
