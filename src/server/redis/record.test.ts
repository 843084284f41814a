import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HEAD_BYTES, packRecord, unpackRecord } from './record.js';

const stamp = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const optional = (value: fc.Arbitrary<string>) => fc.option(value, { nil: undefined });
const text = fc.string({ unit: 'grapheme' });

test('G1 a record comes back as it was', () => {
  fc.assert(
    fc.property(
      stamp,
      optional(text),
      optional(text),
      fc.array(fc.float({ noNaN: true })),
      (at, metadata, words, numbers) => {
        const record = {
          kind: 'upsert' as const,
          id: 'a',
          stamp: at,
          ...(metadata === undefined ? {} : { metadata }),
          ...(words === undefined ? {} : { text: words }),
          vector: Float32Array.from(numbers),
        };
        expect(unpackRecord('a', packRecord(record))).toEqual(record);
      },
    ),
  );
});

test('G1 a vector is read where it is not aligned, and does not share memory', () => {
  const vector = Float32Array.of(1.5, -2);
  const packed = packRecord({ kind: 'upsert', id: 'a', stamp: '0'.repeat(32), vector });
  const moved = Buffer.concat([Buffer.alloc(3), packed]).subarray(3);
  const read = unpackRecord('a', moved).vector!;
  moved.fill(0);
  expect([...read]).toEqual([1.5, -2]);
});

test('G1 a tombstone is a head, and so is a record that comes bare', () => {
  const at = '00ff'.repeat(8);
  const tombstone = packRecord({ kind: 'delete', id: 'a', stamp: at, vector: undefined });
  expect(tombstone.length).toBe(HEAD_BYTES);
  expect(unpackRecord('a', tombstone)).toEqual({ kind: 'delete', id: 'a', stamp: at, vector: undefined });

  const record = packRecord({
    kind: 'upsert',
    id: 'a',
    stamp: at,
    metadata: '{}',
    vector: Float32Array.of(1),
  });
  expect(unpackRecord('a', record.subarray(0, HEAD_BYTES))).toEqual({
    kind: 'upsert',
    id: 'a',
    stamp: at,
    vector: undefined,
  });
});
