import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { SeededRandom } from '../seeded-random.contract.js';
import { crc32 } from './crc32.js';

it('B1 CRC-32 has the check value of its catalogue entry', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});

it("B1 CRC-32 is zlib's at every length, offset and start", () => {
  const random = new SeededRandom(1);
  const bytes = Uint8Array.from({ length: 300 }, () => random.below(256));
  for (let length = 0; length < 64; length++) {
    for (const offset of [0, 4, 8, 200]) {
      const part = bytes.subarray(offset, offset + length);
      const before = length % 2 === 0 ? 0 : random.below(2 ** 32);
      expect(crc32(part, before)).toBe(zlibCrc32(part, before));
    }
  }
});
