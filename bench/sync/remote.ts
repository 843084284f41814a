import type { OpenAnswer } from '../../src/shared/sync/protocol.js';
import type { RemoteMatches, RemoteQuery } from '../../src/shared/sync/remote.js';
import { unpackRemoteAnswers } from '../../src/shared/sync/remote-answers.js';
import { packRemoteQueries, packRemoteWrite } from '../../src/shared/sync/remote-requests.js';

export interface Written {
  readonly id: string;
  readonly vector: Float32Array;
  readonly metadata: string;
}

/** Remote calls on one collection of one server, over HTTP. */
export class Remote {
  collection = '';

  constructor(private readonly base: string) {}

  async open(dimension: number, shards: number): Promise<void> {
    const config = { dimension, metric: 'cosine', conflict: 'last-writer-wins' };
    const response = await this.#ask('PUT', '', JSON.stringify({ protocol: 1, config, shards }));
    this.collection = ((await response.json()) as OpenAnswer).descriptor.id;
  }

  async write(records: readonly Written[]): Promise<void> {
    const stamp = `${Date.now().toString(16).padStart(12, '0')}0000${'0'.repeat(16)}`;
    const common = { collection: this.collection, stamp, repeated: false, replicated: false };
    await this.#ask('POST', '/write', packRemoteWrite({ ...common, mode: 'upsert', records }));
  }

  async query(query: RemoteQuery): Promise<RemoteMatches> {
    const body = packRemoteQueries({ collection: this.collection, queries: [query] });
    const response = await this.#ask('POST', '/query', body);
    return unpackRemoteAnswers(new Uint8Array(await response.arrayBuffer())).answers[0]!;
  }

  async #ask(method: string, path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
    const url = `${this.base}/v1/stores/bench/collections/search${path}`;
    const response = await fetch(url, { method, body });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}
