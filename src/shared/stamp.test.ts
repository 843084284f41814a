import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, HybridClock, STAMP_BYTES, toHex } from './stamp.js';

const DEVICE = '0123456789abcdef';
const clockAt = (now: () => number, last = '', device = DEVICE) => new HybridClock(device, last, now);

describe('HybridClock', () => {
  it('S8 gives 48-bit milliseconds, 16-bit counter, device id, big-endian', () => {
    const clock = clockAt(() => 0x0123_4567_89ab);
    expect(toHex(clock.next())).toBe(`0123456789ab0000${DEVICE}`);
    expect(toHex(clock.next())).toBe(`0123456789ab0001${DEVICE}`);
    expect(clock.last()).toHaveLength(STAMP_BYTES);
    expect(toHex(clock.last())).toBe(`0123456789ab0001${DEVICE}`);
  });

  it('S8 grows whatever the wall clock does: bytewise order is the order of calls', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 2, maxLength: 200 }), (times) => {
        let at = 0;
        const clock = clockAt(() => 1_700_000_000_000 + times[at % times.length]! - 0.5);
        const stamps = times.map((_, i) => {
          at = i;
          return toHex(clock.next());
        });
        expect([...new Set(stamps)].sort()).toEqual(stamps);
      }),
    );
  });

  it('S8 goes on to the next millisecond when the counter is full', () => {
    const clock = clockAt(() => 5);
    let last = toHex(clock.next());
    for (let i = 0; i < 0x1_0005; i++) {
      const next = toHex(clock.next());
      if (next <= last) expect.fail(`${next} after ${last}`);
      last = next;
    }
    expect(last).toBe(`0000000000060005${DEVICE}`);
  });

  it('S8 goes on where it was: from the last stamp, though the clock went back', () => {
    const last = `ffffffff0000fffe${'f'.repeat(16)}`;
    const clock = clockAt(() => 1, last);
    expect(toHex(clock.next())).toBe(`ffffffff0000ffff${DEVICE}`);
    expect(toHex(clock.next())).toBe(`ffffffff00010000${DEVICE}`);
  });

  it('S8 is greater than every stamp it has witnessed, and never goes back for one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(10), fc.nat(3)), { minLength: 1, maxLength: 30 }),
        fc.nat(10),
        (witnessed, wall) => {
          const clock = clockAt(() => wall);
          let before = toHex(clock.next());
          for (const [milliseconds, counter] of witnessed) {
            const stamp = new Uint8Array(STAMP_BYTES).fill(0xff);
            stamp.set([0, 0, 0, 0, 0, milliseconds, 0, counter]);
            // Anywhere in a buffer.
            const whole = new Uint8Array(40);
            whole.set(stamp, 7);
            clock.witness(whole.subarray(7, 7 + STAMP_BYTES));
            const next = toHex(clock.next());
            expect(next > before).toBe(true);
            expect(next.slice(0, 16) > toHex(stamp).slice(0, 16)).toBe(true);
            before = next;
          }
        },
      ),
    );
  });

  it('hands out copies', () => {
    const clock = clockAt(() => 9);
    clock.next().fill(255);
    expect(toHex(clock.last())).toBe(`0000000000090000${DEVICE}`);
  });
});

it('fromHex is the inverse of toHex', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes);
    }),
  );
  expect(toHex(Uint8Array.of(0, 10, 255))).toBe('000aff');
});
