import { VectorStoreError } from '../../shared/errors.js';
import { parseBoundedJson } from '../../shared/sync/bounded-json.js';
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
import type { HttpClient, HttpRequest } from '../sync/http/http-client.js';

/** Values in the JSON of an answer that has no vectors. */
const ANSWER_VALUES = 1_000_000;

type Unnamed<T> = T extends unknown ? Omit<T, 'collection'> : never;

/** Which collection is meant. */
export interface CalledCollection {
  /** `Descriptor.id`. */
  id(signal: AbortSignal): Promise<string>;
  /** The server refuses that id: what is to be thrown. */
  refused(error: VectorStoreError, signal: AbortSignal): Promise<VectorStoreError>;
}

/** What servers answer about one collection. Every call settles and rejects with the codes of `SyncTransport`. */
export class RemoteCalls {
  /** @param path of the collection, relative to a server's base URL */
  constructor(
    private readonly client: HttpClient,
    private readonly path: string,
    private readonly collection: CalledCollection,
  ) {}

  query(queries: readonly RemoteQuery[], signal: AbortSignal): Promise<readonly RemoteMatches[]> {
    return this.#ask(signal, async (collection) => {
      const body = packRemoteQueries({ collection, queries });
      return (await this.#post('query', { body }, unpackRemoteAnswers, signal)).answers;
    });
  }

  get(asked: Unnamed<RemoteGet>, signal: AbortSignal): Promise<RemoteFound> {
    return this.#ask(signal, (collection) =>
      this.#post('get', { body: { collection, ...asked } }, unpackRemoteFound, signal),
    );
  }

  list(asked: Unnamed<RemoteList>, signal: AbortSignal): Promise<RemotePage> {
    return this.#ask(signal, (collection) =>
      this.#post('list', { body: { collection, ...asked } }, unpackRemotePage, signal),
    );
  }

  async count(asked: Unnamed<RemoteCount>, signal: AbortSignal): Promise<number> {
    const unpack = (body: Uint8Array) => remoteCountedFrom(parseBoundedJson(body, ANSWER_VALUES));
    const { count } = await this.#ask(signal, (collection) =>
      this.#post('count', { body: { collection, ...asked } }, unpack, signal),
    );
    return count;
  }

  /** A server that gets it after another one is told that it may be there. */
  write(asked: Unnamed<RemoteWrite>, signal: AbortSignal): Promise<RemoteWritten> {
    const unpack = (body: Uint8Array) => remoteWrittenFrom(parseBoundedJson(body, ANSWER_VALUES));
    return this.#ask(signal, (collection) => {
      const frame = (repeated: boolean) =>
        packRemoteWrite({ ...asked, collection, repeated: asked.repeated || repeated } as RemoteWrite);
      return this.#post('write', { body: frame(false), repeatedBody: () => frame(true) }, unpack, signal);
    });
  }

  async #ask<T>(signal: AbortSignal, ask: (collection: string) => Promise<T>): Promise<T> {
    const id = await this.collection.id(signal);
    try {
      return await ask(id);
    } catch (error) {
      if (!(error instanceof VectorStoreError) || error.code !== 'SYNC_REJECTED') throw error;
      throw await this.collection.refused(error, signal);
    }
  }

  #post<T>(
    call: string,
    content: Pick<HttpRequest, 'body' | 'repeatedBody'>,
    unpack: (body: Uint8Array<ArrayBuffer>) => T,
    signal: AbortSignal,
  ): Promise<T> {
    return this.client.send({ method: 'POST', path: `${this.path}/${call}`, ...content }, unpack, signal);
  }
}
