import { describe, expect, it } from 'vitest';
import { type Estimate, Room } from './room.js';

/** A room whose estimate and clock are set by hand. */
function roomWith(estimate: Estimate | undefined) {
  const said = { estimate, now: 0, asked: 0 };
  const room = new Room(
    async () => {
      said.asked++;
      return said.estimate;
    },
    () => said.now,
  );
  return { room, said };
}

const code = 'QUOTA_EXCEEDED';

describe('Room', () => {
  it('S12 refuses what would take more than half of what is left, with the numbers', async () => {
    const { room } = roomWith({ usage: 60, quota: 100 });
    await room.check(20);
    await expect(room.check(21)).rejects.toMatchObject({ code, needed: 21, available: 40 });
  });

  it('S12 leaves six megabytes, or half of a small quota, where records are added', async () => {
    const MIB = 1 << 20;
    const { room } = roomWith({ usage: 88 * MIB, quota: 100 * MIB });
    await room.check(5 * MIB, true);
    room.note(5 * MIB, 0);
    await room.check(MIB, true);
    await expect(room.check(MIB + 1, true)).rejects.toMatchObject({ code, available: 7 * MIB });
    await room.check(3.5 * MIB);
    const { room: small } = roomWith({ usage: 40, quota: 100 });
    await small.check(10, true);
    await expect(small.check(11, true)).rejects.toMatchObject({ code, needed: 11, available: 60 });
  });

  it('S12 leaves it to the browser where there is no estimate', async () => {
    const { room } = roomWith(undefined);
    await room.check(1e12);
  });

  it('S12 has nothing left where usage is above the quota', async () => {
    const { room } = roomWith({ usage: 120, quota: 100 });
    await expect(room.check(1)).rejects.toMatchObject({ code, needed: 1, available: 0 });
  });

  it('S12 counts what was written here although the estimate does not show it', async () => {
    const { room, said } = roomWith({ usage: 1, quota: 1_001 });
    await room.check(400);
    room.note(400, 0);
    said.now = 11_000;
    await room.check(300);
    room.note(300, 0);
    await expect(room.check(151)).rejects.toMatchObject({ code, available: 300 });
    await room.check(150);
    // What was removed is room again.
    room.note(0, 500);
    await room.check(400);
    await expect(room.check(401)).rejects.toMatchObject({ code, available: 800 });
  });

  it('S12 does not count twice what the estimate shows', async () => {
    const { room, said } = roomWith({ usage: 0, quota: 1_000 });
    await room.check(400);
    room.note(400, 0);
    said.estimate = { usage: 440, quota: 1_000 };
    await room.check(280);
    await expect(room.check(281)).rejects.toMatchObject({ code, available: 560 });
  });

  it('S12 believes an estimate that has stayed lower than its own count for a minute', async () => {
    const { room, said } = roomWith({ usage: 800, quota: 1_000 });
    await room.check(1);
    // Others have freed it.
    said.estimate = { usage: 0, quota: 1_000 };
    await expect(room.check(300)).rejects.toMatchObject({ code, available: 200 });
    said.now = 60_001;
    await room.check(300);
  });

  it('S12 asks for no estimate on each of many small commits', async () => {
    const { room, said } = roomWith({ usage: 0, quota: 1_000_000 });
    for (let i = 0; i < 1_000; i++) {
      await room.check(100);
      room.note(100, 0);
      said.now += 15;
    }
    // 15 s, 100,000 bytes.
    expect(said.asked).toBe(2);
    await expect(room.check(450_001)).rejects.toMatchObject({ code, available: 900_000 });
  });

  it('S12 asks again before a commit that is large for what is left, and before it refuses', async () => {
    const { room, said } = roomWith({ usage: 0, quota: 1_000 });
    await room.check(1);
    said.estimate = { usage: 900, quota: 1_000 };
    await room.check(125);
    expect(said.asked).toBe(1);
    await expect(room.check(126)).rejects.toMatchObject({ code, available: 100 });
    said.estimate = { usage: 0, quota: 10_000 };
    await room.check(4_000);
  });

  it('S12 says what is left where the browser refused: never more than was refused', async () => {
    const cause = new DOMException('full', 'QuotaExceededError');
    const left = async (estimate: Estimate | undefined, refusal: unknown) => {
      const error = await roomWith(estimate).room.refused(50, refusal);
      expect(error).toMatchObject({ code, needed: 50 });
      expect(error.cause).toBe(refusal);
      expect(error.message).toMatch(/needs 50 bytes/);
      return (error as { available?: number }).available;
    };
    expect(await left({ usage: 70, quota: 100 }, cause)).toBe(30);
    // Chromium's estimates hide the limit.
    expect(await left({ usage: 70, quota: 1e10 }, cause)).toBe(50);
    expect(await left({ usage: 70, quota: 1e10 }, Object.assign(cause, { quota: 90 }))).toBe(20);
    expect(await left(undefined, undefined)).toBe(50);
  });
});
