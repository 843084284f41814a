import type { Access } from './auth/access.js';
import type { ChangeLog, CollectionName } from './change-log.js';
import type { Descriptors } from './descriptors.js';
import type { Garbage } from './garbage.js';
import type { HintStreams } from './hint-streams.js';
import type { MemoryShare } from './http/memory-budget.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { Schema } from './schemas.js';
import type { RemoteSearch } from './search/remote-search.js';
import type { StoredBytes } from './stored-bytes.js';

/** What the routes of one server share. */
export interface ServerContext {
  readonly log: ChangeLog;
  readonly descriptors: Descriptors;
  readonly storedBytes: StoredBytes;
  readonly garbage: Garbage;
  readonly streams: HintStreams;
  readonly search: RemoteSearch;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** A request about a collection that its token covers. */
export interface CollectionCall {
  readonly request: Request;
  readonly name: CollectionName;
  readonly access: Access;
  /** Given back when the call is answered. */
  readonly memory: MemoryShare;
  /** Fires where the client is gone. */
  readonly signal: AbortSignal;
  /** A frame as the answer; throws 503 where there is no room for it. */
  frame(bytes: Uint8Array<ArrayBuffer>): Response;
}

export interface Content {
  readonly type: 'application/json' | 'text/event-stream' | 'frame';
  /** Of a frame: its head. */
  readonly schema: Schema;
  readonly description: string;
}

/** Below the path of a collection. */
export interface CollectionRoute {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Empty, or from a slash on. */
  readonly path: string;
  /** `write`: refused for tokens that only read. */
  readonly access: 'read' | 'write';
  readonly summary: string;
  readonly body?: Content;
  /** Undefined: none (204). */
  readonly answer?: Content;
  /** Statuses that this route refuses with, beside those that all have. */
  readonly refusals?: readonly number[];
  /** Rejects with what `toHttpError` knows. */
  readonly handle: (call: CollectionCall) => Promise<Response>;
}

/** What belongs together: the routes of pushes and pulls, those of remote search, … */
export type RouteGroup = (context: ServerContext) => readonly CollectionRoute[];
