import { MalformedError } from './bounded-json.js';
import type { VectorReader } from './frame.js';
import { packMessage, unpackMessage } from './frame-message.js';
import { arrayAt, byShardAt, choiceAt, countAt, flagAt, objectAt, stampAt, stringAt } from './head-check.js';
import {
  type Entry,
  MAX_OPERATIONS,
  type Operation,
  type PullAnswer,
  type PushAnswer,
  type PushRequest,
  type PushResult,
  type ShardPage,
  type WithVector,
} from './protocol.js';

// The messages that carry vectors, as frames. What is unpacked is checked in shape and in number; that ids, metadata
// and vectors keep the rules of records is for whoever takes them.

/** A push has 500 operations of six members and 1,024 epochs at most. */
const PUSH_VALUES = 16_384;
/** Four shards of 1 MiB have about 50,000 entries without vectors, of five members; a server may send more. */
const ANSWER_VALUES = 4 << 20;

const KINDS = ['upsert', 'delete'] as const;

export function packPushRequest(request: PushRequest): Uint8Array<ArrayBuffer> {
  return packMessage({ ...request, operations: request.operations.map(bare) }, vectorsOf(request.operations));
}

/** Throws `MalformedError`. */
export function unpackPushRequest(bytes: Uint8Array<ArrayBuffer>): PushRequest {
  const { head, vectors } = unpackMessage(bytes, PUSH_VALUES);
  const request: PushRequest = {
    collection: stringAt(head.collection, 'collection'),
    epochs: byShardAt(head.epochs, 'epochs', stringAt),
    replicated: flagAt(head.replicated, 'replicated'),
    operations: arrayAt(head.operations, 'operations', MAX_OPERATIONS).map((value, i) =>
      operationAt(value, `operations[${i}]`, vectors),
    ),
  };
  vectors.end();
  return request;
}

export function packPushAnswer(answer: PushAnswer): Uint8Array<ArrayBuffer> {
  const results = answer.results.map((result) =>
    'current' in result ? { ...result, current: bare(result.current) } : result,
  );
  const entries = answer.results.flatMap((result) => ('current' in result ? [result.current] : []));
  return packMessage({ ...answer, results }, vectorsOf(entries));
}

/** Throws `MalformedError`. */
export function unpackPushAnswer(bytes: Uint8Array<ArrayBuffer>): PushAnswer {
  const { head, vectors } = unpackMessage(bytes, ANSWER_VALUES);
  const answer: PushAnswer = {
    time: countAt(head.time, 'time'),
    results: arrayAt(head.results, 'results').map((value, i) => resultAt(value, `results[${i}]`, vectors)),
    shards: byShardAt(head.shards, 'shards', (value, where) => {
      const shard = objectAt(value, where);
      return {
        epoch: stringAt(shard.epoch, `${where}.epoch`),
        seq: countAt(shard.seq, `${where}.seq`),
        replicated: flagAt(shard.replicated, `${where}.replicated`),
      };
    }),
  };
  vectors.end();
  return answer;
}

export function packPullAnswer(answer: PullAnswer): Uint8Array<ArrayBuffer> {
  const pages = answer.pages.map((page) =>
    page.kind === 'page' ? { ...page, entries: page.entries.map(bare) } : page,
  );
  const entries = answer.pages.flatMap((page) => (page.kind === 'page' ? page.entries : []));
  return packMessage({ ...answer, pages }, vectorsOf(entries));
}

/** Throws `MalformedError`. */
export function unpackPullAnswer(bytes: Uint8Array<ArrayBuffer>): PullAnswer {
  const { head, vectors } = unpackMessage(bytes, ANSWER_VALUES);
  const answer: PullAnswer = {
    time: countAt(head.time, 'time'),
    pages: arrayAt(head.pages, 'pages').map((value, i) => pageAt(value, `pages[${i}]`, vectors)),
  };
  vectors.end();
  return answer;
}

type MaybeVector = { readonly vector: Float32Array | undefined };

function vectorsOf(entries: readonly MaybeVector[]): Float32Array[] {
  return entries.flatMap(({ vector }) => (vector === undefined ? [] : [vector]));
}

function bare<T extends MaybeVector>({ vector: _, ...rest }: T): Omit<T, 'vector'> {
  return rest;
}

function operationAt(value: unknown, where: string, vectors: VectorReader): WithVector<Operation> {
  const base = objectAt(value, where).base;
  return {
    ...entryAt(value, where, vectors),
    base: base === '' ? '' : stampAt(base, `${where}.base`),
  };
}

function entryAt(value: unknown, where: string, vectors: VectorReader): WithVector<Entry> {
  const fields = bareEntryAt(value, where);
  return { ...fields, vector: fields.kind === 'upsert' ? vectors.next() : undefined };
}

function bareEntryAt(value: unknown, where: string): Entry {
  const { kind, id, stamp, metadata, text } = objectAt(value, where);
  return {
    kind: choiceAt(kind, `${where}.kind`, KINDS),
    id: stringAt(id, `${where}.id`),
    stamp: stampAt(stamp, `${where}.stamp`),
    ...(metadata === undefined ? {} : { metadata: stringAt(metadata, `${where}.metadata`) }),
    ...(text === undefined ? {} : { text: stringAt(text, `${where}.text`) }),
  };
}

function resultAt(value: unknown, where: string, vectors: VectorReader): PushResult {
  const { status, current, message } = objectAt(value, where);
  switch (status) {
    case 'ok':
    case 'dup':
    case 'gone':
    case 'epoch':
    case 'future':
      return { status };
    case 'stale':
    case 'conflict':
      return { status, current: entryAt(current, `${where}.current`, vectors) };
    case 'invalid':
    case 'quota':
    case 'unavailable':
      return { status, message: stringAt(message, `${where}.message`) };
    default:
      throw new MalformedError(`${where} has an unknown status.`);
  }
}

function pageAt(value: unknown, where: string, vectors: VectorReader): ShardPage {
  const page = objectAt(value, where);
  const shard = countAt(page.shard, `${where}.shard`);
  const epoch = () => stringAt(page.epoch, `${where}.epoch`);
  const numberAt = (name: 'cursor' | 'hi' | 'floor' | 'bound') => countAt(page[name], `${where}.${name}`);
  switch (page.kind) {
    case 'page':
      return {
        kind: 'page',
        shard,
        epoch: epoch(),
        cursor: numberAt('cursor'),
        hi: numberAt('hi'),
        floor: numberAt('floor'),
        more: flagAt(page.more, `${where}.more`),
        entries: arrayAt(page.entries, `${where}.entries`).map((entry, i) =>
          pulledAt(entry, `${where}.entries[${i}]`, vectors),
        ),
      };
    case 'fork':
      return { kind: 'fork', shard, epoch: epoch(), bound: numberAt('bound'), floor: numberAt('floor') };
    case 'reset':
      return { kind: 'reset', shard, epoch: epoch(), floor: numberAt('floor') };
    case 'unavailable':
      return { kind: 'unavailable', shard, message: stringAt(page.message, `${where}.message`) };
    default:
      throw new MalformedError(`${where} is of an unknown kind.`);
  }
}

function pulledAt(value: unknown, where: string, vectors: VectorReader) {
  const fields = objectAt(value, where);
  const seq = countAt(fields.seq, `${where}.seq`);
  if (fields.bare === true)
    return { ...bareEntryAt(value, where), seq, bare: true, vector: undefined } as const;
  return { ...entryAt(value, where, vectors), seq };
}
