import { VectorStoreError } from '../shared/errors.js';
import type { StoreEvents, Visit } from '../shared/types.js';
import type { OpenedStore, OpenStoreArgs, StoreEventOnWire, Wishes } from '../shared/worker-api.js';
import { Emitter } from './emitter.js';
import { PageSyncs } from './page-syncs.js';
import type { CheckedRemote } from './remote-options.js';
import { Watches } from './watches.js';
import { Witness } from './witness.js';
import type { WorkerSource } from './worker-connection.js';
import { WorkerLink } from './worker-link.js';

/** One store's link to its worker, shared by every handle on the page that opened the same name. */
export interface SharedLink {
  readonly name: string;
  readonly link: WorkerLink;
  readonly events: Emitter<StoreEvents>;
  /** What handles of this page have asked for, by the collection's id: a worker that replaces a lost one asks again. */
  readonly wishes: Map<number, Wishes>;
  readonly syncs: PageSyncs;
  /** With `storage: 'remote'`. */
  readonly watches: Watches | undefined;
  readonly visit: Visit;
  /** Gives one handle back; the worker ends with the last. */
  release(): Promise<void>;
  destroy(): Promise<void>;
}

interface Entry {
  readonly args: OpenStoreArgs;
  readonly link: WorkerLink;
  readonly events: Emitter<StoreEvents>;
  readonly wishes: Map<number, Wishes>;
  readonly syncs: PageSyncs;
  readonly watches: Watches | undefined;
  readonly witness: Witness | undefined;
  visit: Visit | undefined;
  handles: number;
}

const entries = new Map<string, Entry>();

export async function shareLink(
  args: OpenStoreArgs,
  remote: CheckedRemote | undefined,
  source: WorkerSource,
): Promise<SharedLink> {
  const { name } = args;
  let entry = entries.get(name);
  if (entry === undefined || entry.link.isClosed) {
    const events = new Emitter<StoreEvents>();
    const syncs = new PageSyncs();
    const link = new WorkerLink(source, args, {
      onEvent: (event) => forward(events, event),
      onSync: (message, post) => syncs.receive(message, post),
    });
    entry = {
      args,
      link,
      events,
      wishes: new Map(),
      syncs,
      watches: args.storage === 'remote' ? new Watches(link) : undefined,
      witness: args.storage === 'indexeddb' ? new Witness(name) : undefined,
      visit: undefined,
      handles: 0,
    };
    entries.set(name, entry);
  } else {
    refuseOtherOptions(entry.args, args);
    refuseOtherRemote(name, entry.syncs.remote, remote);
  }
  const shared = entry;
  // A handle that names none leaves that of another.
  shared.syncs.remote = remote ?? shared.syncs.remote;
  shared.handles++;
  const end = async (how: () => Promise<void>) => {
    if (entries.get(name) === shared) entries.delete(name);
    await how();
  };
  const release = async () => {
    if (--shared.handles === 0) await end(() => shared.link.close());
  };
  try {
    const opened = await shared.link.open();
    shared.visit ??= visitOf(shared, opened);
  } catch (error) {
    await release();
    throw error;
  }
  return {
    name,
    link: shared.link,
    events: shared.events,
    wishes: shared.wishes,
    syncs: shared.syncs,
    watches: shared.watches,
    visit: shared.visit,
    release,
    destroy: () => {
      // Before the data, so that a tab that opens the store meanwhile takes nothing for an eviction.
      shared.witness?.remove();
      return end(() => shared.link.close((api, call) => api.destroy(call)));
    },
  };
}

function visitOf({ args, witness, events }: Entry, opened: OpenedStore): Visit {
  const visit = witness?.testify(opened) ?? 'first';
  if (visit === 'evicted') {
    const reason = `The browser, or somebody, has deleted the data of store "${args.name}" since the last visit; it was created anew, empty.`;
    events.emitToFirst('storage-lost', { reason });
  }
  return visit;
}

function forward(events: Emitter<StoreEvents>, { type, detail }: StoreEventOnWire): void {
  events.emit(type, detail as never);
}

function refuseOtherOptions(open: OpenStoreArgs, asked: OpenStoreArgs): void {
  for (const key of ['storage', 'backend', 'kernel', 'assetBaseUrl', 'memoryBudgetBytes'] as const) {
    if (open[key] === asked[key]) continue;
    throw new VectorStoreError(
      'CONFIG_MISMATCH',
      `Store "${open.name}" is open on this page with ${key} ${String(open[key])}, not ${String(asked[key])}. Both handles share one worker, which has one setting. ` +
        'Open it with the same options, or close the other handle first.',
    );
  }
}

function refuseOtherRemote(
  name: string,
  open: CheckedRemote | undefined,
  asked: CheckedRemote | undefined,
): void {
  if (open === undefined || asked === undefined || open.urls.join() === asked.urls.join()) return;
  throw new VectorStoreError(
    'CONFIG_MISMATCH',
    `Store "${name}" is open on this page with the sync server ${open.urls.join(', ')}, not ${asked.urls.join(', ')}. Both handles share one worker, which has one server. ` +
      'Open it with the same URLs, or close the other handle first.',
  );
}
