import { expect, test } from 'vitest';
import { shardOf } from './shard-of.js';

test('G1 the shard of an id is xxHash32 of its UTF-8 modulo the number of shards', () => {
  // xxHash32('abc') = 0x32d153ff, a published value.
  expect(shardOf('abc', 16)).toBe(0x32d153ff % 16);
  expect(shardOf('abc', 1_000)).toBe(0x32d153ff % 1_000);
  expect(shardOf('ä', 1_024)).not.toBe(shardOf('a', 1_024));
});

test('G1 ids are spread evenly', () => {
  const counts = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++) counts[shardOf(`record-${i}`, 16)]!++;
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1_150);
});
