import { Emitter } from '../client/emitter.js';
import { PageSyncs } from '../client/page-syncs.js';
import type { CheckedRemote } from '../client/remote-options.js';
import { onWire } from '../client/remote-options.js';
import { VectorStore } from '../client/store.js';
import { Watches } from '../client/watches.js';
import type { CallOptions, WorkerLink } from '../client/worker-link.js';
import { abortedError, errorFromWire } from '../shared/errors.js';
import type { StoreEvents } from '../shared/types.js';
import type { FromWorker, MatchesOnWire, OpenStoreArgs, Outcome } from '../shared/worker-api.js';
import { StoreHost } from './store-host.js';

// A page and its worker on one thread, without a browser: the calls of the page's own classes, answered by a host.

type Call = Parameters<WorkerLink['call']>[0];

class LinkHere {
  readonly #answers = new Map<number, (outcome: Outcome<MatchesOnWire[]>) => void>();
  readonly host: StoreHost;
  #next = 1;

  constructor(listen: (message: FromWorker) => void) {
    this.host = new StoreHost((message) => {
      if (message.nearshore === 'answer') this.#answers.get(message.callId)?.(message.outcome);
      else listen(structuredClone(message));
    });
  }

  call = (send: Call, options: CallOptions = {}): Promise<unknown> =>
    this.#settle(options, (id) => send(this.host as never, id));

  query: WorkerLink['query'] = (collection, queries, options, remote) =>
    this.#settle(options, (callId) => {
      const answer = new Promise<Outcome<MatchesOnWire[]>>((resolve) => this.#answers.set(callId, resolve));
      void this.host.query({ nearshore: 'query', callId, collection, queries, remote });
      return answer;
    });

  async #settle<T>(
    { signal, isWrite = false }: CallOptions,
    send: (id: number) => Promise<Outcome<T>>,
  ): Promise<T> {
    if (signal?.aborted) throw abortedError(signal.reason);
    const id = this.#next++;
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => {
        void this.host.abort(id, String(signal.reason));
        if (!isWrite) reject(abortedError(signal.reason));
      });
    });
    const outcome = structuredClone(await Promise.race([send(id), aborted]));
    if (!outcome.ok) throw errorFromWire(outcome.error);
    return outcome.value;
  }
}

/** A store as `openStore` gives it. */
export async function openHere(
  args: Pick<OpenStoreArgs, 'name' | 'storage'>,
  remote?: CheckedRemote,
): Promise<VectorStore> {
  const events = new Emitter<StoreEvents>();
  const syncs = new PageSyncs();
  syncs.remote = remote;
  const link = new LinkHere((message) => {
    if (message.nearshore === 'store-event') events.emit(message.event.type, message.event.detail as never);
    else if (message.nearshore === 'ask') syncs.receive(message, (told) => link.host.receive(told));
  });
  const asLink = link as unknown as WorkerLink;
  await asLink.call((api, call) =>
    api.open(call, {
      ...args,
      backend: 'js',
      kernel: 'auto',
      assetBaseUrl: undefined,
      memoryBudgetBytes: undefined,
      ...(args.storage === 'remote' && { remote: onWire(remote!) }),
    }),
  );
  const end = () => asLink.call((api, call) => api.close(call));
  return new VectorStore({
    name: args.name,
    link: asLink,
    events,
    wishes: new Map(),
    syncs,
    watches: args.storage === 'remote' ? new Watches(asLink) : undefined,
    visit: 'first',
    release: end,
    destroy: () => asLink.call((api, call) => api.destroy(call)),
  });
}
