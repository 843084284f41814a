import type { UntypedFilter } from '../filter-types.js';
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
  stampAt,
  stringAt,
} from './head-check.js';
import { MAX_OPERATIONS } from './protocol.js';
import {
  MAX_QUERIES,
  type RemoteQueries,
  type RemoteQuery,
  type RemoteRecord,
  type RemoteWrite,
} from './remote.js';

// What is unpacked is checked in shape and in number; that ids, filters, metadata and vectors keep their rules is for
// whoever takes them. Each throws `MalformedError`.

/** Filters have at most 10,000 operands of one condition; 64 queries rarely have many. */
const QUERIES_VALUES = 256 << 10;
/** 500 records of four members, or one filter. */
const WRITE_VALUES = 32 << 10;

const MODES = ['upsert', 'insert', 'set-metadata', 'delete', 'delete-where'] as const;

export function packRemoteQueries({ collection, queries }: RemoteQueries): Uint8Array<ArrayBuffer> {
  const vectors = queries.flatMap(({ vector }) => (vector === undefined ? [] : [vector]));
  const bare = queries.map(({ vector: _, ...rest }) => rest);
  return packMessage({ collection, queries: bare }, vectors);
}

export function unpackRemoteQueries(bytes: Uint8Array<ArrayBuffer>): RemoteQueries {
  const { head, vectors } = unpackMessage(bytes, QUERIES_VALUES);
  const request: RemoteQueries = {
    collection: stringAt(head.collection, 'collection'),
    queries: arrayAt(head.queries, 'queries', MAX_QUERIES).map((value, i) =>
      queryAt(value, `queries[${i}]`, vectors),
    ),
  };
  vectors.end();
  return request;
}

function queryAt(value: unknown, where: string, vectors: VectorReader): RemoteQuery {
  const { topK, minScore, filter, includeVectors, includeMetadata, exact, targetRecall, id, after } =
    objectAt(value, where);
  return {
    topK: countAt(topK, `${where}.topK`),
    ...optionalAt({ minScore }, where, numberAt),
    ...optionalAt({ filter }, where, filterAt),
    ...optionalAt({ includeVectors }, where, flagAt),
    ...optionalAt({ includeMetadata }, where, flagAt),
    ...optionalAt({ exact }, where, flagAt),
    ...optionalAt({ targetRecall }, where, numberAt),
    ...optionalAt({ after }, where, (match, place) => {
      const { score, id: last } = objectAt(match, place);
      return { score: numberAt(score, `${place}.score`), id: stringAt(last, `${place}.id`) };
    }),
    ...(id === undefined ? { vector: vectors.next() } : { id: stringAt(id, `${where}.id`) }),
  };
}

export function packRemoteWrite(request: RemoteWrite): Uint8Array<ArrayBuffer> {
  if (!('records' in request)) return packMessage(request, []);
  const records = request.records.map(({ vector: _, ...rest }) => rest);
  return packMessage(
    { ...request, records },
    request.records.map(({ vector }) => vector),
  );
}

export function unpackRemoteWrite(bytes: Uint8Array<ArrayBuffer>): RemoteWrite {
  const { head, vectors } = unpackMessage(bytes, WRITE_VALUES);
  const common = {
    collection: stringAt(head.collection, 'collection'),
    stamp: stampAt(head.stamp, 'stamp'),
    repeated: flagAt(head.repeated, 'repeated'),
    replicated: flagAt(head.replicated, 'replicated'),
  };
  const mode = choiceAt(head.mode, 'mode', MODES);
  const write = (): RemoteWrite => {
    switch (mode) {
      case 'upsert':
      case 'insert': {
        const records = positionsAt(head.records, 'records', (value, where) =>
          recordAt(value, where, vectors),
        );
        return { ...common, mode, records };
      }
      case 'set-metadata': {
        const updates = positionsAt(head.updates, 'updates', (value, where) => {
          const { id, metadata } = objectAt(value, where);
          return { id: stringAt(id, `${where}.id`), metadata: stringAt(metadata, `${where}.metadata`) };
        });
        return { ...common, mode, updates };
      }
      case 'delete':
        return { ...common, mode, ids: positionsAt(head.ids, 'ids', stringAt) };
      case 'delete-where':
        return { ...common, mode, filter: filterAt(head.filter, 'filter') };
    }
  };
  const request = write();
  vectors.end();
  return request;
}

function recordAt(value: unknown, where: string, vectors: VectorReader): RemoteRecord {
  const { id, metadata, text } = objectAt(value, where);
  return {
    id: stringAt(id, `${where}.id`),
    vector: vectors.next(),
    ...optionalAt({ metadata }, where, stringAt),
    ...optionalAt({ text }, where, stringAt),
  };
}

function positionsAt<T>(value: unknown, where: string, item: (value: unknown, where: string) => T): T[] {
  return arrayAt(value, where, MAX_OPERATIONS).map((each, i) => item(each, `${where}[${i}]`));
}

/** An object; what is in it `compileFilter` checks. */
function filterAt(value: unknown, where: string): UntypedFilter {
  return objectAt(value, where) as UntypedFilter;
}
