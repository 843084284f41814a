import fc from 'fast-check';
import { xxHash32 as oracle } from 'js-xxhash';
import { expect, test } from 'vitest';
import { xxHash32 } from './checksum.js';

test('S4 xxHash32 is that of js-xxhash for every length from 0 to 100', () => {
  for (let length = 0; length <= 100; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => 255 - 7 * i);
    expect([length, xxHash32(bytes)]).toEqual([length, oracle(bytes)]);
  }
});

test('S4 xxHash32 is that of js-xxhash for random bytes, anywhere in a buffer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(5), (bytes, words) => {
      const whole = new Uint8Array(4 * words + bytes.length + 3).fill(0xaa);
      whole.set(bytes, 4 * words);
      const view = whole.subarray(4 * words, 4 * words + bytes.length);
      expect(xxHash32(view)).toBe(oracle(bytes));
    }),
  );
});

test('S4 xxHash32 gives the published values, unsigned', () => {
  // https://github.com/Cyan4973/xxHash/blob/dev/tests/sanity_test_vectors.h, seed 0
  expect(xxHash32(new Uint8Array(0))).toBe(0x02cc5d05);
  expect(xxHash32(new TextEncoder().encode('a'))).toBe(0x550d7456);
  expect(xxHash32(new TextEncoder().encode('abc'))).toBe(0x32d153ff);
});

test('S4 xxHash32 changes with every single bit', () => {
  const bytes = Uint8Array.from({ length: 37 }, (_, i) => i);
  const seen = new Set([xxHash32(bytes)]);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    seen.add(xxHash32(flipped));
  }
  expect(seen.size).toBe(8 * 37 + 1);
});

test('xxHash32 refuses a start that is not aligned rather than reading other bytes', () => {
  expect(() => xxHash32(new Uint8Array(64).subarray(1))).toThrow(RangeError);
});
