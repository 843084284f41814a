import { describe, expect, it } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import { RESERVE_BYTES, Reserve } from './reserve.js';
import { Room } from './room.js';
import { bytes, CONFIG, commitOn, deadBits, page } from './storage.contract.js';
import type { Commit } from './storage.js';

const MIB = 1 << 20;

/** A disk of a size that the browser does not tell: whatever puts is refused where it does not fit. */
function diskOf(size: number) {
  const disk = { used: 0, reserve: 0, log: [] as string[] };
  const full = () =>
    new VectorStoreError('QUOTA_EXCEEDED', 'full', { cause: new DOMException('', 'QuotaExceededError') });
  const put = (length: number) => {
    if (disk.used + length > size) throw full();
    disk.used += length;
  };
  const room = new Room(async () => undefined);
  const reserve = new Reserve(room, {
    has: async () => disk.reserve > 0,
    put: async (held) => {
      put(held.length);
      disk.reserve = held.length;
      disk.log.push('hold');
    },
    delete: async () => {
      disk.used -= disk.reserve;
      disk.reserve = 0;
      disk.log.push('release');
    },
  });
  const commit = (each: Commit) =>
    reserve.commit(each, async () => {
      const written = each.pages.reduce((sum, { bytes: { length } }) => sum + length, 100);
      put(written);
      disk.used -= each.removedSegments.reduce((sum, removed) => sum + removed.bytes, 0);
      disk.log.push('commit');
      return written;
    });
  return { disk, commit };
}

const EMPTY = { id: 1, config: CONFIG, generation: 0, nextSegment: 0, segments: [], clock: '' };
const adding = (row: Commit['next'], length: number) =>
  commitOn(row, { pages: [page(row.nextSegment, 'vectors', 0, bytes(length))] });
const deleting = (row: Commit['next']) =>
  commitOn(row, {
    pages: [page(row.nextSegment, 'tombstone-ids', 0, bytes(2_000))],
    rowStates: [deadBits(0, 0, 255)],
  });

describe('Reserve', () => {
  it('S12 is held once a collection has a megabyte, before more is added', async () => {
    const { disk, commit } = diskOf(10 * MIB);
    const first = adding(EMPTY, MIB);
    await commit(first);
    expect(disk.log).toEqual(['commit']);
    const second = adding(first.next, 100);
    await commit(second);
    await commit(adding(second.next, 100));
    expect(disk.log).toEqual(['commit', 'hold', 'commit', 'commit']);
    expect(disk.reserve).toBe(RESERVE_BYTES);
  });

  it('S12 lets a delete go on where the disk is full, and nothing be added until it is held again', async () => {
    const { disk, commit } = diskOf(3 * MIB);
    const first = adding(EMPTY, MIB);
    await commit(first);
    const second = adding(first.next, 2 * MIB - RESERVE_BYTES - 300);
    await commit(second);
    const large = commit(adding(second.next, 1_000));
    await expect(large).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED', needed: 1_000, available: 1_000 });
    const deletion = deleting(second.next);
    await commit(deletion);
    expect(disk.log.slice(-2)).toEqual(['release', 'commit']);
    await expect(commit(adding(deletion.next, 10))).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      needed: 10,
    });
    expect(disk.log.at(-1)).toBe('commit');
    // Dropping what is wholly dead puts nothing but the row; what that gives is held back at once.
    const dropping = commitOn(deletion.next, { removed: [0] });
    await commit(dropping);
    expect(disk.log.slice(-2)).toEqual(['commit', 'hold']);
    await commit(deleting(dropping.next));
    expect(disk.log.at(-1)).toBe('commit');
  });

  it('S12 lets a merge that frees more than it writes have it, and no other', async () => {
    const merging = async (length: number) => {
      const { disk, commit } = diskOf(3 * MIB);
      const first = adding(EMPTY, MIB + 1_000);
      await commit(first);
      const second = adding(first.next, 2 * MIB - RESERVE_BYTES - 2_000);
      await commit(second);
      const merge = commitOn(second.next, { pages: [page(2, 'vectors', 0, bytes(length))], removed: [0] });
      const code = await commit(merge).then(
        () => 'done',
        (error: VectorStoreError) => error.code,
      );
      return { code, reserve: disk.reserve, log: disk.log.slice(2) };
    };
    expect(await merging(100_000)).toEqual({
      code: 'done',
      reserve: RESERVE_BYTES,
      log: ['commit', 'release', 'commit', 'hold'],
    });
    expect(await merging(MIB + 1_000)).toEqual({
      code: 'QUOTA_EXCEEDED',
      reserve: RESERVE_BYTES,
      log: ['commit'],
    });
  });

  it('S12 passes other errors on, and keeps what it holds', async () => {
    const { disk, commit } = diskOf(10 * MIB);
    const first = adding(EMPTY, MIB);
    await commit(first);
    const second = adding(first.next, 100);
    await commit(second);
    const blocked = new VectorStoreError('STORAGE_BLOCKED', 'no');
    const room = new Room(async () => undefined);
    const reserve = new Reserve(room, { has: async () => true, put: async () => {}, delete: async () => {} });
    await expect(reserve.commit(deleting(second.next), () => Promise.reject(blocked))).rejects.toBe(blocked);
    expect(disk.reserve).toBe(RESERVE_BYTES);
  });
});
