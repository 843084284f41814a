import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filter } from '../filter-oracle.contract.js';
import { MalformedError } from './bounded-json.js';
import { packFrame } from './frame.js';
import { MAX_OPERATIONS } from './protocol.js';
import { MAX_QUERIES, type RemoteMatches, type RemoteQueries, type RemoteWrite } from './remote.js';
import {
  packRemoteAnswers,
  packRemoteFound,
  packRemotePage,
  remoteCountedFrom,
  remoteWrittenFrom,
  unpackRemoteAnswers,
  unpackRemoteFound,
  unpackRemotePage,
} from './remote-answers.js';
import {
  packRemoteQueries,
  packRemoteWrite,
  unpackRemoteQueries,
  unpackRemoteWrite,
} from './remote-requests.js';

const DIMENSION = 5;
const collection = fc.constant('0123456789abcdef0123456789abcdef');
const stamp = fc.constant('018bcfe568000000000000000000002a');
const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const vector = fc.float32Array({ minLength: DIMENSION, maxLength: DIMENSION, noNaN: true });
const texts = { metadata: fc.json(), text: fc.string({ minLength: 1 }) };
// JSON keeps no −0, and the rest as it is.
const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const filterObject = filter.map(json);
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

const options = {
  minScore: number,
  filter: filterObject,
  includeVectors: fc.boolean(),
  includeMetadata: fc.boolean(),
  exact: fc.boolean(),
  targetRecall: number,
  after: fc.record({ score: number, id }),
};
const query = fc.oneof(
  fc.record({ topK: fc.nat(), vector, ...options }, { requiredKeys: ['topK', 'vector'] }),
  fc.record({ topK: fc.nat(), id, ...options }, { requiredKeys: ['topK', 'id'] }),
);
const queries = fc.record({
  collection,
  queries: fc.array(query, { maxLength: 6 }),
}) as fc.Arbitrary<RemoteQueries>;

const common = { collection, stamp, repeated: fc.boolean(), replicated: fc.boolean() };
const write = fc.oneof(
  fc.record({
    ...common,
    mode: fc.constantFrom('upsert' as const, 'insert' as const),
    records: fc.array(fc.record({ id, vector, ...texts }, { requiredKeys: ['id', 'vector'] }), {
      maxLength: 6,
    }),
  }),
  fc.record({
    ...common,
    mode: fc.constant('set-metadata' as const),
    updates: fc.array(fc.record({ id, metadata: fc.json() }), { maxLength: 6 }),
  }),
  fc.record({ ...common, mode: fc.constant('delete' as const), ids: fc.array(id, { maxLength: 6 }) }),
  fc.record({ ...common, mode: fc.constant('delete-where' as const), filter: filterObject }),
) as fc.Arbitrary<RemoteWrite>;

const columns = fc.nat(5).chain((n) => {
  const column = fc.array(fc.option(fc.string(), { nil: undefined }), { minLength: n, maxLength: n });
  const numbers = fc.array(number, { minLength: n, maxLength: n });
  return fc.record(
    {
      ids: fc.array(id, { minLength: n, maxLength: n }),
      metadata: column,
      texts: column,
      vectors: fc.float32Array({ minLength: n * DIMENSION, maxLength: n * DIMENSION, noNaN: true }),
      scores: numbers,
      distances: numbers,
      receipt: fc.record(
        {
          engine: fc.constantFrom('exact', 'vector-set'),
          exact: fc.boolean(),
          complete: fc.boolean(),
          reason: fc.string(),
          scanned: fc.nat(),
          shards: fc.record({ asked: fc.nat(), answered: fc.nat() }),
          elapsedMs: number,
        },
        { requiredKeys: ['engine', 'exact', 'complete', 'scanned', 'shards', 'elapsedMs'] },
      ),
    },
    { requiredKeys: ['ids', 'scores', 'distances', 'receipt'] },
  );
}) as fc.Arbitrary<RemoteMatches>;

test('O1 remote calls come back from their frames as they were', () => {
  fc.assert(
    fc.property(queries, write, fc.array(columns, { maxLength: 3 }), (asked, written, answers) => {
      expect(unpackRemoteQueries(packRemoteQueries(asked))).toEqual(asked);
      expect(unpackRemoteWrite(packRemoteWrite(written))).toEqual(written);
      expect(unpackRemoteAnswers(packRemoteAnswers({ answers }))).toEqual({ answers });
      for (const { scores: _, distances: __, receipt: ___, ...records } of answers) {
        const found = records.ids.map(() => true);
        expect(unpackRemoteFound(packRemoteFound({ found, records }))).toEqual({ found, records });
        expect(unpackRemotePage(packRemotePage({ records, cursor: 'x' }))).toEqual({ records, cursor: 'x' });
        expect(unpackRemotePage(packRemotePage({ records }))).toEqual({ records });
      }
    }),
    { numRuns: 300 },
  );
});

test('O1 answers in JSON are read as they were', () => {
  const written = {
    time: 5,
    results: [{ status: 'ok' }, { status: 'quota', message: 'full' }],
    count: 1,
    replicated: false,
  };
  expect(remoteCountedFrom({ count: 3 })).toEqual({ count: 3 });
  expect(remoteWrittenFrom(written)).toEqual(written);
});

test('H5 damaged frames of remote calls are malformed, or a call that packs again', () => {
  const tally = { refused: 0, taken: 0 };
  const damage = fc.record({ at: fc.nat(), value: fc.integer({ min: 1, max: 255 }), cut: fc.boolean() });
  const packed = fc.oneof(
    queries.map(packRemoteQueries),
    write.map(packRemoteWrite),
    columns.map((answer) => packRemoteAnswers({ answers: [answer] })),
  );
  fc.assert(
    fc.property(packed, damage, (frame, { at, value, cut }) => {
      const where = at % frame.length;
      const damaged = cut ? frame.slice(0, where) : frame.slice();
      if (!cut) damaged[where] = damaged[where]! ^ value;
      const attempt = <T>(
        unpack: (bytes: Uint8Array<ArrayBuffer>) => T,
        pack: (value: T) => typeof frame,
      ) => {
        let call: T;
        try {
          call = unpack(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
          tally.refused++;
          return;
        }
        tally.taken++;
        // By their bytes: a damaged number may read −0, which JSON gives back as 0.
        const again = pack(call);
        expect(pack(unpack(again))).toEqual(again);
      };
      attempt(unpackRemoteQueries, packRemoteQueries);
      attempt(unpackRemoteWrite, packRemoteWrite);
      attempt(unpackRemoteAnswers, packRemoteAnswers);
    }),
    { numRuns: 1_000, endOnFailure: true },
  );
  expect(tally.refused).toBeGreaterThan(1_500);
  expect(tally.taken).toBeGreaterThan(50);
});

const writeOf = (more: object) =>
  packFrame(
    { collection: 'c', stamp: '0'.repeat(32), repeated: false, replicated: false, dimension: 0, ...more },
    [],
  );

test.each([
  [
    'too many queries',
    () =>
      unpackRemoteQueries(
        packFrame(
          { collection: 'c', dimension: 0, queries: Array(MAX_QUERIES + 1).fill({ topK: 1, id: 'a' }) },
          [],
        ),
      ),
  ],
  [
    'too many ids',
    () => unpackRemoteWrite(writeOf({ mode: 'delete', ids: Array(MAX_OPERATIONS + 1).fill('a') })),
  ],
  [
    'more vectors than the frame has',
    () => unpackRemoteQueries(packFrame({ collection: 'c', dimension: 4, queries: [{ topK: 1 }] }, [])),
  ],
  [
    'numbers that are left',
    () =>
      unpackRemoteQueries(packFrame({ collection: 'c', dimension: 2, queries: [] }, [new Float32Array(2)])),
  ],
  ['a filter that is no object', () => unpackRemoteWrite(writeOf({ mode: 'delete-where', filter: [] }))],
  ['an unknown mode', () => unpackRemoteWrite(writeOf({ mode: 'drop' }))],
])('H5 a call with %s is malformed', (_, unpack) => {
  expect(unpack).toThrow(MalformedError);
});
