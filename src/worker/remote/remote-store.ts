import type { ImportResult } from '../../shared/backup-types.js';
import { VectorStoreError } from '../../shared/errors.js';
import type { Descriptor } from '../../shared/sync/protocol.js';
import type { ChangeEvent, CollectionConfig, StoreStatus } from '../../shared/types.js';
import type {
  CollectionRef,
  OpenCollectionArgs,
  OpenedCollection,
  OpenedStore,
  OpenStoreArgs,
  RemoteOnWire,
  StoreEventOnWire,
} from '../../shared/worker-api.js';
import type { Export } from '../backup/export-store.js';
import { droppedError } from '../collection/state.js';
import { Compute } from '../compute/compute.js';
import { TextEmbedders } from '../embed/text-embedders.js';
import { TextVectors } from '../embed/text-vectors.js';
import { MetricsRecorder } from '../metrics.js';
import { configOf, newConfig, refuseOtherConfig } from '../pinned-config.js';
import type { Store } from '../store.js';
import { closedError } from '../store-errors.js';
import type { HttpClient } from '../sync/http/http-client.js';
import { collectionPath, httpTransport } from '../sync/http/http-transport.js';
import { type AskPage, pageClient } from '../sync/http/page-client.js';
import { deviceClock } from '../sync/surroundings.js';
import { patientReads } from './patient-reads.js';
import { RemoteCalls } from './remote-calls.js';
import { RemoteClock } from './remote-clock.js';
import { RemoteCollection } from './remote-collection.js';
import { RemoteCollections } from './remote-collections.js';
import { watchHints } from './watch-hints.js';

/** No sync of the page's is about it, so that the store's token is asked for. */
const NO_COLLECTION = -1;
/** Hex digits of a descriptor's id that make a number which a double holds. */
const ID_DIGITS = 13;

/** A store of which nothing is kept here: servers answer every call (SPEC, O7 to O11). */
export class RemoteStore implements Store {
  readonly name: string;
  readonly metrics = new MetricsRecorder();
  readonly opened: OpenedStore = { databaseId: '', isNew: false };
  readonly #client: HttpClient;
  readonly #server: RemoteCollections;
  readonly #stamps = new RemoteClock();
  readonly #embedders: TextEmbedders;
  /** By `numberOf` their descriptors. */
  readonly #collections = new Map<number, Promise<RemoteCollection>>();
  readonly #closing = new AbortController();

  constructor(
    private readonly args: OpenStoreArgs,
    remote: RemoteOnWire,
    ask: AskPage,
    private readonly emit: (event: StoreEventOnWire) => void,
  ) {
    this.name = args.name;
    this.#client = pageClient(ask, NO_COLLECTION, remote);
    this.#server = new RemoteCollections(this.#client, args.name);
    const { assetBaseUrl } = args;
    // For texts alone, of which plain JS makes the same vectors.
    const compute = new Compute(
      { backend: 'js', kernel: 'auto', assetBaseUrl },
      { onChange: () => {}, onDegraded: () => {} },
    );
    this.#embedders = new TextEmbedders(compute);
  }

  /** Nothing is here that could be gone. */
  checkStorage(): void {}

  async openCollection(args: OpenCollectionArgs, signal: AbortSignal): Promise<OpenedCollection> {
    const { name, maxRecords, embedder } = args;
    if (maxRecords !== undefined) throw boundError(name);
    const there = await this.#server.describe(name, signal);
    if (there !== undefined) refuseOtherConfig(configOf({ name, ...there }), args);
    const config = there === undefined ? newConfig(args) : configOf({ name, ...there });
    const { descriptor, time } = await this.#server.open(config, signal);
    this.#stamps.correct(time);
    const id = numberOf(descriptor);
    if (!this.#collections.has(id))
      this.#collections.set(id, Promise.resolve(this.#open(config, descriptor)));
    // Without its assets, the call that needs them says why.
    if (embedder !== undefined) this.#embedders.preload(embedder).catch(() => undefined);
    return { id, config };
  }

  collection({ id, name }: CollectionRef): Promise<RemoteCollection> {
    let collection = this.#collections.get(id);
    if (collection === undefined) {
      collection = this.#reopen(id, name);
      this.#collections.set(id, collection);
      collection.catch(() => this.#collections.delete(id));
    }
    return collection;
  }

  listCollections(signal: AbortSignal): Promise<CollectionConfig[]> {
    return this.#server.list(signal);
  }

  async dropCollection(name: string, signal: AbortSignal): Promise<boolean> {
    const dropped = await this.#server.drop(name, signal);
    if (dropped) {
      const what = {
        kind: 'drop',
        ids: [],
        count: 0,
        generation: 0,
        origin: 'local',
      } satisfies Partial<ChangeEvent>;
      this.emit({ type: 'change', detail: { collection: name, ...what } });
    }
    return dropped;
  }

  async status(signal: AbortSignal): Promise<Omit<StoreStatus, 'workerRestarts' | 'visit'>> {
    return {
      name: this.name,
      storage: 'remote',
      backend: {
        active: 'js',
        kernel: 'js',
        requested: this.args.backend,
        state: 'ready',
        reason: 'the sync server scores, in plain JS, or by what an index in its Redis names',
        threads: 1,
      },
      persisted: false,
      mayPurge: false,
      usage: { ownBytes: 0 },
      unsynced: 0,
      tabs: { locks: 'none', announcements: 'none' },
      databaseId: '',
      format: 0,
      collections: (await this.#server.list(signal)).length,
      damagedCollections: [],
    };
  }

  /** Emits an event after each change of others, until the signal aborts. */
  async watch(ref: CollectionRef, signal: AbortSignal): Promise<void> {
    const collection = await this.collection(ref);
    const transport = httpTransport(this.#client, this.name, ref.name);
    const tell = () => collection.tell({ kind: 'unknown', ids: [], count: 0, origin: 'sync' });
    await watchHints(transport, deviceClock, tell, AbortSignal.any([signal, this.#closing.signal]));
  }

  async beginExport(): Promise<Export> {
    throw noBackupError(this.name);
  }

  async importBackup(): Promise<ImportResult> {
    throw noBackupError(this.name);
  }

  async destroy(): Promise<void> {
    for (const { name } of await this.#server.list(this.#closing.signal))
      await this.#server.drop(name, this.#closing.signal);
    await this.close();
  }

  async close(): Promise<void> {
    this.#closing.abort(closedError(this.name));
    this.#collections.clear();
  }

  /** For a handle that an earlier worker has opened. */
  async #reopen(id: number, name: string): Promise<RemoteCollection> {
    const descriptor = await this.#server.describe(name, this.#closing.signal);
    if (descriptor === undefined || numberOf(descriptor) !== id) throw droppedError(name);
    const config = configOf({ name, ...descriptor });
    this.#stamps.correct((await this.#server.open(config, this.#closing.signal)).time);
    return this.#open(config, descriptor);
  }

  #open(config: CollectionConfig, descriptor: Descriptor): RemoteCollection {
    const { name } = config;
    const calls = new RemoteCalls(this.#client, collectionPath(this.name, name), {
      id: async () => descriptor.id,
      refused: async (error, signal) => {
        const now = await this.#server.describe(name, signal);
        return now?.id === descriptor.id ? error : droppedError(name);
      },
    });
    return new RemoteCollection(config, {
      calls,
      reads: patientReads(calls, deviceClock),
      stamps: this.#stamps,
      clock: deviceClock,
      texts: new TextVectors(config, this.#embedders),
      onChange: (detail) => this.emit({ type: 'change', detail }),
    });
  }
}

/** The same in every worker, and never that of another collection. */
function numberOf({ id }: Descriptor): number {
  return Number.parseInt(id.slice(0, ID_DIGITS), 16);
}

function boundError(name: string): VectorStoreError {
  return new VectorStoreError(
    'INVALID_ARGUMENT',
    `maxRecords was given for collection "${name}", which is on a server alone. Evictions are each device's own, and a server makes none: there would be no bound. Leave maxRecords out, and delete what is old.`,
  );
}

function noBackupError(name: string): VectorStoreError {
  return new VectorStoreError(
    'INVALID_ARGUMENT',
    `Store "${name}" was opened with storage: 'remote', and backups are files of what a browser keeps. Here that is nothing, and what a server has changes while it is read. ` +
      "Open a store of this name with storage: 'indexeddb' and the same remote, sync its collections, and export or import there; operators back up the server's Redis.",
  );
}
