import { type StringColumn, unpackString, unpackStrings } from '../../shared/string-column.js';
import { jsonBytes, jsonBytesIn } from '../../shared/sync/operation-bytes.js';
import { MAX_OPERATIONS, PUSH_BYTES } from '../../shared/sync/protocol.js';
import type { RemoteRecord, RemoteWrite } from '../../shared/sync/remote.js';
import type { PackedRecords } from '../../shared/worker-api.js';

/** Of a position on the wire, beside its strings and its vector. */
const POSITION_BYTES = 200;

/** What a request says beside its stamp. */
export type WriteContent<T = RemoteWrite> = T extends unknown
  ? Omit<T, 'collection' | 'stamp' | 'repeated' | 'replicated'>
  : never;

/** The positions of one write. */
export interface WriteItems {
  readonly mode: 'upsert' | 'insert' | 'set-metadata' | 'delete';
  readonly ids: readonly string[];
  /** Of one position on the wire, at most. */
  bytes(position: number): number;
  /** Of a request about these positions. */
  content(positions: readonly number[]): WriteContent;
}

export function recordItems(
  { ids: packed, vectors, metadata, texts }: PackedRecords,
  dimension: number,
  mode: 'upsert' | 'insert',
): WriteItems {
  const ids = unpackStrings(packed);
  const record = (i: number): RemoteRecord => ({
    id: ids[i]!,
    vector: vectors.subarray(i * dimension, (i + 1) * dimension),
    ...optional('metadata', metadata, i),
    ...optional('text', texts, i),
  });
  return {
    mode,
    ids,
    bytes: (i) =>
      POSITION_BYTES +
      4 * dimension +
      jsonBytesIn(packed, i) +
      jsonBytesIn(metadata, i) +
      jsonBytesIn(texts, i),
    content: (positions) => ({ mode, records: positions.map(record) }),
  };
}

export function metadataItems(packed: StringColumn, metadata: StringColumn): WriteItems {
  const mode = 'set-metadata';
  const ids = unpackStrings(packed);
  return {
    mode,
    ids,
    bytes: (i) => POSITION_BYTES + jsonBytesIn(packed, i) + jsonBytesIn(metadata, i),
    content: (positions) => ({
      mode,
      updates: positions.map((i) => ({ id: ids[i]!, metadata: unpackString(metadata, i) })),
    }),
  };
}

export function deletedItems(ids: readonly string[]): WriteItems {
  const mode = 'delete';
  return {
    mode,
    ids,
    bytes: (i) => POSITION_BYTES + jsonBytes(ids[i]!),
    content: (positions) => ({ mode, ids: positions.map((i) => ids[i]!) }),
  };
}

/** Cuts positions into requests: 500 of them, or 4 MiB unless a single one has more. */
export function* requestsOf({ ids, bytes }: WriteItems): Generator<number[]> {
  let request: number[] = [];
  let size = 0;
  for (let i = 0; i < ids.length; i++) {
    const own = bytes(i);
    if (request.length === MAX_OPERATIONS || (request.length > 0 && size + own > PUSH_BYTES)) {
      yield request;
      request = [];
      size = 0;
    }
    request.push(i);
    size += own;
  }
  if (request.length > 0) yield request;
}

/** An empty row means none. */
function optional<K extends string>(key: K, column: StringColumn | undefined, i: number) {
  const value = column === undefined ? '' : unpackString(column, i);
  return (value === '' ? {} : { [key]: value }) as { readonly [key in K]?: string };
}
