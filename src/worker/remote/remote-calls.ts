import { VectorStoreError } from '../../shared/errors.js';
import { unpackOpenAnswer } from '../../shared/sync/open-messages.js';
import { type OpenAnswer, SYNC_PROTOCOL } from '../../shared/sync/protocol.js';
import type { RemoteMatches, RemoteQuery } from '../../shared/sync/remote.js';
import { unpackRemoteAnswers } from '../../shared/sync/remote-answers.js';
import { packRemoteQueries } from '../../shared/sync/remote-requests.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { HttpClient } from '../sync/http/http-client.js';
import { collectionPath } from '../sync/http/http-transport.js';

/**
 * What a server answers about one collection, which is opened, or created there, by the first call. Every call settles
 * and rejects with the codes of `SyncTransport`.
 */
export class RemoteCalls {
  readonly #path: string;
  #opened: Promise<OpenAnswer> | undefined;

  constructor(
    private readonly client: HttpClient,
    store: string,
    private readonly config: CollectionConfig,
  ) {
    this.#path = collectionPath(store, config.name);
  }

  open(signal: AbortSignal): Promise<OpenAnswer> {
    if (this.#opened === undefined) {
      const { name: _, conflict = 'last-writer-wins', ...config } = this.config;
      const body = { protocol: SYNC_PROTOCOL, config: { ...config, conflict } };
      const opened = this.client.send({ method: 'PUT', path: this.#path, body }, unpackOpenAnswer, signal);
      this.#opened = opened;
      opened.catch(() => {
        if (this.#opened === opened) this.#opened = undefined;
      });
    }
    return this.#opened;
  }

  async query(queries: readonly RemoteQuery[], signal: AbortSignal): Promise<readonly RemoteMatches[]> {
    const { descriptor } = await this.open(signal);
    const body = packRemoteQueries({ collection: descriptor.id, queries });
    try {
      const call = { method: 'POST', path: `${this.#path}/query`, body } as const;
      return (await this.client.send(call, unpackRemoteAnswers, signal)).answers;
    } catch (error) {
      // It may be another one by now.
      if (error instanceof VectorStoreError && error.code === 'SYNC_REJECTED') this.#opened = undefined;
      throw error;
    }
  }
}
