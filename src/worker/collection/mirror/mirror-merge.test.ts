import { expect, it } from 'vitest';
import { MemoryStorage } from '../../storage/memory-storage.js';
import { callOptions, record, trainHere } from '../engine.contract.js';
import {
  descriptorOf,
  expectSame,
  openNotes,
  stampAt,
  unsyncedIn,
  upserted,
} from './mirror-world.contract.js';

const ROWS = 300;
const ID = (i: number) => `r${i}`;
const AROUND = (i: number) => [Math.cos(2.4 * i), Math.sin(2.4 * i)] as const;

it('I1 C14 Y3 stamps, bases and what is pushed go with their records into the order of lists', async () => {
  const storage = new MemoryStorage();
  let meanwhile = async () => {};
  const notes = await openNotes(storage, {}, async (rows, config, options) => {
    await meanwhile();
    return trainHere(rows, config, options);
  });
  await notes.mirror.begin(descriptorOf(), 0);
  await notes.pull(
    Array.from({ length: ROWS }, (_, i) => ({
      ...upserted(ID(i), stampAt(1_000 + i)),
      vector: Float32Array.of(...AROUND(i)),
    })),
  );
  // A third of them has been edited since.
  for (let i = 0; i < ROWS; i += 3) await notes.upsert([record(ID(i), ...AROUND(i))]);
  await notes.deleteIds([ID(1), ID(4)]);
  let expected = await notes.look();
  meanwhile = async () => {
    meanwhile = async () => {};
    const sent = await notes.pending(40);
    await notes.settle(sent, ...sent.map(() => ({ status: 'ok' as const })));
    // The tombstone of one, and the record of another.
    await notes.upsert([record(ID(4))]);
    await notes.deleteIds([ID(7)]);
    expected = await notes.look();
  };
  await notes.engine.optimize(callOptions());
  const { index, deadRecords } = await notes.engine.stats();
  expect(index.lists).toBeGreaterThan(1);
  // Those that died while it was trained.
  expect(deadRecords).toBe(1);
  expect(await notes.look()).toEqual(expected);
  const pending = Object.values(expected).filter((each) => each.pending);
  expect(pending).toHaveLength(100 + 2 - 40 + 1);
  expect(pending.filter(({ base }) => base === '')).toEqual([]);
  expect(await unsyncedIn(storage)).toBe(pending.length);
  await expectSame(notes, await openNotes(storage));
});

it('S6 a collection that syncs is not merged again for tombstones that have to stay', async () => {
  const notes = await openNotes(new MemoryStorage());
  await notes.mirror.begin(descriptorOf({ tombstoneLifeMs: 1e12 }), 0);
  await notes.upsert([record('a'), record('b')]);
  await notes.deleteIds(['a']);
  await notes.engine.optimize(callOptions());
  const { generation, segments } = await notes.engine.stats();
  expect(segments).toBe(1);
  await notes.engine.optimize(callOptions());
  expect((await notes.engine.stats()).generation).toBe(generation);
  // One that counts no more is reason enough.
  await notes.upsert([record('a', 2)]);
  await notes.engine.optimize(callOptions());
  const [view] = (await notes.storage.readCollection('notes'))!.segments;
  expect(view).toMatchObject({ rows: 2, tombstones: 0 });
});
