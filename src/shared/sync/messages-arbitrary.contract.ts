import fc from 'fast-check';
import type { PullAnswer, PushAnswer, PushRequest } from './protocol.js';

// Messages as fast-check makes them, for round trips and for fuzzing.

const stamp = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
const epoch = fc.string({ minLength: 1, maxLength: 32 });
const shard = fc.nat(1_023);
const count = fc.maxSafeNat();
const shards = <T>(member: fc.Arbitrary<T>) =>
  fc.dictionary(shard.map(String), member, { maxKeys: 4, noNullPrototype: true });
const vectorOf = (dimension: number) =>
  fc.float32Array({ minLength: dimension, maxLength: dimension, noNaN: true });

const texts = {
  metadata: fc.json(),
  text: fc.string({ unit: 'grapheme', minLength: 1 }),
};

function entry(dimension: number) {
  const id = fc.string({ unit: 'grapheme', minLength: 1 });
  return fc.oneof(
    fc.record(
      { kind: fc.constant('upsert' as const), id, stamp, ...texts, vector: vectorOf(dimension) },
      { requiredKeys: ['kind', 'id', 'stamp', 'vector'] },
    ),
    fc.record({ kind: fc.constant('delete' as const), id, stamp, vector: fc.constant(undefined) }),
  );
}

const dimension = fc.integer({ min: 1, max: 9 });

export const pushRequest: fc.Arbitrary<PushRequest> = dimension.chain((d) =>
  fc.record({
    collection: stamp,
    epochs: shards(epoch),
    replicated: fc.boolean(),
    operations: fc.array(
      fc
        .tuple(entry(d), fc.oneof(fc.constant(''), stamp))
        .map(([operation, base]) => ({ ...operation, base })),
      { maxLength: 8 },
    ),
  }),
);

export const pushAnswer: fc.Arbitrary<PushAnswer> = dimension.chain((d) =>
  fc.record({
    time: count,
    results: fc.array(
      fc.oneof(
        fc.record({ status: fc.constantFrom('ok', 'dup', 'gone', 'epoch', 'future') }),
        fc.record({ status: fc.constantFrom('stale', 'conflict'), current: entry(d) }),
        fc.record({ status: fc.constantFrom('invalid', 'quota', 'unavailable'), message: fc.string() }),
      ),
      { maxLength: 8 },
    ),
    shards: shards(fc.record({ epoch, seq: count, replicated: fc.boolean() })),
  }),
);

export const pullAnswer: fc.Arbitrary<PullAnswer> = dimension.chain((d) => {
  const pulled = fc.oneof(
    fc.tuple(entry(d), count).map(([fields, seq]) => ({ ...fields, seq })),
    fc.record({
      kind: fc.constantFrom('upsert', 'delete'),
      id: fc.string({ minLength: 1 }),
      stamp,
      seq: count,
      bare: fc.constant(true),
      vector: fc.constant(undefined),
    }),
  );
  return fc.record({
    time: count,
    pages: fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constant('page' as const),
          shard,
          epoch,
          cursor: count,
          hi: count,
          floor: count,
          more: fc.boolean(),
          entries: fc.array(pulled, { maxLength: 6 }),
        }),
        fc.record({ kind: fc.constant('fork' as const), shard, epoch, bound: count, floor: count }),
        fc.record({ kind: fc.constant('reset' as const), shard, epoch, floor: count }),
        fc.record({ kind: fc.constant('unavailable' as const), shard, message: fc.string() }),
      ),
      { maxLength: 4 },
    ),
  });
});
