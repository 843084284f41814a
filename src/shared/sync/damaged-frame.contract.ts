import fc from 'fast-check';
import { expect } from 'vitest';
import { MalformedError } from './bounded-json.js';
import {
  packPullAnswer,
  packPushAnswer,
  packPushRequest,
  unpackPullAnswer,
  unpackPushAnswer,
  unpackPushRequest,
} from './messages.js';
import { pullAnswer, pushAnswer, pushRequest } from './messages-arbitrary.contract.js';

const SEED = 5_001;

type Bytes = Uint8Array<ArrayBuffer>;
const COUNTS = [0, 1, 2, 3, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff];

/** One way to damage a frame; `at` and `value` are taken modulo what fits. */
export const damage = fc.oneof(
  fc.record({ kind: fc.constant('bits' as const), at: fc.nat(), value: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('length' as const), at: fc.nat(), value: fc.constantFrom(...COUNTS) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), value: fc.constant(0) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), value: fc.nat(255) }),
  // A digit of a number in the head, such as the dimension or a count.
  fc.record({ kind: fc.constant('digit' as const), at: fc.nat(), value: fc.nat(9) }),
);

/** A frame of one of the messages with one to three faults. */
export const damagedFrame: fc.Arbitrary<Bytes> = fc
  .tuple(
    fc.oneof(
      pushRequest.map(packPushRequest),
      pushAnswer.map(packPushAnswer),
      pullAnswer.map(packPullAnswer),
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Uint8Array.from(bytes)),
    ),
    fc.array(damage, { minLength: 1, maxLength: 3 }),
  )
  .map(([frame, faults]) => faults.reduce(damaged, frame));

export type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

export function damaged(frame: Bytes, { kind, at, value }: Damage): Bytes {
  if (frame.length === 0) return Uint8Array.of(value);
  const where = at % frame.length;
  const copy = frame.slice();
  switch (kind) {
    case 'bits':
      copy[where] = copy[where]! ^ value;
      return copy;
    case 'length':
      if (copy.length >= 4) new DataView(copy.buffer).setUint32(0, value, true);
      return copy;
    case 'cut':
      return copy.slice(0, where);
    case 'insert':
      return Uint8Array.of(...copy.subarray(0, where), value, ...copy.subarray(where));
    case 'digit': {
      const digits = [...copy.keys()].filter((i) => copy[i]! >= 0x30 && copy[i]! <= 0x39);
      if (digits.length > 0) copy[digits[at % digits.length]!] = 0x30 + value;
      return copy;
    }
  }
}

/** Unpacks `runs` damaged frames as each message: refused as malformed, or a message that packs again. */
export function unpackDamaged(runs: number): { refused: number; taken: number } {
  const tally = { refused: 0, taken: 0 };
  fc.assert(
    fc.property(damagedFrame, (frame) => {
      tryUnpack(frame, unpackPushRequest, packPushRequest);
      tryUnpack(frame, unpackPushAnswer, packPushAnswer);
      tryUnpack(frame, unpackPullAnswer, packPullAnswer);
    }),
    { numRuns: runs, seed: SEED },
  );
  return tally;

  function tryUnpack<T>(frame: Bytes, unpack: (bytes: Bytes) => T, pack: (message: T) => Bytes): void {
    let message: T;
    try {
      message = unpack(frame);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      tally.refused++;
      return;
    }
    tally.taken++;
    expect(unpack(pack(message))).toEqual(message);
  }
}
