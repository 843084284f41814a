import { VectorStoreError } from '../../shared/errors.js';
import { parseBoundedJson } from '../../shared/sync/bounded-json.js';
import { unpackOpenAnswer } from '../../shared/sync/open-messages.js';
import { type OpenAnswer, SYNC_PROTOCOL } from '../../shared/sync/protocol.js';
import type {
  RemoteCount,
  RemoteFound,
  RemoteGet,
  RemoteList,
  RemoteMatches,
  RemotePage,
  RemoteQuery,
  RemoteWrite,
  RemoteWritten,
} from '../../shared/sync/remote.js';
import {
  remoteCountedFrom,
  remoteWrittenFrom,
  unpackRemoteAnswers,
  unpackRemoteFound,
  unpackRemotePage,
} from '../../shared/sync/remote-answers.js';
import { packRemoteQueries, packRemoteWrite } from '../../shared/sync/remote-requests.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { HttpClient } from '../sync/http/http-client.js';
import { collectionPath } from '../sync/http/http-transport.js';

/** Values in the JSON of an answer that has no vectors. */
const ANSWER_VALUES = 1_000_000;

type Unnamed<T> = T extends unknown ? Omit<T, 'collection'> : never;

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

  query(queries: readonly RemoteQuery[], signal: AbortSignal): Promise<readonly RemoteMatches[]> {
    return this.#ask(signal, async (collection) => {
      const body = packRemoteQueries({ collection, queries });
      return (await this.#post('query', body, unpackRemoteAnswers, signal)).answers;
    });
  }

  get(asked: Omit<RemoteGet, 'collection'>, signal: AbortSignal): Promise<RemoteFound> {
    return this.#ask(signal, (collection) =>
      this.#post('get', { collection, ...asked }, unpackRemoteFound, signal),
    );
  }

  list(asked: Omit<RemoteList, 'collection'>, signal: AbortSignal): Promise<RemotePage> {
    return this.#ask(signal, (collection) =>
      this.#post('list', { collection, ...asked }, unpackRemotePage, signal),
    );
  }

  async count(asked: Omit<RemoteCount, 'collection'>, signal: AbortSignal): Promise<number> {
    const unpack = (body: Uint8Array) => remoteCountedFrom(parseBoundedJson(body, ANSWER_VALUES));
    const { count } = await this.#ask(signal, (collection) =>
      this.#post('count', { collection, ...asked }, unpack, signal),
    );
    return count;
  }

  write(asked: Unnamed<RemoteWrite>, signal: AbortSignal): Promise<RemoteWritten> {
    const unpack = (body: Uint8Array) => remoteWrittenFrom(parseBoundedJson(body, ANSWER_VALUES));
    return this.#ask(signal, (collection) =>
      this.#post('write', packRemoteWrite({ collection, ...asked } as RemoteWrite), unpack, signal),
    );
  }

  async #ask<T>(signal: AbortSignal, ask: (collection: string) => Promise<T>): Promise<T> {
    const { descriptor } = await this.open(signal);
    try {
      return await ask(descriptor.id);
    } catch (error) {
      // It may be another one by now.
      if (error instanceof VectorStoreError && error.code === 'SYNC_REJECTED') this.#opened = undefined;
      throw error;
    }
  }

  #post<T>(
    call: string,
    body: Uint8Array<ArrayBuffer> | object,
    unpack: (body: Uint8Array<ArrayBuffer>) => T,
    signal: AbortSignal,
  ): Promise<T> {
    return this.client.send({ method: 'POST', path: `${this.#path}/${call}`, body }, unpack, signal);
  }
}
