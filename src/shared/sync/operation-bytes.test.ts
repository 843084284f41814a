import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packStrings } from '../string-column.js';
import { packPushRequest } from './messages.js';
import { jsonBytesIn, OPERATION_BYTES, operationBytes } from './operation-bytes.js';
import type { Operation, WithVector } from './protocol.js';

const text = fc.string({ unit: 'binary', maxLength: 40 });
/** Without unpaired surrogates, as strings are stored. */
const stored = text.map((any) => any.toWellFormed());
const operation: fc.Arbitrary<WithVector<Operation>> = fc.record({
  kind: fc.constant('upsert' as const),
  id: stored,
  stamp: fc.constant('a'.repeat(32)),
  base: fc.constantFrom('', 'b'.repeat(32)),
  metadata: stored,
  text: stored,
  vector: fc.constant(Float32Array.of(1, 2, 3)),
});

const lengthOf = (operations: readonly WithVector<Operation>[]) =>
  packPushRequest({ collection: '', epochs: {}, replicated: true, operations }).length;

test('Y11 what an operation is counted as is what it takes on the way, but for at most 50 bytes', () => {
  fc.assert(
    fc.property(operation, operation, (one, other) => {
      const bytes = lengthOf([one, other]) - lengthOf([one]);
      const counted = operationBytes(other);
      // Frames are filled up to a multiple of 4.
      expect(counted).toBeGreaterThan(bytes - 4);
      expect(counted - bytes).toBeLessThan(50);
    }),
  );
});

test('Y11 it is counted alike from a stored column', () => {
  fc.assert(
    fc.property(stored, operation, (id, { text }) => {
      const column = packStrings([text!, id]);
      const [of] = [{ kind: 'delete', id, stamp: '', base: '', vector: undefined } as const];
      expect(jsonBytesIn(column, 1)).toBe(operationBytes(of) - OPERATION_BYTES);
      expect(jsonBytesIn(column, 0)).toBe(JSON.stringify(text).length - 2 + utf8Extra(text!));
    }),
  );
});

/** UTF-8 bytes beyond one per UTF-16 unit. */
const utf8Extra = (text: string) => new TextEncoder().encode(text).length - text.length;
