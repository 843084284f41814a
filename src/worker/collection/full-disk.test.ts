import { afterEach, describe, expect, it, vi } from 'vitest';
import { bytesOf } from '../storage/commit-end.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { fullDiskError } from '../storage/quota-errors.js';
import type { Commit } from '../storage/storage.js';
import type { CollectionEngine } from './collection-engine.js';
import { batch, CONFIG, callOptions, clientOf, jsCompute, openEngine, trainHere } from './engine.contract.js';

/** Refuses, when it is told to commit, what is larger than `left`; what is removed is left again. */
class SmallStorage extends MemoryStorage {
  left = Number.POSITIVE_INFINITY;
  readonly sizes: number[] = [];

  override async commit(commit: Commit): Promise<number> {
    const bytes = bytesOf(commit);
    if (bytes > Math.max(0, this.left)) throw fullDiskError(bytes, this.left, undefined);
    const written = await super.commit(commit);
    this.left -= bytes;
    for (const removed of commit.removedSegments) this.left += removed.bytes;
    this.sizes.push(bytes);
    return written;
  }
}

/** Knows beforehand what will be refused. */
class HonestStorage extends SmallStorage {
  override async checkRoom(bytes: number): Promise<void> {
    if (bytes > Math.max(0, this.left)) throw fullDiskError(bytes, this.left, undefined);
  }
}

const ROWS = 2_100;
const idsOf = (from: number, count: number) => batch(from, count).map(({ id }) => id);

/** Three sealed segments; of the second one row in ten is dead. */
async function openWasteful(storage: SmallStorage) {
  const { engine } = await openEngine(storage, CONFIG);
  const notes = clientOf(engine);
  for (let i = 0; i < 3; i++) await notes.upsert(batch(i * ROWS, ROWS));
  await notes.deleteIds(idsOf(ROWS, ROWS / 10));
  return { engine, notes };
}

async function contents(engine: CollectionEngine) {
  const { generation, segments, diskBytes } = await engine.stats();
  return { generation, segments, diskBytes, ids: (await clientOf(engine).list({ limit: 10_000 })).ids };
}

describe.each([SmallStorage, HonestStorage])('optimize on a full disk: %o', (Kind) => {
  it('S12 does what gives space back first, and then the rest', async () => {
    const storage = new Kind();
    const { engine, notes } = await openWasteful(storage);
    await notes.deleteIds(idsOf(2 * ROWS, ROWS * 0.4));
    const before = await engine.stats();
    // Room for the 60 % of one segment, then for 90 % of another, but never for all.
    storage.left = 0.7 * (before.diskBytes / 3);
    const optimized = engine.optimize(callOptions());
    await expect(optimized).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED', needed: expect.any(Number) });
    const after = await engine.stats();
    expect(after).toMatchObject({ records: before.records, deadRecords: 0 });
    expect(after.diskBytes).toBeLessThan(before.diskBytes);
    expect((await notes.list({ limit: 10_000 })).ids).toHaveLength(before.records);
    // With room for all of it, nothing is left to do.
    storage.left = Number.POSITIVE_INFINITY;
    await engine.optimize(callOptions());
    expect(await engine.stats()).toMatchObject({ records: before.records, segments: 1 });
  });

  it('S12 goes on to the whole merge where that has given space enough', async () => {
    const storage = new Kind();
    const { engine, notes } = await openWasteful(storage);
    await notes.deleteIds(idsOf(2 * ROWS, ROWS));
    await notes.deleteIds(idsOf(ROWS, ROWS * 0.95));
    const { records, diskBytes } = await engine.stats();
    storage.left = 0.4 * (diskBytes / 3);
    await engine.optimize(callOptions());
    expect(await engine.stats()).toMatchObject({ records, deadRecords: 0, segments: 1 });
  });

  it('S12 drops what is wholly dead although nothing can be written', async () => {
    const storage = new Kind();
    const { engine, notes } = await openWasteful(storage);
    await notes.deleteIds(idsOf(2 * ROWS, ROWS));
    storage.left = -1e6;
    const optimized = engine.optimize(callOptions());
    await expect(optimized).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(storage.sizes.at(-1)).toBe(0);
    expect(await engine.stats()).toMatchObject({ records: 2 * ROWS - ROWS / 10, deadRecords: ROWS / 10 });
    expect(storage.left).toBeGreaterThan(-1e6);
  });

  it('S12 changes nothing where nothing can be given back', async () => {
    const storage = new Kind();
    const { engine } = await openEngine(storage, CONFIG);
    for (let i = 0; i < 2; i++) await clientOf(engine).upsert(batch(i * ROWS, ROWS));
    const before = await contents(engine);
    storage.left = 1_000;
    const optimized = engine.optimize(callOptions());
    await expect(optimized).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED', available: 1_000 });
    expect(await contents(engine)).toEqual(before);
  });
});

it('S12 a delete leaves its tombstones out where only they have no room', async () => {
  const storage = new SmallStorage();
  const { engine } = await openEngine(storage, CONFIG);
  const notes = clientOf(engine);
  await notes.upsert(batch(0, ROWS));
  const tombstones = async () => {
    const row = (await storage.readCollection(CONFIG.name))!;
    return row.segments.reduce((sum, segment) => sum + segment.tombstones, 0);
  };
  await notes.deleteIds(idsOf(0, 10));
  expect(await tombstones()).toBe(10);
  storage.left = 300;
  expect(await notes.deleteIds(idsOf(0, 1_000))).toMatchObject({ count: 990 });
  expect(await tombstones()).toBe(10);
  storage.left = 100;
  await expect(notes.deleteIds(idsOf(0, 1_100))).rejects.toMatchObject({
    code: 'QUOTA_EXCEEDED',
    needed: 263,
  });
  const again = clientOf((await openEngine(storage, CONFIG)).engine);
  expect((await again.list({ limit: 10_000 })).ids).toEqual(idsOf(1_000, ROWS - 1_000));
});

describe('maintenance on a full disk', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('S12 trains nothing that cannot be kept', async () => {
    const storage = new HonestStorage();
    const train = vi.fn(trainHere);
    const { engine } = await openEngine(storage, CONFIG, jsCompute(), 2 * ROWS, train);
    await clientOf(engine).upsert(batch(0, 2 * ROWS));
    storage.left = 1_000;
    await expect(engine.optimize(callOptions())).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(train).not.toHaveBeenCalled();
    storage.left = Number.POSITIVE_INFINITY;
    await engine.optimize(callOptions());
    expect(train).toHaveBeenCalledTimes(1);
  });

  it('S12 waits a minute, and is done then without another write', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const storage = new HonestStorage();
    const checkRoom = vi.spyOn(storage, 'checkRoom');
    const { engine } = await openEngine(storage, CONFIG);
    const notes = clientOf(engine);
    for (let i = 0; i < 40; i++) await notes.upsert(batch(i * 10, 10));
    storage.left = 10;
    await vi.advanceTimersByTimeAsync(100);
    await vi.waitFor(() => expect(checkRoom).toHaveBeenCalledTimes(1));
    storage.left = Number.POSITIVE_INFINITY;
    await vi.advanceTimersByTimeAsync(59_000);
    expect(checkRoom).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    await vi.waitFor(async () => expect((await engine.stats()).segments).toBe(1), { timeout: 10_000 });
    expect(await engine.count(undefined)).toBe(400);
  });
});
