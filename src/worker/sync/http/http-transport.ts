import { VectorStoreError } from '../../../shared/errors.js';
import { packPushRequest, unpackPullAnswer, unpackPushAnswer } from '../../../shared/sync/messages.js';
import { unpackOpenAnswer } from '../../../shared/sync/open-messages.js';
import { HINT_HEARTBEAT_MS } from '../../../shared/sync/protocol.js';
import type { SyncTransport } from '../transport.js';
import { hintParser } from './hint-parser.js';
import type { HttpClient } from './http-client.js';

/** Of one collection. */
export function httpTransport(client: HttpClient, store: string, collection: string): SyncTransport {
  const path = collectionPath(store, collection);
  return {
    open: (request, signal) => client.send({ method: 'PUT', path, body: request }, unpackOpenAnswer, signal),
    push: (request, signal) =>
      client.send(
        { method: 'POST', path: `${path}/push`, body: packPushRequest(request) },
        unpackPushAnswer,
        signal,
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

/** Relative to a server's base URL. */
export function collectionPath(store: string, collection: string): string {
  return `v1/stores/${encodeURIComponent(store)}/collections/${encodeURIComponent(collection)}`;
}
