import type { RecordsOnWire } from '../records-on-wire.js';
import { MalformedError } from './bounded-json.js';
import type { VectorReader } from './frame.js';
import { packMessage, unpackMessage } from './frame-message.js';
import {
  arrayAt,
  choiceAt,
  countAt,
  flagAt,
  numberAt,
  objectAt,
  optionalAt,
  stringAt,
} from './head-check.js';
import type {
  RemoteAnswers,
  RemoteCounted,
  RemoteFound,
  RemoteMatches,
  RemotePage,
  RemoteReceipt,
  RemoteWriteResult,
  RemoteWritten,
} from './remote.js';

// Each that unpacks throws `MalformedError`.

/** 64 queries of 1,000 matches have five columns at most. */
const ANSWERS_VALUES = 512 << 10;
/** 10,000 records have three columns. */
const PAGE_VALUES = 64 << 10;

const ENGINES = ['exact', 'vector-set'] as const;

export function packRemoteAnswers({ answers }: RemoteAnswers): Uint8Array<ArrayBuffer> {
  return packMessage({ answers: answers.map(bare) }, answers.flatMap(rowsOf));
}

export function unpackRemoteAnswers(bytes: Uint8Array<ArrayBuffer>): RemoteAnswers {
  const { head, vectors } = unpackMessage(bytes, ANSWERS_VALUES);
  const answers = arrayAt(head.answers, 'answers').map((value, i) =>
    matchesAt(value, `answers[${i}]`, vectors),
  );
  vectors.end();
  return { answers };
}

export function packRemoteFound({ found, records }: RemoteFound): Uint8Array<ArrayBuffer> {
  return packMessage({ found, records: bare(records) }, rowsOf(records));
}

export function unpackRemoteFound(bytes: Uint8Array<ArrayBuffer>): RemoteFound {
  const { head, vectors } = unpackMessage(bytes, PAGE_VALUES);
  const found = arrayAt(head.found, 'found').map((value, i) => flagAt(value, `found[${i}]`));
  const records = recordsAt(head.records, 'records', vectors);
  vectors.end();
  return { found, records };
}

export function packRemotePage({ records, cursor }: RemotePage): Uint8Array<ArrayBuffer> {
  return packMessage({ records: bare(records), cursor }, rowsOf(records));
}

export function unpackRemotePage(bytes: Uint8Array<ArrayBuffer>): RemotePage {
  const { head, vectors } = unpackMessage(bytes, PAGE_VALUES);
  const records = recordsAt(head.records, 'records', vectors);
  vectors.end();
  return { records, ...optionalAt({ cursor: head.cursor }, '', stringAt) };
}

export function remoteCountedFrom(value: unknown): RemoteCounted {
  return { count: countAt(objectAt(value, 'the answer').count, 'count') };
}

export function remoteWrittenFrom(value: unknown): RemoteWritten {
  const { time, results, count, replicated } = objectAt(value, 'the answer');
  return {
    time: countAt(time, 'time'),
    results: arrayAt(results, 'results').map((result, i) => resultAt(result, `results[${i}]`)),
    count: countAt(count, 'count'),
    replicated: flagAt(replicated, 'replicated'),
  };
}

/** Without the vectors; that there are some stays. */
function bare<T extends RecordsOnWire>(records: T): object {
  return records.vectors === undefined ? records : { ...records, vectors: true };
}

function rowsOf({ ids, vectors }: RecordsOnWire): Float32Array[] {
  if (vectors === undefined || ids.length === 0) return [];
  const dimension = vectors.length / ids.length;
  return ids.map((_, i) => vectors.subarray(i * dimension, (i + 1) * dimension));
}

function recordsAt(value: unknown, where: string, vectors: VectorReader): RecordsOnWire {
  const { ids, metadata, texts, vectors: withVectors } = objectAt(value, where);
  const column = (values: unknown, place: string) => {
    const strings = arrayAt(values, place).map((each, i) =>
      each === null ? undefined : stringAt(each, `${place}[${i}]`),
    );
    return ofLength(strings, names.length, place);
  };
  const names = arrayAt(ids, `${where}.ids`).map((id, i) => stringAt(id, `${where}.ids[${i}]`));
  return {
    ids: names,
    ...optionalAt({ metadata }, where, column),
    ...optionalAt({ texts }, where, column),
    ...(withVectors === true ? { vectors: vectors.rows(names.length) } : {}),
  };
}

function matchesAt(value: unknown, where: string, vectors: VectorReader): RemoteMatches {
  const { scores, distances, receipt } = objectAt(value, where);
  const records = recordsAt(value, where, vectors);
  const numbersAt = (values: unknown, place: string) => {
    const numbers = arrayAt(values, place).map((each, i) => numberAt(each, `${place}[${i}]`));
    return ofLength(numbers, records.ids.length, place);
  };
  return {
    ...records,
    scores: numbersAt(scores, `${where}.scores`),
    distances: numbersAt(distances, `${where}.distances`),
    receipt: receiptAt(receipt, `${where}.receipt`),
  };
}

function receiptAt(value: unknown, where: string): RemoteReceipt {
  const { engine, exact, complete, reason, scanned, shards, elapsedMs } = objectAt(value, where);
  const { asked, answered } = objectAt(shards, `${where}.shards`);
  return {
    engine: choiceAt(engine, `${where}.engine`, ENGINES),
    exact: flagAt(exact, `${where}.exact`),
    complete: flagAt(complete, `${where}.complete`),
    ...optionalAt({ reason }, where, stringAt),
    scanned: countAt(scanned, `${where}.scanned`),
    shards: {
      asked: countAt(asked, `${where}.shards.asked`),
      answered: countAt(answered, `${where}.shards.answered`),
    },
    elapsedMs: numberAt(elapsedMs, `${where}.elapsedMs`),
  };
}

function resultAt(value: unknown, where: string): RemoteWriteResult {
  const { status, message } = objectAt(value, where);
  switch (status) {
    case 'ok':
    case 'absent':
    case 'exists':
    case 'skipped':
    case 'future':
      return { status };
    case 'quota':
    case 'invalid':
    case 'unavailable':
      return { status, message: stringAt(message, `${where}.message`) };
    default:
      throw new MalformedError(`${where} has an unknown status.`);
  }
}

function ofLength<T>(values: T[], length: number, where: string): T[] {
  if (values.length === length) return values;
  throw new MalformedError(`${where} has ${values.length} elements for ${length} ids.`);
}
