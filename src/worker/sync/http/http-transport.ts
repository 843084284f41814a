import { VectorStoreError } from '../../../shared/errors.js';
import { packPushRequest, unpackPullAnswer, unpackPushAnswer } from '../../../shared/sync/messages.js';
import { unpackOpenAnswer } from '../../../shared/sync/open-messages.js';
import {
  HINT_HEARTBEAT_MS,
  MAX_BODY_BYTES,
  type PushAnswer,
  type PushRequest,
  type PushResult,
} from '../../../shared/sync/protocol.js';
import type { SyncTransport } from '../transport.js';
import { hintParser } from './hint-parser.js';
import type { HttpClient } from './http-client.js';

/** Of one collection. */
export function httpTransport(client: HttpClient, store: string, collection: string): SyncTransport {
  const path = collectionPath(store, collection);
  return {
    open: (request, signal) => client.send({ method: 'PUT', path, body: request }, unpackOpenAnswer, signal),
    push: (request, signal) =>
      withoutOversized(request, (fitting) =>
        client.send(
          { method: 'POST', path: `${path}/push`, body: packPushRequest(fitting) },
          unpackPushAnswer,
          signal,
        ),
      ),
    pull: (request, signal) =>
      client.send({ method: 'POST', path: `${path}/pull`, body: request }, unpackPullAnswer, signal),
    async hints(onHint, onOpen, signal) {
      await client.stream(
        { method: 'GET', path: `${path}/hints` },
        { onOpen, onPart: hintParser(onHint), silenceMs: 3 * HINT_HEARTBEAT_MS },
        signal,
      );
      throw new VectorStoreError(
        'SERVER_UNAVAILABLE',
        'The stream of hints has ended. Changes of others are not noticed at once. It is opened again.',
      );
    },
  };
}

/**
 * An operation that no request has room for is refused for good here, as the server would refuse the request: so it
 * does not keep the others from being pushed.
 */
async function withoutOversized(
  request: PushRequest,
  push: (fitting: PushRequest) => Promise<PushAnswer>,
): Promise<PushAnswer> {
  const sizes = request.operations.map((operation) =>
    sizeOf(operation) > MAX_BODY_BYTES / 8
      ? packPushRequest({ ...request, operations: [operation] }).length
      : 0,
  );
  const fitting = request.operations.filter((_, i) => sizes[i]! <= MAX_BODY_BYTES);
  if (fitting.length === request.operations.length) return push(request);
  const answer = await push({ ...request, operations: fitting });
  const answered = answer.results[Symbol.iterator]();
  const results = sizes.map((bytes): PushResult => {
    if (bytes <= MAX_BODY_BYTES) return answered.next().value!;
    return {
      status: 'invalid',
      message: `it takes ${bytes} bytes on the way to the server, which takes ${MAX_BODY_BYTES}. Keep its text shorter.`,
    };
  });
  return { ...answer, results };
}

/** Of each UTF-16 unit JSON makes at most six bytes. */
function sizeOf({ vector, metadata, text }: PushRequest['operations'][number]): number {
  return (vector?.byteLength ?? 0) + (metadata?.length ?? 0) + (text?.length ?? 0);
}

/** Relative to a server's base URL. */
export function collectionPath(store: string, collection: string): string {
  return `v1/stores/${encodeURIComponent(store)}/collections/${encodeURIComponent(collection)}`;
}
