import { expect, test } from 'vitest';
import { MAX_OPERATIONS, PUSH_BYTES } from '../../shared/sync/protocol.js';
import { pushBatches } from './push-batches.js';

const operation = (id: string, bytes: number) => ({
  kind: 'upsert' as const,
  id,
  stamp: '0'.repeat(32),
  base: '',
  vector: new Float32Array(bytes / 4),
});
const sizes = (count: number, bytes: number) =>
  [...pushBatches(Array.from({ length: count }, (_, i) => operation(`r${i}`, bytes)))].map(
    ({ length }) => length,
  );

test('Y11 a push has at most 500 operations', () => {
  expect(sizes(2 * MAX_OPERATIONS + 1, 8)).toEqual([MAX_OPERATIONS, MAX_OPERATIONS, 1]);
  expect(sizes(0, 8)).toEqual([]);
});

test('Y11 a push has at most 4 MiB, unless a single operation has more', () => {
  expect(sizes(10, PUSH_BYTES / 4)).toEqual([3, 3, 3, 1]);
  expect(sizes(3, 2 * PUSH_BYTES)).toEqual([1, 1, 1]);
});

test('Y11 nothing is lost or doubled in the cutting', () => {
  const operations = Array.from({ length: 3_000 }, (_, i) => operation(`r${i}`, 4 * (i % 9_000)));
  expect([...pushBatches(operations)].flat()).toEqual(operations);
});
