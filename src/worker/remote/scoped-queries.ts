import { VectorStoreError } from '../../shared/errors.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { CollectionRef, MatchesOnWire, QueryOnWire, RemoteOnWire } from '../../shared/worker-api.js';
import type { CallOptions } from '../collection/call-options.js';
import type { CollectionEngine } from '../collection/collection-engine.js';
import type { StoreEngine } from '../store-engine.js';
import { collectionPath } from '../sync/http/http-transport.js';
import { type AskPage, pageClient } from '../sync/http/page-client.js';
import { ofServer } from './join-matches.js';
import { mergeTiers, type Tier } from './merge-tiers.js';
import { type CalledCollection, RemoteCalls } from './remote-calls.js';
import { RemoteCollections } from './remote-collections.js';
import { searchRemotely } from './remote-search.js';

/** How many times as many matches are asked for where the tiers leave open which ones are the best. */
const GROWTH = 4;

/** Queries of collections that are kept here, put to the device, the server, or both (SPEC, O1). */
export class ScopedQueries {
  /** By collection and servers. */
  readonly #calls = new Map<string, RemoteCalls>();

  constructor(
    private readonly store: StoreEngine,
    private readonly ask: AskPage,
  ) {}

  async answer(
    ref: CollectionRef,
    remote: RemoteOnWire,
    queries: readonly QueryOnWire[],
    options: CallOptions,
  ): Promise<MatchesOnWire[]> {
    const engine = await this.store.collection(ref);
    const calls = this.#callsOf(engine, ref.id, remote);
    return Promise.all(
      queries.map(async ({ scope = 'local', ...query }) => {
        if (scope === 'local') return (await engine.query([query], options))[0]!;
        const asked = await withVector(engine, query, options, scope);
        return scope === 'remote'
          ? ofServer((await searchRemotely(calls, [asked], options.signal))[0]!)
          : queryBoth(engine, calls, asked, options);
      }),
    );
  }

  #callsOf(engine: CollectionEngine, id: number, remote: RemoteOnWire): RemoteCalls {
    const key = [id, ...remote.urls].join(' ');
    let calls = this.#calls.get(key);
    if (calls === undefined) {
      const client = pageClient(this.ask, id, remote);
      const { config } = engine;
      const opened = openedByConfig(new RemoteCollections(client, this.store.name), config);
      calls = new RemoteCalls(client, collectionPath(this.store.name, config.name), opened);
      this.#calls.set(key, calls);
      engine.closed.addEventListener('abort', () => this.#calls.delete(key), { once: true });
    }
    return calls;
  }
}

/** The collection on the server, which is created there by the first call. */
function openedByConfig(collections: RemoteCollections, config: CollectionConfig): CalledCollection {
  let opened: Promise<string> | undefined;
  return {
    id(signal) {
      if (opened === undefined) {
        const opening = collections.open(config, signal).then(({ descriptor }) => descriptor.id);
        opened = opening;
        opening.catch(() => {
          if (opened === opening) opened = undefined;
        });
      }
      return opened;
    },
    async refused(error) {
      // It may be another one by now.
      opened = undefined;
      return error;
    },
  };
}

/** A server knows no texts. What both are asked about is one vector, the device's where it has the record. */
async function withVector(
  engine: CollectionEngine,
  query: QueryOnWire,
  options: CallOptions,
  scope: 'remote' | 'auto',
): Promise<QueryOnWire> {
  const { text, id, ...rest } = query;
  if (text === undefined && (id === undefined || scope === 'remote')) return query;
  if (id !== undefined && !(await engine.get([id], false)).found[0]) return query;
  const [vector] = await engine.queryVectors([query], options);
  return { ...rest, vector: vector! };
}

async function queryBoth(
  engine: CollectionEngine,
  calls: RemoteCalls,
  query: QueryOnWire,
  options: CallOptions,
): Promise<MatchesOnWire> {
  const { topK = 10 } = query;
  for (let wanted = topK; ; wanted *= GROWTH) {
    const asked = { ...query, topK: wanted };
    const [local, remote] = await Promise.all([
      // The device does not have the record whose vector is meant.
      query.id === undefined ? engine.query([asked], options).then(([answer]) => answer!) : undefined,
      searchRemotely(calls, [asked], options.signal).then(
        ([answer]) => answer!,
        (error: unknown) => unavailable(error),
      ),
    ]);
    if (remote instanceof VectorStoreError) {
      if (local === undefined) throw remote;
      return withoutServer(local, topK, remote);
    }
    if (local === undefined) return ofServer(remote);
    const ids = [...new Set([...local.ids, ...remote.ids])];
    const pending = new Set(await engine.mirror.stillPending(ids));
    const merged = mergeTiers(
      tier(local, wanted),
      tier(remote, wanted),
      pending,
      topK,
      !remote.receipt.complete,
    );
    if (!merged.isSettled) continue;
    const { receipt } = remote;
    return {
      ...merged.matches,
      receipt: {
        ...local.receipt,
        exact: local.receipt.exact && receipt.exact,
        complete: receipt.complete,
        ...(receipt.reason !== undefined && { reason: receipt.reason }),
        scanned: local.receipt.scanned + receipt.scanned,
        elapsedMs: Math.max(local.receipt.elapsedMs, receipt.elapsedMs),
        ...(receipt.server !== undefined && { server: receipt.server }),
      },
    };
  }
}

function tier(matches: MatchesOnWire, wanted: number): Tier {
  return { matches, isFull: matches.ids.length === wanted };
}

function unavailable(error: unknown): VectorStoreError {
  if (error instanceof VectorStoreError && error.code === 'SERVER_UNAVAILABLE') return error;
  throw error;
}

/** What the device has, where no server answers. */
function withoutServer(local: MatchesOnWire, topK: number, error: VectorStoreError): MatchesOnWire {
  const nothing = { ids: [], scores: [], distances: [] };
  const { matches } = mergeTiers(
    tier(local, topK),
    tier({ ...local, ...nothing }, topK),
    new Set(),
    topK,
    true,
  );
  const reason = `The device alone has answered: ${error.message}`;
  return { ...matches, receipt: { ...local.receipt, exact: false, complete: false, reason } };
}
