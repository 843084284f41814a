import type { AboutSync, RemoteOnWire, SyncArgs } from '../../shared/worker-api.js';
import type { CollectionEngine } from '../collection/collection-engine.js';
import { tabLock, webLocks } from '../storage/store-locks.js';
import type { StoreEngine } from '../store-engine.js';
import type { TabChannel } from '../tabs/tab-channel.js';
import { CollectionSync, type SyncTabs } from './collection-sync.js';
import { httpTransport } from './http/http-transport.js';
import { type AskPage, pageClient } from './http/page-client.js';
import { measured } from './measured-transport.js';
import { Replicator, type ReplicatorParts } from './replicator.js';
import { deviceClock } from './surroundings.js';
import { stoppedError } from './sync-errors.js';
import { type SyncNotice, syncChannel } from './sync-notices.js';
import { workerNetwork } from './worker-network.js';

/** The page that a store belongs to. */
export interface SyncPage {
  readonly ask: AskPage;
  readonly tell: (message: AboutSync) => void;
}

/** The syncs of one store in its worker: joins mirrors, replicators, servers and tabs. */
export class StoreSyncs {
  /** By the collection's id. */
  readonly #syncs = new Map<number, Promise<CollectionSync>>();
  readonly #channel: TabChannel<SyncNotice> | undefined;
  #isClosed = false;

  constructor(
    private readonly store: StoreEngine,
    private readonly page: SyncPage,
  ) {
    this.#channel = store.storage.kind === 'memory' ? undefined : syncChannel(store.name);
    this.#channel?.listen((notice) => {
      this.#syncs
        .get(notice.collection)
        ?.then((sync) => sync.hear(notice))
        .catch(() => undefined);
    });
  }

  has(collection: number): boolean {
    return this.#syncs.has(collection);
  }

  /** Resolves once it was stopped. */
  async run(args: SyncArgs): Promise<void> {
    await (await this.#join(args)).ended;
  }

  async now(args: SyncArgs, signal: AbortSignal): Promise<void> {
    await (await this.#join(args)).ask({ kind: 'now' }, signal);
  }

  async replicated(
    args: SyncArgs,
    ids: readonly string[],
    stamp: string,
    signal: AbortSignal,
  ): Promise<void> {
    await (await this.#join(args)).ask({ kind: 'replicated', ids, stamp }, signal);
  }

  async stop(collection: number): Promise<void> {
    const stopping = this.#syncs.get(collection);
    // Who begins it meanwhile has another one.
    this.#syncs.delete(collection);
    const sync = await stopping?.catch(() => undefined);
    await sync?.stop();
  }

  /** Nothing begins any more: what would be opened for it is being closed, or destroyed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#syncs.keys()].map((collection) => this.stop(collection)));
    this.#channel?.close();
  }

  #join(args: SyncArgs): Promise<CollectionSync> {
    if (this.#isClosed) return Promise.reject(stoppedError());
    const { id } = args.collection;
    let sync = this.#syncs.get(id);
    if (sync === undefined) {
      const begun = this.#begin(args);
      this.#syncs.set(id, begun);
      const forget = () => {
        if (this.#syncs.get(id) === begun) this.#syncs.delete(id);
      };
      begun.then(({ ended }) => ended.then(forget, forget), forget);
      sync = begun;
    }
    return sync;
  }

  async #begin({ collection, remote, live }: SyncArgs): Promise<CollectionSync> {
    const engine = await this.store.collection(collection);
    const parts = this.#replicatorParts(engine, collection.id, remote, live);
    const sync = new CollectionSync({
      collection: collection.id,
      live,
      tabs: this.#tabs(collection.id),
      makeReplicator: () => new Replicator(parts),
      onStatus: (status) => this.page.tell({ nearshore: 'sync-status', collection: collection.id, status }),
    });
    // Dropped or destroyed, here or in another tab.
    engine.closed.addEventListener('abort', () => void sync.stop(), { once: true });
    return sync;
  }

  #replicatorParts(
    engine: CollectionEngine,
    id: number,
    remote: RemoteOnWire,
    live: boolean,
  ): ReplicatorParts {
    const { name, conflict = 'last-writer-wins', ...config } = engine.config;
    const { ask, tell } = this.page;
    const client = pageClient(ask, id, remote);
    return {
      transport: measured(httpTransport(client, this.store.name, name), this.store.metrics),
      mirror: engine.mirror,
      collection: { config: { ...config, conflict } },
      conflicts: {
        merge: (sides) => ask({ about: 'merge', collection: id, sides }),
        lost: (lost) => tell({ nearshore: 'sync-lost', collection: id, lost }),
      },
      live,
      replicated: false,
      clock: deviceClock,
      network: workerNetwork,
      random: Math.random,
    };
  }

  /** Without either of the two, tabs sync side by side, which is harmless. */
  #tabs(collection: number): SyncTabs | undefined {
    const channel = this.#channel;
    const locks = webLocks();
    if (channel === undefined || locks === undefined) return undefined;
    const name = `nearshore:${this.store.opened.databaseId}:sync:${collection}`;
    return {
      lock: (task, signal) => tabLock(locks, name, task, signal),
      post: (notice) => channel.post(notice),
    };
  }
}
