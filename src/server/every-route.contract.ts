import { packPushRequest } from '../shared/sync/messages.js';
import { packRemoteQueries, packRemoteWrite } from '../shared/sync/remote-requests.js';
import { openRequest, pushOf, stampAt } from './test-server.contract.js';

export interface RouteRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Below the path of the collection. */
  readonly path: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Of the answer. */
  readonly status: 200 | 204;
  /** Its token has to allow writing. */
  readonly writes: boolean;
}

/** Every route about a collection, each with a request that is answered; dropping it comes last. */
export function everyRoute(collection: string): readonly RouteRequest[] {
  const position = { shard: 0, cursor: 0, epoch: '', hi: 0, floor: 0 };
  const vector = Float32Array.of(1, 2, 3, 4);
  const post = (path: string, body: RouteRequest['body'] | object, writes = false): RouteRequest => ({
    method: 'POST',
    path,
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    status: 200,
    writes,
  });
  const write = {
    collection,
    stamp: stampAt(Date.now()),
    repeated: false,
    replicated: false,
    mode: 'upsert',
    records: [{ id: 'a', vector }],
  } as const;
  return [
    { method: 'PUT', path: '', body: JSON.stringify(openRequest()), status: 200, writes: false },
    { method: 'GET', path: '', status: 200, writes: false },
    post('/push', packPushRequest(pushOf(collection, 9)), true),
    post('/pull', { collection, shards: [position] }),
    { method: 'GET', path: '/hints', status: 200, writes: false },
    post('/query', packRemoteQueries({ collection, queries: [{ vector, topK: 3 }] })),
    post('/get', { collection, ids: ['a'], includeVectors: true }),
    post('/list', { collection, limit: 3, includeVectors: false }),
    post('/count', { collection }),
    post('/write', packRemoteWrite(write), true),
    { method: 'DELETE', path: '', status: 204, writes: true },
  ];
}
