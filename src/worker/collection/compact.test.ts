import { beforeEach, describe, expect, it } from 'vitest';
import { STAMP_BYTES } from '../../shared/stamp.js';
import { packStrings, unpackStrings } from '../../shared/string-column.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { dueMerge, dueTraining, fullMerge, merge } from './compact.js';
import {
  batch,
  CONFIG,
  holdingWith,
  jsCompute,
  type PlainRecord,
  packRecords,
  record,
  trainHere,
} from './engine.contract.js';
import { readRecords } from './records.js';
import { SEALED_ROWS } from './segment.js';
import { onlyTombstones, TOMBSTONE_BYTES } from './segment-writer.js';
import { CollectionState } from './state.js';
import { checkedNorms, deleteRecords, writeRecords } from './writes.js';

const DISK = { durability: 'disk' } as const;
const nothing = () => {};

const options = (signal?: AbortSignal) => ({ training: undefined, signal, onProgress: nothing });

let storage: MemoryStorage;
let state: CollectionState;

beforeEach(async () => {
  storage = new MemoryStorage();
  state = await openState();
});

/** A further one is another tab. */
async function openState(): Promise<CollectionState> {
  const row = await storage.createCollection(CONFIG);
  const compute = jsCompute();
  return CollectionState.open(
    storage,
    holdingWith(compute),
    row,
    (await storage.readStore()).deviceId,
    nothing,
  );
}

async function write(records: readonly PlainRecord[], on = state): Promise<void> {
  const packed = packRecords(records, 2);
  const norms = await checkedNorms(packed, CONFIG, undefined);
  await writeRecords(on, packed, norms, 'upsert', DISK);
}

const kill = (ids: readonly string[], on = state) => deleteRecords(on, { ids: packStrings(ids) }, DISK);
const segmentIds = (on = state) => on.current.views.map(({ segment }) => segment.id);
const idsOf = (records: readonly { id: string }[]) => records.map(({ id }) => id);

/** Every live record, sorted by id. */
async function everything(on = state) {
  const found: { id: string; x: number; metadata: unknown; text: unknown; stamp: string }[] = [];
  for (const [source, { segment, dead }] of on.current.views.entries()) {
    const stamps = await segment.stamps();
    for (let row = 0; row < segment.rows; row++) {
      if (dead !== undefined && (dead[row >> 3]! >> (row & 7)) & 1) continue;
      const wanted = { vectors: true, metadata: true };
      const { ids, vectors, metadata, texts } = await readRecords(on.current, [{ source, row }], wanted);
      const stamp = stamps.subarray(row * STAMP_BYTES, (row + 1) * STAMP_BYTES).join();
      found.push({ id: ids[0]!, x: vectors![1]!, metadata: metadata?.[0], text: texts?.[0], stamp });
    }
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Does `task` when the next merge reads the stamps, which it does after it has chosen what to copy. */
function whileMerging(task: () => Promise<unknown>): void {
  const { readPages } = storage;
  storage.readPages = async (...args) => {
    if (args[2] === 'stamps') {
      storage.readPages = readPages;
      await task();
    }
    return readPages.apply(storage, args);
  };
}

describe('dueMerge', () => {
  it('S6 is due for small segments when 32 have gathered', async () => {
    for (let i = 0; i < 31; i++) await write([record(`a${i}`)]);
    expect(dueMerge(state.current)).toEqual([]);
    await write([record('last')]);
    expect(dueMerge(state.current)).toEqual(segmentIds());
  });

  it('S6 is due for small segments when they have 2,048 rows together', async () => {
    await write(batch(0, SEALED_ROWS));
    await write(batch(3_000, 1_000));
    await write(batch(5_000, 1_047));
    expect(dueMerge(state.current)).toEqual([]);
    await write([record('last')]);
    expect(dueMerge(state.current)).toEqual(segmentIds().slice(1));
  });

  it('S6 is due for a sealed segment that is more than half dead', async () => {
    await write(batch(0, 2_048));
    await kill(idsOf(batch(0, 1_024)));
    expect(dueMerge(state.current)).toEqual([]);
    await kill(idsOf(batch(1_024, 1)));
    expect(dueMerge(state.current)).toEqual([0]);
  });

  it('S6 is due for eight sealed segments of one tier, and not for seven and a larger one', async () => {
    await write(batch(0, 8 * SEALED_ROWS));
    for (let i = 1; i <= 7; i++) await write(batch(i * 100_000, SEALED_ROWS));
    expect(dueMerge(state.current)).toEqual([]);
    await write(batch(900_000, SEALED_ROWS));
    expect(dueMerge(state.current)).toEqual(segmentIds().slice(1));
  });

  it.each([
    ['emptied', (row: number) => row < 0.4 * SEALED_ROWS, true],
    ['thinned out evenly', (row: number) => row % 5 < 2, false],
  ])('S6 judges an indexed segment by its lists: deletes have %s', async (_, isKilled, isDue) => {
    const training = { train: trainHere, minComponents: 2 * SEALED_ROWS };
    await write(batch(0, SEALED_ROWS));
    await merge(state, segmentIds(), { ...options(), training });
    const { segment } = state.current.views[0]!;
    expect(segment.manifest.index!.lists).toBeGreaterThan(50);
    const ids = unpackStrings(await segment.ids());
    await kill(ids.filter((_, row) => isKilled(row)));
    expect(dueMerge(state.current)).toEqual(isDue ? [segment.id] : []);
    await merge(state, segmentIds(), options());
    expect(dueMerge(state.current)).toEqual([]);
  });

  it('S6 comes to an end: what it merges is not due again', async () => {
    for (let i = 0; i < 40; i++) await write(batch(i * 60, 60));
    await write(batch(100_000, 2_100));
    await kill(idsOf(batch(100_000, 2_099)));
    let rounds = 0;
    for (let due = dueMerge(state.current); due.length > 0; due = dueMerge(state.current), rounds++) {
      expect(rounds).toBeLessThan(10);
      expect(await merge(state, due, options())).toBe(true);
    }
    expect(rounds).toBeGreaterThan(0);
    expect((await everything()).length).toBe(2_401);
  });
});

describe('dueTraining', () => {
  const training = { train: trainHere, minComponents: 6 * SEALED_ROWS };
  const due = () => dueTraining(state.current, training);

  it('I1 is due for a large segment without an index, and not again afterwards', async () => {
    await write(batch(0, 3 * SEALED_ROWS));
    expect(due()).toEqual([0]);
    expect(await merge(state, due(), { ...options(), training })).toBe(true);
    expect(due()).toEqual([]);
  });

  it('I1 is due for segments that are large enough together, beside one that has an index', async () => {
    await write(batch(0, 3 * SEALED_ROWS));
    await merge(state, due(), { ...options(), training });
    await write(batch(100_000, SEALED_ROWS));
    await write(batch(200_000, SEALED_ROWS));
    expect(due()).toEqual([]);
    await write(batch(300_000, SEALED_ROWS));
    await write([record('small')]);
    expect(due()).toEqual([2, 3, 4]);
    expect(await merge(state, due(), { ...options(), training })).toBe(true);
    expect(due()).toEqual([]);
    const indexed = state.current.views.filter(({ segment }) => segment.manifest.index !== undefined);
    expect(indexed.map(({ live }) => live)).toEqual([3 * SEALED_ROWS, 3 * SEALED_ROWS]);
  });
});

describe('merge', () => {
  it('S6 C14 keeps every live record with its stamp, drops dead rows and their pages', async () => {
    await write([record('a', 1, 1, { n: 1 }, 'text'), record('b', 1, 2)]);
    await write([record('c', 1, 3), record('d', 1, 4, { n: 4 })]);
    await write([record('b', 1, 5, { n: 5 })]);
    await kill(['c']);
    const before = await everything();
    const { generation } = state.current;
    expect(fullMerge(state.current)).toEqual([segmentIds()]);
    expect(await merge(state, segmentIds(), options())).toBe(true);
    expect(await everything()).toEqual(before);
    expect(before.map(({ id, x }) => [id, x])).toEqual([
      ['a', 1],
      ['b', 5],
      ['d', 4],
    ]);
    const { views } = state.current;
    expect(views.map(({ segment, live }) => [segment.rows, live])).toEqual([[3, 3]]);
    expect(state.current.generation).toBe(generation + 1);
    expect(await storage.readRowStates(1, [0, 1, 2, 3])).toEqual([]);
    await expect(storage.readPages(1, 0, 'ids', 0, 1)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await everything(await openState())).toEqual(before);
    expect(fullMerge(state.current)).toEqual([]);
  });

  it('S6 carries over what died while it was made: deletes and replacements', async () => {
    await write(batch(0, 20));
    await write(batch(20, 20));
    await kill(['r000003']);
    const due = segmentIds();
    whileMerging(async () => {
      await kill(['r000000', 'r000025']);
      await write([record('r000007', 1, 777), record('new', 1, 888)]);
    });
    expect(await merge(state, due, options())).toBe(true);
    const expected = new Map(batch(0, 40).map(({ id, vector }) => [id, vector[1]]));
    for (const id of ['r000000', 'r000003', 'r000025']) expected.delete(id);
    expected.set('r000007', 777).set('new', 888);
    const check = async (on: CollectionState) =>
      expect(new Map((await everything(on)).map(({ id, x }) => [id, x]))).toEqual(expected);
    await check(state);
    await check(await openState());
    expect(state.current.live).toBe(38);
  });

  it('S6 S2 is abandoned where another tab has merged the same segments first', async () => {
    await write(batch(0, 20));
    await write(batch(20, 20));
    const other = await openState();
    const due = segmentIds();
    whileMerging(async () => {
      await merge(other, due, options());
      await write([record('later', 1, 5)], other);
    });
    expect(await merge(state, due, options())).toBe(false);
    await state.refresh();
    expect(idsOf(await everything())).toEqual(['later', ...idsOf(batch(0, 40))]);
    expect(state.current.views).toHaveLength(2);
  });

  it('S6 S2 is built again where another tab has only written meanwhile', async () => {
    await write(batch(0, 20));
    await write(batch(20, 20));
    const other = await openState();
    whileMerging(async () => {
      await write([record('later')], other);
      await kill(['r000001'], other);
    });
    expect(await merge(state, segmentIds(), options())).toBe(true);
    expect(idsOf(await everything())).toEqual([
      'later',
      ...idsOf(batch(0, 40)).filter((id) => id !== 'r000001'),
    ]);
  });

  it('S6 leaves nothing where everything is dead', async () => {
    await write(batch(0, 20));
    await kill(idsOf(batch(0, 20)));
    expect(await merge(state, segmentIds(), options())).toBe(true);
    expect(state.current.views).toEqual([]);
    await write([record('a')]);
    expect(idsOf(await everything())).toEqual(['a']);
  });

  it('S8 drops tombstones whose base is zero, and keeps the others as they are', async () => {
    await write(batch(0, 5));
    await kill(['r000001', 'r000002']);
    const stamps = new Uint8Array(3 * TOMBSTONE_BYTES).map((_, i) => i);
    stamps.fill(0, TOMBSTONE_BYTES + STAMP_BYTES, 2 * TOMBSTONE_BYTES);
    const ids = packStrings(['x', 'zero base', 'y']);
    await state.commit(async () => ({ content: onlyTombstones({ ids, stamps }) }), DISK);
    await merge(state, segmentIds(), options());
    const check = async (on: CollectionState) => {
      expect(on.current.views).toHaveLength(1);
      const kept = (await on.current.views[0]!.segment.tombstones())!;
      expect(unpackStrings(kept.ids)).toEqual(['x', 'y']);
      expect([...kept.stamps]).toEqual([
        ...stamps.subarray(0, TOMBSTONE_BYTES),
        ...stamps.subarray(2 * TOMBSTONE_BYTES),
      ]);
    };
    await check(state);
    await check(await openState());
    // Not even where no row is left.
    await kill(idsOf(batch(0, 5)));
    await merge(state, segmentIds(), options());
    await check(state);
    expect(state.current.live).toBe(0);
  });

  it('C14 may be aborted at any point; nothing has changed then', async () => {
    await write(batch(0, 30));
    await write(batch(30, 30));
    await kill(['r000005']);
    const before = await everything();
    const { readPages, commit } = storage;
    let aborted = 0;
    for (let at = 1; at < 100; at++) {
      const controller = new AbortController();
      let calls = 0;
      const step = () => {
        if (++calls === at) controller.abort();
      };
      storage.readPages = async (...args) => {
        step();
        return readPages.apply(storage, args);
      };
      const segments = segmentIds();
      const { generation } = state.current;
      const end = await merge(state, segments, options(controller.signal)).catch((error) => error);
      storage.readPages = readPages;
      expect(await everything()).toEqual(before);
      if (end === true) break;
      aborted++;
      expect(end).toMatchObject({ code: 'ABORTED' });
      expect([segmentIds(), state.current.generation]).toEqual([segments, generation]);
    }
    expect(storage.commit).toBe(commit);
    expect(aborted).toBeGreaterThan(4);
    expect(state.current.views).toHaveLength(1);
  });
});

it('I1 C14 every column of a record goes with it into the order of lists', async () => {
  for (let part = 0; part < 3; part++) {
    await write(
      Array.from({ length: 100 }, (_, i) => {
        const [n, angle] = [100 * part + i, 2.4 * (100 * part + i)];
        const [metadata, text] = [n % 3 === 0 ? undefined : { n }, n % 5 === 0 ? `text ${n}` : undefined];
        return record(`r${n}`, Math.cos(angle), Math.sin(angle), metadata, text);
      }),
    );
  }
  const before = await everything();
  const training = { train: trainHere, minComponents: 0 };
  expect(await merge(state, segmentIds(), { ...options(), training })).toBe(true);
  const [view] = state.current.views;
  expect(view!.segment.manifest.index!.lists).toBeGreaterThan(1);
  expect(await everything()).toEqual(before);
});

describe('stamps', () => {
  it('S8 grow with every commit, across merges, reopenings and tabs, though the clock stands or goes back', async () => {
    const { now } = Date;
    try {
      const tabs = [state, await openState()];
      const stampOf = async (id: string) => {
        const on = await openState();
        return (await everything(on)).find((each) => each.id === id)!.stamp;
      };
      const stamps: string[] = [];
      for (let i = 0; i < 12; i++) {
        const time = 1_700_000_000_000 - (i % 5) * 3_600_000;
        Date.now = () => time;
        if (i === 6) tabs.push(await openState());
        await write([record('a', 1, i), record(`b${i}`)], tabs[i % tabs.length]!);
        if (i % 4 === 3) {
          await tabs[0]!.refresh();
          await merge(tabs[0]!, segmentIds(tabs[0]!), options());
        }
        expect(await stampOf(`b${i}`)).toBe(await stampOf('a'));
        stamps.push(await stampOf('a'));
      }
      const padded = stamps.map((stamp) =>
        stamp
          .split(',')
          .map((byte) => byte.padStart(3, '0'))
          .join(),
      );
      expect(padded).toEqual([...new Set(padded)].sort());
    } finally {
      Date.now = now;
    }
  });
});
