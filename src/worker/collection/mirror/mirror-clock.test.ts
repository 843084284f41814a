import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryStorage } from '../../storage/memory-storage.js';
import { callOptions, record, trainHere } from '../engine.contract.js';
import {
  deleted,
  descriptorOf,
  expectSame,
  msOf,
  type Notes,
  openNotes,
  pageAfter,
  stampAt,
  upserted,
} from './mirror-world.contract.js';

const TRUE_TIME = Date.UTC(2026, 5, 1);
const DAY = 24 * 3_600_000;

afterEach(() => vi.restoreAllMocks());

function setWall(time: number): void {
  vi.spyOn(Date, 'now').mockImplementation(() => time);
}

const stamps = async ({ look }: Notes) =>
  Object.fromEntries(Object.entries(await look()).map(([id, { stamp }]) => [id, msOf(stamp)]));

describe('Y9 at the first contact of a device whose clock is wrong', () => {
  it.each([
    ['a day ahead', DAY],
    ['a day behind', -DAY],
  ])('by %s, what was written is moved, and what comes after goes on from there', async (_, ahead) => {
    const storage = new MemoryStorage();
    const other = await openNotes(storage);
    const notes = await openNotes(storage);
    setWall(TRUE_TIME + ahead);
    await notes.upsert([record('a'), record('b')]);
    setWall(TRUE_TIME + ahead + 500);
    await notes.upsert([record('b', 2), record('c')]);
    await notes.deleteIds(['c']);
    await other.engine.follow(99);
    const { bytesWritten } = await notes.engine.stats();
    await notes.mirror.begin(descriptorOf(), -ahead);
    // By one number, not by writing them again; and no server knows what was deleted before.
    expect((await notes.engine.stats()).bytesWritten - bytesWritten).toBeLessThan(50);
    expect(await stamps(notes)).toEqual({ a: TRUE_TIME, b: TRUE_TIME + 500 });
    setWall(TRUE_TIME + ahead + 1_000);
    await notes.upsert([record('d')]);
    await other.engine.follow(99);
    // In a tab whose clock has seen nothing of it.
    await other.upsert([record('e')]);
    await notes.engine.follow(99);
    const moved = { a: TRUE_TIME, b: TRUE_TIME + 500, d: TRUE_TIME + 1_000, e: TRUE_TIME + 1_000 };
    expect(await stamps(notes)).toEqual(moved);
    await expectSame(notes, other);
    await expectSame(notes, await openNotes(storage));
    // Merged, they are what they were moved to.
    await notes.engine.optimize(callOptions());
    expect(await stamps(notes)).toEqual(moved);
    const { segments } = (await storage.readCollection('notes'))!;
    expect(segments.map(({ movedMs }) => movedMs)).toEqual([undefined]);
    await expectSame(notes, await openNotes(storage));
  });

  it('by less than 60 s, nothing is moved, and the clock is corrected all the same', async () => {
    const notes = await openNotes(new MemoryStorage());
    setWall(TRUE_TIME);
    await notes.upsert([record('a')]);
    await notes.mirror.begin(descriptorOf(), 50_000);
    await notes.upsert([record('b')]);
    expect(await stamps(notes)).toEqual({ a: TRUE_TIME, b: TRUE_TIME + 50_000 });
  });

  it('a merge that began before is thrown away: what it has gathered is of another time', async () => {
    let begin = async () => {};
    const notes = await openNotes(new MemoryStorage(), {}, async (rows, config, options) => {
      // Its rows are gathered, and not yet committed.
      await begin();
      return trainHere(rows, config, options);
    });
    setWall(TRUE_TIME + DAY);
    await notes.upsert([record('a', 1, 2), record('b', 2, 1)]);
    await notes.upsert([record('c', 1, 3)]);
    begin = async () => {
      begin = async () => {};
      await notes.mirror.begin(descriptorOf(), -DAY);
    };
    await notes.engine.optimize(callOptions());
    expect(await stamps(notes)).toEqual({ a: TRUE_TIME, b: TRUE_TIME, c: TRUE_TIME });
    expect(await notes.pending()).toHaveLength(3);
  });
});

it('Y2 another collection on the server: all is pending on nothing, no tombstone counts, and no stamp changes', async () => {
  const storage = new MemoryStorage();
  const notes = await openNotes(storage);
  const other = await openNotes(storage);
  await notes.mirror.begin(descriptorOf(), 0);
  await notes.pull([upserted('a', stampAt(5)), upserted('b', stampAt(5)), deleted('x', stampAt(5))]);
  await notes.upsert([record('b', 2), record('c')]);
  await notes.deleteIds(['c']);
  await other.engine.follow(99);
  const { b } = await notes.look();
  await notes.mirror.begin(descriptorOf({ id: '22'.repeat(16), shards: 2 }), 3 * DAY);
  const anew = {
    a: { kind: 'upsert', stamp: stampAt(5), base: '', pending: true, x: 9 },
    b: { ...b!, base: '', pending: true },
  };
  expect(await notes.look()).toEqual(anew);
  expect(notes.mirror.row!.shards).toEqual(
    new Array(2).fill({ cursor: 0, epoch: '', hi: 0, floor: 0, phase: 'pull' }),
  );
  await other.engine.follow(99);
  expect(await other.look()).toEqual(anew);
  await notes.engine.optimize(callOptions());
  expect(await notes.look()).toEqual(anew);
  await expectSame(notes, await openNotes(storage));
});

describe('Y9 stamps that the server has refused for being in the future', () => {
  it('are made anew from its time, in their order, and the clock goes on from there', async () => {
    const storage = new MemoryStorage();
    const notes = await openNotes(storage);
    setWall(TRUE_TIME);
    await notes.mirror.begin(descriptorOf(), 0);
    await notes.pull([upserted('b', stampAt(TRUE_TIME - 5))]);
    // The clock of the device jumps.
    setWall(TRUE_TIME + DAY);
    await notes.upsert([record('a'), record('z')]);
    await notes.setMetadata({ b: { n: 1 } });
    await notes.deleteIds(['z']);
    await notes.mirror.setClockOffset(-DAY);
    await notes.mirror.restamp(['z', 'a', 'nobody', 'b']);
    const { a, b, z } = await notes.look();
    expect([a, b, z].map((each) => msOf(each!.stamp))).toEqual([TRUE_TIME, TRUE_TIME, TRUE_TIME]);
    expect([a!.stamp < b!.stamp, b!.stamp < z!.stamp]).toEqual([true, true]);
    expect(z).toMatchObject({ kind: 'delete', pending: true, base: '' });
    expect(b).toMatchObject({ pending: true, base: stampAt(TRUE_TIME - 5) });
    expect(await notes.get(['b'])).toMatchObject([{ metadata: { n: 1 } }]);
    await notes.upsert([record('later')]);
    const { later } = await notes.look();
    expect(later!.stamp > z!.stamp && msOf(later!.stamp) === TRUE_TIME).toBe(true);
    // They are no news for anybody.
    expect(notes.changes.map(({ kind }) => kind)).toEqual(['upsert', 'upsert', 'upsert', 'delete', 'upsert']);
    await expectSame(notes, await openNotes(storage));
  });

  it('are made anew, too, where the clock of the device was put right meanwhile', async () => {
    const notes = await openNotes(new MemoryStorage());
    setWall(TRUE_TIME);
    await notes.mirror.begin(descriptorOf(), 0);
    setWall(TRUE_TIME + DAY);
    await notes.upsert([record('a')]);
    setWall(TRUE_TIME + 1_000);
    await notes.mirror.restamp(['a']);
    await notes.upsert([record('b')]);
    expect(await stamps(notes)).toEqual({ a: TRUE_TIME + 1_000, b: TRUE_TIME + 1_000 });
  });

  it('what is pushed, or was edited since, keeps its stamp', async () => {
    const notes = await openNotes(new MemoryStorage());
    await notes.mirror.begin(descriptorOf(), 0);
    await notes.upsert([record('a')]);
    await notes.pushAll();
    const before = await notes.look();
    await notes.mirror.restamp(['a']);
    expect(await notes.look()).toEqual(before);
  });
});

it('Y9 a clock is corrected by an offset, and goes on from what it has witnessed', async () => {
  const notes = await openNotes(new MemoryStorage());
  setWall(TRUE_TIME);
  await notes.mirror.begin(descriptorOf(), 0);
  await notes.mirror.setClockOffset(5_000);
  await notes.upsert([record('a')]);
  // Within what a server takes, it does not go back.
  await notes.mirror.setClockOffset(-20_000);
  await notes.upsert([record('b')]);
  const from = notes.mirror.row!.shards[0]!;
  await notes.mirror.applyPage([pageAfter(from, [upserted('c', stampAt(TRUE_TIME + 20_000, 7))])], [from]);
  await notes.upsert([record('d')]);
  const { b, d } = await notes.look();
  expect([msOf(b!.stamp), msOf(d!.stamp)]).toEqual([TRUE_TIME + 5_000, TRUE_TIME + 20_000]);
  expect(d!.stamp > stampAt(TRUE_TIME + 20_000, 7)).toBe(true);
});
