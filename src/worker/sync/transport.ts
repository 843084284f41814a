import { VectorStoreError } from '../../shared/errors.js';
import type {
  Hint,
  OpenAnswer,
  OpenRequest,
  PullAnswer,
  PullRequest,
  PushAnswer,
  PushRequest,
} from '../../shared/sync/protocol.js';

// The contract of the way to a server. http-transport.ts speaks HTTP; tests put a faulty one between.
//
// Every call settles. It rejects with a `VectorStoreError`: `SERVER_UNAVAILABLE` (no answer, 5xx, 429: try again,
// perhaps after `retryAfterMs`; whether a push was applied is unknown), `UNAUTHORIZED`, `CONFIG_MISMATCH`,
// `SYNC_REJECTED` (dropped on the server, or refused for good), `ABORTED`.

export interface SyncTransport {
  open(request: OpenRequest, signal: AbortSignal): Promise<OpenAnswer>;
  /**
   * Rejects with `RequestTooLarge` where it has several operations and is to be divided; a single one that is too large
   * is answered as `invalid`.
   */
  push(request: PushRequest, signal: AbortSignal): Promise<PushAnswer>;
  pull(request: PullRequest, signal: AbortSignal): Promise<PullAnswer>;
  /** Calls back until it rejects: with `ABORTED`, or because the stream has ended. `onOpen`: from now on hints come. */
  hints(onHint: (hint: Hint) => void, onOpen: () => void, signal: AbortSignal): Promise<never>;
}

/** The server, or what stands in front of it, has no room for the request. Nothing of it was done. */
export class RequestTooLarge extends VectorStoreError {
  constructor(message: string) {
    super('INVALID_ARGUMENT', message);
  }
}
