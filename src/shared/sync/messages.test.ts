import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError, parseBoundedJson } from './bounded-json.js';
import { unpackDamaged } from './damaged-frame.contract.js';
import { packFrame, unpackFrame } from './frame.js';
import {
  packPullAnswer,
  packPushAnswer,
  packPushRequest,
  unpackPullAnswer,
  unpackPushAnswer,
  unpackPushRequest,
} from './messages.js';
import { pullAnswer, pushAnswer, pushRequest } from './messages-arbitrary.contract.js';
import { MAX_OPERATIONS, type PushRequest } from './protocol.js';

const STAMP = '0'.repeat(31).concat('1');
const encoder = new TextEncoder();

function request(operations = 2, dimension = 3): PushRequest {
  return {
    collection: STAMP,
    epochs: { 0: 'a', 15: 'b' },
    replicated: false,
    operations: Array.from({ length: operations }, (_, i) => ({
      kind: 'upsert',
      id: `id ${i}`,
      stamp: STAMP,
      base: '',
      vector: Float32Array.from({ length: dimension }, (_, j) => i + j / 8),
    })),
  };
}

type Bytes = Uint8Array<ArrayBuffer>;

function roundTrips<T>(messages: fc.Arbitrary<T>, pack: (message: T) => Bytes, unpack: (bytes: Bytes) => T) {
  fc.assert(
    fc.property(messages, (message) => {
      expect(unpack(pack(message))).toEqual(message);
    }),
  );
}

/** A frame whose head is changed as JSON, and whose floats stay. */
function withHead(frame: Bytes, change: (head: Record<string, unknown>) => void) {
  const { head, floats } = unpackFrame(frame, 10_000);
  change(head as Record<string, unknown>);
  return packFrame(head as object, floats.length === 0 ? [] : [floats]);
}

describe('messages with vectors', () => {
  it('H2 come back as they were packed', () => {
    roundTrips(pushRequest, packPushRequest, unpackPushRequest);
    roundTrips(pushAnswer, packPushAnswer, unpackPushAnswer);
    roundTrips(pullAnswer, packPullAnswer, unpackPullAnswer);
  });

  it('H2 are a length, a head, zeros up to a multiple of 4, and float32', () => {
    const frame = packFrame({ a: 'ü' }, [Float32Array.of(1, -2)]);
    expect([...frame.subarray(0, 4)]).toEqual([10, 0, 0, 0]);
    expect(new TextDecoder().decode(frame.subarray(4, 14))).toBe('{"a":"ü"}');
    expect([...frame.subarray(14, 16)]).toEqual([0, 0]);
    expect([...new Float32Array(frame.buffer, 16)]).toEqual([1, -2]);
    expect(frame.length).toBe(24);
  });

  it('H2 are read at any place of a buffer', () => {
    const frame = packPushRequest(request());
    for (const offset of [0, 1, 2, 3, 4]) {
      const buffer = new Uint8Array(frame.length + offset + 5);
      buffer.set(frame, offset);
      expect(unpackPushRequest(buffer.subarray(offset, offset + frame.length))).toEqual(request());
    }
  });

  it('H2 keep every bit of a vector', () => {
    const vector = Float32Array.of(-0, 2 ** -149, 3.4028234663852886e38, 0.1);
    const [first] = unpackPushRequest(
      packPushRequest({ ...request(), operations: [{ ...request(1).operations[0]!, vector }] }),
    ).operations;
    expect(new Uint32Array(first!.vector!.slice().buffer)).toEqual(new Uint32Array(vector.buffer));
  });
});

describe('H5 a frame is refused as malformed', () => {
  const frame = packPushRequest(request());
  const cases: Record<string, Bytes> = {
    'without a byte': new Uint8Array(0),
    'without room for its length': new Uint8Array(3),
    'that claims 4 GiB of head': Uint8Array.of(255, 255, 255, 255, 0x7b, 0x7d),
    'whose head claims a byte more than there is': Uint8Array.of(3, 0, 0, 0, 0x7b, 0x7d),
    'that ends within a number': frame.slice(0, -1),
    'that lacks a number': frame.slice(0, -4),
    'that lacks a vector': frame.slice(0, -12),
    'with a vector too many': Uint8Array.of(...frame, ...new Uint8Array(12)),
    'whose head is not UTF-8': Uint8Array.of(4, 0, 0, 0, 0x22, 0xff, 0xff, 0x22),
    'whose head is an array': packFrame([], []),
    'of another dimension than its numbers': withHead(frame, (head) => {
      head.dimension = 6;
    }),
    'of a dimension that is no number': withHead(frame, (head) => {
      head.dimension = '3';
    }),
    'of the dimension 4,097': packPushRequest(request(1, 4_097)),
    'with one operation too many': packPushRequest(request(MAX_OPERATIONS + 1)),
    'with an epoch of a shard that is none': withHead(frame, (head) => {
      head.epochs = { '01': 'a' };
    }),
    'with a stamp in upper case': withHead(frame, (head) => {
      (head.operations as Record<string, unknown>[])[0]!.stamp = STAMP.replace('1', 'F');
    }),
    'with an operation of another kind': withHead(frame, (head) => {
      (head.operations as Record<string, unknown>[])[0]!.kind = 'insert';
    }),
    'with a base that is null': withHead(frame, (head) => {
      (head.operations as Record<string, unknown>[])[0]!.base = null;
    }),
  };
  it.each(Object.entries(cases))('%s', (_, bytes) => {
    expect(() => unpackPushRequest(bytes)).toThrow(MalformedError);
  });

  it('and the frame of the others is taken', () => {
    expect(unpackPushRequest(frame)).toEqual(request());
    expect(unpackPushRequest(packPushRequest(request(MAX_OPERATIONS))).operations).toHaveLength(500);
  });
});

it('H5 5,000 damaged frames are refused as malformed, or are messages', () => {
  const { refused, taken } = unpackDamaged(5_000);
  expect(refused).toBeGreaterThan(7_500);
  expect(taken).toBeGreaterThan(50);
});

it('H5 a head that claims to be a prototype changes none', () => {
  const bytes = encoder.encode('{"__proto__":{"operations":[],"polluted":true},"dimension":0}');
  const frame = new Uint8Array(4 + Math.ceil(bytes.length / 4) * 4);
  frame[0] = bytes.length;
  frame.set(bytes, 4);
  expect(() => unpackPushRequest(frame)).toThrow(MalformedError);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

describe('H5 JSON is measured before it is parsed', () => {
  const parse = (text: string, maxValues = 100) => parseBoundedJson(encoder.encode(text), maxValues);

  it('in depth: 8 MiB of brackets are refused', () => {
    expect(() => parse('['.repeat(8 << 20), 1e9)).toThrow(/nested more than 64/);
    expect(() => parse(`${'['.repeat(65)}${']'.repeat(65)}`)).toThrow(/nested more than 64/);
    expect(parse(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeInstanceOf(Array);
  });

  it('in number: 8 MiB of empty objects are refused', () => {
    expect(() => parse(`[${'{},'.repeat(2 << 20)}{}]`)).toThrow(/more than 100 values/);
    expect(parse(JSON.stringify(Array(99).fill(0)))).toHaveLength(99);
  });

  it('but for what stands in strings', () => {
    const text = '[{"\\",:'.repeat(100);
    expect(parse(JSON.stringify({ [text]: text }))).toEqual({ [text]: text });
  });

  it('never counting less than there is', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        let values = 0;
        JSON.parse(json, (_, value) => {
          values++;
          return value;
        });
        expect(() => parse(json, values - 1)).toThrow(MalformedError);
        expect(parse(json, 2 * values + 1)).toEqual(JSON.parse(json));
      }),
    );
  });
});
