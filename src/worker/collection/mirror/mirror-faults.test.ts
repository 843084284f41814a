import { describe, expect, it } from 'vitest';
import { VectorStoreError } from '../../../shared/errors.js';
import { MemoryStorage } from '../../storage/memory-storage.js';
import type { Mirror } from '../../sync/mirror.js';
import { record } from '../engine.contract.js';
import {
  deleted,
  descriptorOf,
  expectSame,
  type Notes,
  openNotes,
  pageAfter,
  stampAt,
  unsyncedIn,
  upserted,
} from './mirror-world.contract.js';

/** Records, tombstones and outbox of every kind. */
async function filled() {
  const storage = new MemoryStorage();
  const notes = await openNotes(storage);
  await notes.mirror.begin(descriptorOf(), 0);
  await notes.pull([upserted('a', stampAt(1)), upserted('b', stampAt(1)), deleted('x', stampAt(1))]);
  await notes.upsert([record('b', 2), record('c')]);
  return { storage, notes, sent: await notes.pending() };
}

type Sent = Awaited<ReturnType<Notes['pending']>>;

const CHANGES: Record<string, (mirror: Mirror, sent: Sent) => Promise<unknown>> = {
  begin: (mirror) => mirror.begin(descriptorOf({ id: 'other' }), 90_000),
  setClockOffset: (mirror) => mirror.setClockOffset(-1e9),
  settle: (mirror, sent) =>
    mirror.settle(sent, [{ status: 'ok' }, { status: 'gone' }], { 0: { epoch: 'e1', seq: 70 } }),
  restamp: (mirror) => mirror.restamp(['b', 'c']),
  resolve: (mirror, [b]) =>
    mirror.resolve({ kind: 'delete', id: 'b', vector: undefined }, b!.stamp, stampAt(9)),
  applyPage: (mirror) => {
    const from = mirror.row!.shards[0]!;
    return mirror.applyPage(
      [pageAfter(from, [upserted('new', stampAt(9)), deleted('a', stampAt(9))])],
      [from],
    );
  },
  setPhase: (mirror) => {
    const from = mirror.row!.shards[0]!;
    return mirror.setPhase(0, from, { ...from, phase: 'offer' });
  },
  sweep: async (mirror) => mirror.sweep(0, mirror.row!.shards[0]!, new Set()),
  noteSynced: (mirror) => mirror.noteSynced(5),
};

describe.each(Object.entries(CHANGES))('Y4 Y5 %s', (_, change) => {
  const everything = async (notes: Notes) => ({
    row: notes.mirror.row,
    records: await notes.look(),
    unsynced: await unsyncedIn(notes.storage),
    stored: await notes.storage.readCollection('notes'),
  });

  it('is one commit: data and checkpoint move together, or neither where it fails', async () => {
    const { storage, notes, sent } = await filled();
    const before = await everything(notes);
    const { commit } = storage;
    storage.commit = async () => {
      storage.commit = commit;
      throw new VectorStoreError('STORAGE_BLOCKED', 'The test lets it fail.');
    };
    await expect(change(notes.mirror, sent)).rejects.toMatchObject({ code: 'STORAGE_BLOCKED' });
    expect(await everything(notes)).toEqual(before);
    await expectSame(notes, await openNotes(storage));
    await change(notes.mirror, sent);
    const after = await everything(notes);
    expect([after.row, after.records]).not.toEqual([before.row, before.records]);
    expect(after.stored!.generation).toBe(before.stored!.generation + 1);
    await expectSame(notes, await openNotes(storage));
  });

  it('S2 is made again on what another tab has committed meanwhile', async () => {
    const { storage, notes, sent } = await filled();
    const other = await openNotes(storage);
    await other.upsert([record('meanwhile')]);
    await change(notes.mirror, sent);
    const found = await notes.look();
    expect(found).toHaveProperty('meanwhile');
    await other.engine.follow(99);
    await expectSame(notes, other);
    await expectSame(notes, await openNotes(storage));
  });
});

describe('S12 S8 on a full disk', () => {
  it('a delete in a collection that syncs fails, since without its tombstone the record would come back', async () => {
    const { storage, notes } = await filled();
    const before = await notes.look();
    const { commit } = storage;
    storage.commit = async (change) => {
      if (change.pages.length > 0) throw new VectorStoreError('QUOTA_EXCEEDED', 'full');
      return commit.call(storage, change);
    };
    await expect(notes.deleteIds(['a'])).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(await notes.look()).toEqual(before);
  });
});
