import { VectorStoreError } from '../../shared/errors.js';
import { unpackCollectionList, unpackDescriptor, unpackOpenAnswer } from '../../shared/sync/open-messages.js';
import {
  type Descriptor,
  type OpenAnswer,
  type PinnedConfig,
  SYNC_PROTOCOL,
} from '../../shared/sync/protocol.js';
import type { CollectionConfig } from '../../shared/types.js';
import { configOf } from '../pinned-config.js';
import type { HttpClient } from '../sync/http/http-client.js';
import { collectionPath, collectionsPath } from '../sync/http/http-transport.js';

/** The collections of one store on its servers. */
export class RemoteCollections {
  constructor(
    private readonly client: HttpClient,
    private readonly store: string,
  ) {}

  /** Undefined: there is none that the token covers. */
  async describe(name: string, signal: AbortSignal): Promise<Descriptor | undefined> {
    const path = collectionPath(this.store, name);
    return orNone(this.client.send({ method: 'GET', path }, unpackDescriptor, signal));
  }

  /** Creates it where it is not there; rejects with `CONFIG_MISMATCH` where it is another one. */
  open({ name, conflict, ...config }: CollectionConfig, signal: AbortSignal): Promise<OpenAnswer> {
    const path = collectionPath(this.store, name);
    const pinned: PinnedConfig = { ...config, conflict: conflict ?? 'last-writer-wins' };
    const body = { protocol: SYNC_PROTOCOL, config: pinned };
    return this.client.send({ method: 'PUT', path, body }, unpackOpenAnswer, signal);
  }

  /** In the order of their names. */
  async list(signal: AbortSignal): Promise<CollectionConfig[]> {
    const path = collectionsPath(this.store);
    const found = await this.client.send({ method: 'GET', path }, unpackCollectionList, signal);
    return found
      .map(({ collection, descriptor }) => configOf({ name: collection, ...descriptor }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** False: there was none. */
  async drop(name: string, signal: AbortSignal): Promise<boolean> {
    const path = collectionPath(this.store, name);
    const dropped = this.client.send({ method: 'DELETE', path }, () => true, signal);
    return (await orNone(dropped)) ?? false;
  }
}

async function orNone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof VectorStoreError && error.code === 'SYNC_REJECTED') return undefined;
    throw error;
  }
}
