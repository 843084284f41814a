import type { UntypedFilter } from '../filter-types.js';
import type { MatchesOnWire, QueryOnWire, RecordsOnWire } from '../records-on-wire.js';
import type { Stamp } from './protocol.js';

// What a client asks that keeps nothing, beside pushes and pulls (SPEC, O1 to O6). No logic here.
//
// Under /v1/stores/<store>/collections/<collection>, each a POST:
//   /query  RemoteQueries (frame) → RemoteAnswers (frame)
//   /get    RemoteGet (JSON) → RemoteFound (frame)
//   /list   RemoteList (JSON) → RemotePage (frame)
//   /count  RemoteCount (JSON) → RemoteCounted (JSON)
//   /write  RemoteWrite (frame) → RemoteWritten (JSON)
// A frame's float32 block holds all vectors, one after another, in the order in which they come (remote-requests.ts,
// remote-answers.ts).
//
// `collection` is `Descriptor.id` everywhere. Answers see every write that was acknowledged before they were asked.
// Queries alone may be partial (`complete: false`); the others fail as a whole where a shard does not answer
// (`SERVER_UNAVAILABLE`), except that of a write each position is told.

/** Queries in one call at most. */
export const MAX_QUERIES = 64;
/** Matches of one query at most; `after` asks for more. */
export const MAX_TOP_K = 1_000;
/** Records of a page at most. */
export const MAX_PAGE = 10_000;
/** Bytes of vectors, metadata, texts and ids in an answer. Beyond them a page ends, and queries are refused. */
export const MAX_ANSWER_BYTES = 32 << 20;

/** A query by exactly one of `vector` and `id`. */
export type RemoteQuery = Pick<
  QueryOnWire,
  'minScore' | 'filter' | 'includeVectors' | 'includeMetadata' | 'exact' | 'targetRecall' | 'vector' | 'id'
> & {
  readonly topK: number;
  /** Only what comes after this match, in the order of score (greatest first), then id. Exact. */
  readonly after?: { readonly score: number; readonly id: string };
};

export interface RemoteQueries {
  readonly collection: string;
  readonly queries: readonly RemoteQuery[];
}

export interface RemoteReceipt {
  /** `'exact'`: every record that passes was scored; `'vector-set'`: what Redis's index named, read and scored. */
  readonly engine: 'exact' | 'vector-set';
  /** No match is missing: the exact engine, and every shard answered. */
  readonly exact: boolean;
  /** False: a shard did not answer, so that matches may be missing; then `reason` says which and why. */
  readonly complete: boolean;
  readonly reason?: string;
  /** Records scored at full precision. */
  readonly scanned: number;
  readonly shards: { readonly asked: number; readonly answered: number };
  /** On the server, from the request to the answer. */
  readonly elapsedMs: number;
}

/** Best first, equal scores in the order of id. `metadata` and `texts` are left out where they were not wanted. */
export type RemoteMatches = Omit<MatchesOnWire, 'receipt'> & { readonly receipt: RemoteReceipt };

export interface RemoteAnswers {
  /** One for each query. */
  readonly answers: readonly RemoteMatches[];
}

export interface RemoteGet {
  readonly collection: string;
  /** At most `MAX_OPERATIONS`. */
  readonly ids: readonly string[];
  readonly includeVectors: boolean;
}

export interface RemoteFound {
  /** Of the first ids: as many as fit into an answer. Ask again for the others. */
  readonly found: readonly boolean[];
  /** Those that were found. */
  readonly records: RecordsOnWire;
}

export interface RemoteList {
  readonly collection: string;
  readonly filter?: UntypedFilter;
  /** At most `MAX_PAGE`; a page may have fewer and go on all the same. */
  readonly limit: number;
  /** `RemotePage.cursor` of the page before. */
  readonly cursor?: string;
  readonly includeVectors: boolean;
}

export interface RemotePage {
  /** In the order of id (UTF-16 code units). */
  readonly records: RecordsOnWire;
  /** Absent: the end. */
  readonly cursor?: string;
}

export interface RemoteCount {
  readonly collection: string;
  readonly filter?: UntypedFilter;
}

export interface RemoteCounted {
  readonly count: number;
}

export interface RemoteRecord {
  readonly id: string;
  readonly vector: Float32Array;
  /** JSON. */
  readonly metadata?: string;
  readonly text?: string;
}

/**
 * A write, of at most `MAX_OPERATIONS` positions, that has read nothing: whatever the collection's policy is, it replaces what is there. Atomic for each shard
 * and 100 positions. `insert` and `set-metadata` are refused as a whole, before anything is written, where an id is
 * there or is not; what comes between this check and the write is told for its position.
 */
export type RemoteWrite = {
  readonly collection: string;
  /** Of all that it writes. Once sent it stays, but for `future`. */
  readonly stamp: Stamp;
  /**
   * It was sent before, and no answer came. What has a later stamp has come after it, then, and is left alone; otherwise
   * the write is given a stamp later than that.
   */
  readonly repeated: boolean;
  /** Whether a replica is waited for (`WAIT`). */
  readonly replicated: boolean;
} & (
  | { readonly mode: 'upsert' | 'insert'; readonly records: readonly RemoteRecord[] }
  | {
      readonly mode: 'set-metadata';
      readonly updates: readonly { readonly id: string; readonly metadata: string }[];
    }
  | { readonly mode: 'delete'; readonly ids: readonly string[] }
  | { readonly mode: 'delete-where'; readonly filter: UntypedFilter }
);

export type RemoteWriteResult =
  /** Applied, by this try or by one before. */
  | { readonly status: 'ok' }
  /** There is none. Of `set-metadata`: nothing was applied. */
  | { readonly status: 'absent' }
  /** `insert`: another one is there. */
  | { readonly status: 'exists' }
  /** Surely not applied, because another position refuses the whole. */
  | { readonly status: 'skipped' }
  /** The stamp is more than `MAX_AHEAD_MS` ahead. Surely not applied: correct the clock by `time` and stamp anew. */
  | { readonly status: 'future' }
  /** Surely not applied: no bytes left, or refused for good. */
  | { readonly status: 'quota' | 'invalid'; readonly message: string }
  /** Whether it was applied is unknown; repeating it (`repeated`) is harmless. */
  | { readonly status: 'unavailable'; readonly message: string };

export interface RemoteWritten {
  /** Milliseconds since 1970 by the server's clock. */
  readonly time: number;
  /** One for each position; `delete-where`: one for each shard. */
  readonly results: readonly RemoteWriteResult[];
  /** Records written or deleted. A delete that is repeated counts what it still finds. */
  readonly count: number;
  /** Whether a replica has all of it. */
  readonly replicated: boolean;
}
