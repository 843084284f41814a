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
  push(request: PushRequest, signal: AbortSignal): Promise<PushAnswer>;
  pull(request: PullRequest, signal: AbortSignal): Promise<PullAnswer>;
  /** Calls back until it rejects: with `ABORTED`, or because the stream has ended. `onOpen`: from now on hints come. */
  hints(onHint: (hint: Hint) => void, onOpen: () => void, signal: AbortSignal): Promise<never>;
}
