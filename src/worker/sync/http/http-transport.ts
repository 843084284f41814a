import { VectorStoreError } from '../../../shared/errors.js';
import { packPushRequest, unpackPullAnswer, unpackPushAnswer } from '../../../shared/sync/messages.js';
import { unpackOpenAnswer } from '../../../shared/sync/open-messages.js';
import {
  HINT_HEARTBEAT_MS,
  MAX_BODY_BYTES,
  type PushAnswer,
  type PushResult,
} from '../../../shared/sync/protocol.js';
import { RequestTooLarge, type SyncTransport } from '../transport.js';
import { hintParser } from './hint-parser.js';
import type { HttpClient } from './http-client.js';

/** Of one collection. */
export function httpTransport(client: HttpClient, store: string, collection: string): SyncTransport {
  const path = collectionPath(store, collection);
  return {
    open: (request, signal) => client.send({ method: 'PUT', path, body: request }, unpackOpenAnswer, signal),
    push: pushBy((body, signal) =>
      client.send({ method: 'POST', path: `${path}/push`, body }, unpackPushAnswer, signal),
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

/** Pushes of several operations that are too large are to be divided; a single one that is, is refused for good. */
function pushBy(
  send: (frame: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<PushAnswer>,
): SyncTransport['push'] {
  /** Of a request that was too large, although it is within the protocol's bound: a proxy may have one of its own. */
  let refusedBytes = MAX_BODY_BYTES + 1;
  return async (request, signal) => {
    const frame = packPushRequest(request);
    const isSingle = request.operations.length === 1;
    try {
      // A single one is offered again: the bound may have been lifted.
      if (frame.length >= refusedBytes && !(isSingle && frame.length <= MAX_BODY_BYTES))
        throw tooLargeError(frame.length);
      return await send(frame, signal);
    } catch (error) {
      if (!(error instanceof RequestTooLarge)) throw error;
      if (!isSingle) {
        refusedBytes = Math.min(refusedBytes, frame.length);
        throw error;
      }
      const answer = await send(packPushRequest({ ...request, operations: [] }), signal);
      return { ...answer, results: [tooLargeResult(frame.length)] };
    }
  };
}

const tooLargeError = (bytes: number) =>
  new RequestTooLarge(`A push of ${bytes} bytes is too large for the server. Nothing was sent. Divide it.`);

const tooLargeResult = (bytes: number): PushResult => ({
  status: 'invalid',
  message: `it takes ${bytes} bytes on the way to the server, which has no room for as many (at most ${MAX_BODY_BYTES}, or what a proxy in front of it takes). Keep its text shorter`,
});

/** Relative to a server's base URL. */
export function collectionPath(store: string, collection: string): string {
  return `${collectionsPath(store)}/${encodeURIComponent(collection)}`;
}

/** Relative to a server's base URL. */
export function collectionsPath(store: string): string {
  return `v1/stores/${encodeURIComponent(store)}/collections`;
}
