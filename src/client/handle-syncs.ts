import { VectorStoreError } from '../shared/errors.js';
import type { OnSyncConflict, SyncOptions } from '../shared/sync/sync-types.js';
import type { CollectionConfig } from '../shared/types.js';
import type { CollectionRef, RemoteOnWire } from '../shared/worker-api.js';
import { checkOptions } from './check-options.js';
import type { PageSync } from './page-sync.js';
import type { PageSyncs } from './page-syncs.js';
import { type CheckedRemote, checkedRemote, onWire } from './remote-options.js';
import { Sync } from './sync.js';
import type { WorkerLink } from './worker-link.js';

/** The syncs that one handle of a store has started: they end with it. */
export class HandleSyncs {
  readonly #started = new Set<Sync>();

  constructor(
    private readonly page: PageSyncs,
    private readonly call: WorkerLink['call'],
  ) {}

  /** What the page has of a collection, started by whichever handle. */
  of(collection: number): PageSync | undefined {
    return this.page.get(collection);
  }

  /** The server that queries go to: that of the sync, or of the store. */
  remoteOf(collection: number): RemoteOnWire {
    const remote = this.page.get(collection)?.remote ?? this.page.remote;
    if (remote === undefined) {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        'There is no server to ask. A scope beside the device needs one. Open the store with { remote: { url, getToken } }, or leave scope out.',
      );
    }
    return onWire(remote);
  }

  start(ref: () => CollectionRef, config: CollectionConfig, options: SyncOptions): Sync {
    checkOptions('sync', options, ['live', 'onConflict', 'url', 'getToken']);
    const { live = true, onConflict, url, getToken } = options;
    checkOnConflict(onConflict, config);
    const remote = this.#remote(url, getToken);
    const shared = this.page.of(ref().id, { call: this.call, ref, config, remote });
    const sync = new Sync(shared, { live, onConflict }, (stopped) => this.#started.delete(stopped));
    this.#started.add(sync);
    return sync;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#started].map((sync) => sync.stop()));
  }

  /** Each given here goes before that of `openStore`; a token of one server is not for another. */
  #remote(url: SyncOptions['url'], getToken: SyncOptions['getToken']): CheckedRemote {
    if (url !== undefined) return checkedRemote({ url, getToken });
    const { remote } = this.page;
    if (remote === undefined) {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        'There is no server to sync with. Nothing was started. Open the store with { remote: { url, getToken } }, or give url here.',
      );
    }
    return getToken === undefined ? remote : checkedRemote({ url: [...remote.urls], getToken });
  }
}

function checkOnConflict(
  onConflict: unknown,
  { name, conflict }: CollectionConfig,
): asserts onConflict is OnSyncConflict | undefined {
  if (typeof onConflict === 'function') return;
  if (onConflict !== undefined) {
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      `sync: onConflict is a ${typeof onConflict}. It could not be asked. Give a function. Nothing was started.`,
    );
  }
  if (conflict !== 'compare-and-set') return;
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `sync: collection "${name}" has the policy 'compare-and-set', and there is no onConflict. Nobody could merge what two devices have changed. ` +
      "Give onConflict: ({ local, remote }) => 'local' | 'remote' | 'delete' | { vector, text, metadata }.",
  );
}
