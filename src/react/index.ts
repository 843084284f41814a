/**
 * React hooks: a store, a collection, and a query whose answer follows both what is typed and what is written.
 *
 * @module nearshore/react
 */
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { Collection } from '../client/collection.js';
import { LiveQuery, type LiveState, type Queried } from '../client/live-query.js';
import { openStore } from '../client/open-store.js';
import type { VectorStore } from '../client/store.js';
import type { StoreOptions } from '../client/store-options.js';
import type { VectorStoreError } from '../shared/errors.js';
import type { CollectionOptions, Group, Match, Query } from '../shared/types.js';

export type { LiveState, Queried } from '../client/live-query.js';

/** What `useStore` gives; neither: it is being opened. */
export interface OpenedStore {
  readonly store?: VectorStore;
  readonly error?: VectorStoreError;
}

/** What `useCollection` gives; neither: it is being opened. */
export interface OpenedCollectionState<M> {
  readonly collection?: Collection<M>;
  readonly error?: VectorStoreError;
}

const PENDING = {};

/**
 * A store that is open while the component is there. Components that open the same name share one worker, which ends with
 * the last of them. The options are those of the first render with this name.
 */
export function useStore(name: string, options?: StoreOptions): OpenedStore {
  const [opened, setOpened] = useState<OpenedStore>(PENDING);
  // biome-ignore lint/correctness/useExhaustiveDependencies: options are often written in the component, anew in each render.
  useEffect(() => {
    let isThere = true;
    const opening = openStore(name, options);
    opening.then(
      (store) => isThere && setOpened({ store }),
      (error: VectorStoreError) => isThere && setOpened({ error }),
    );
    return () => {
      isThere = false;
      setOpened(PENDING);
      // What failed to open is in `error`, or nobody is left to read it.
      void opening.then((store) => store.close()).catch(() => {});
    };
  }, [name]);
  return opened;
}

/**
 * A collection of a store, created where it is not there yet. Without a store (it is being opened) it is pending, too. The
 * options are those of the first render with this store and name.
 */
export function useCollection<M = unknown>(
  store: VectorStore | undefined,
  name: string,
  options?: CollectionOptions,
): OpenedCollectionState<M> {
  const [opened, setOpened] = useState<OpenedCollectionState<M>>(PENDING);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  useEffect(() => {
    let isThere = true;
    store?.collection<M>(name, options).then(
      (collection) => isThere && setOpened({ collection }),
      (error: VectorStoreError) => isThere && setOpened({ error }),
    );
    return () => {
      isThere = false;
      setOpened(PENDING);
    };
  }, [store, name]);
  return opened;
}

/** Options of `useQuery`. */
export interface UseQueryOptions {
  /** Whether the query is asked again after each change of the collection. Default true. */
  live?: boolean;
}

/** What `useQuery` gives, for a component to show. */
export interface QueryState<M> extends LiveState<M> {
  /** Those of `result`; empty before the first answer. */
  readonly matches: readonly Match<M>[];
  /** With `groupBy`: those of `result`. */
  readonly groups: readonly Group<M>[] | undefined;
}

const NOBODY = () => () => {};
const NOTHING: LiveState<never> = { result: undefined, error: undefined, isFetching: false, isStale: false };

/**
 * Answers a query while the component is there, and again whenever the query or the collection changes. Where the query
 * changes, the one under way is aborted and its last answer stays, `isStale`, until the new one is there. Without a
 * collection or a query there is no answer; rejected calls are in `error`.
 *
 * Queries are compared by what is in them, so one may be written in the component. `where` is compared as a function: keep
 * it (`useCallback`), or each render asks anew.
 */
export function useQuery<M>(
  collection: Queried<M> | undefined,
  query: Query<M> | undefined,
  { live: follows = true }: UseQueryOptions = {},
): QueryState<M> {
  const live = useMemo(
    () => (collection === undefined ? undefined : new LiveQuery(collection, { follows })),
    [collection, follows],
  );
  const state = useSyncExternalStore<LiveState<M>>(
    useMemo(() => (live === undefined ? NOBODY : (listener: () => void) => live.subscribe(listener)), [live]),
    () => live?.state ?? NOTHING,
    () => NOTHING,
  );
  const key = keyOf(query);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the query.
  useEffect(() => live?.set(query), [live, key, query?.where, query?.signal]);
  return useMemo(
    () => ({ ...state, matches: state.result?.matches ?? [], groups: state.result?.groups }),
    [state],
  );
}

/** Equal where what is asked is equal. */
function keyOf<M>(query: Query<M> | undefined): string | undefined {
  if (query === undefined) return undefined;
  const { signal: _, where: __, ...rest } = query;
  return JSON.stringify(rest, (_, value: unknown) => (value instanceof Float32Array ? [...value] : value));
}
