import { VectorStoreError } from '../shared/errors.js';
import type { ChangeEvent, Query, QueryResult } from '../shared/types.js';

/** What of a collection a live query needs. */
export interface Queried<M> {
  /** As `Collection.query`. */
  query(query: Query<M>): Promise<QueryResult<M>>;
  /** As `Collection.on`. */
  on(event: 'change', listener: (event: ChangeEvent) => void): () => void;
}

/** Where a live query is. A new object after each step. */
export interface LiveState<M = unknown> {
  /** The last answer; kept while a newer one is computed. */
  readonly result: QueryResult<M> | undefined;
  /** Why the last query has failed. */
  readonly error: VectorStoreError | undefined;
  readonly isFetching: boolean;
  /** `result` is that of an earlier query. */
  readonly isStale: boolean;
}

const NOTHING = { result: undefined, error: undefined, isFetching: false, isStale: false };

/**
 * A query whose answer follows its collection. It runs while it has listeners: at first, when another query is set (the one
 * under way is aborted then), and after changes; however many come while it runs, it is run once more.
 */
export class LiveQuery<M = unknown> {
  readonly #collection: Queried<M>;
  readonly #follows: boolean;
  readonly #listeners = new Set<(state: LiveState<M>) => void>();
  #query: Query<M> | undefined;
  #state: LiveState<M> = NOTHING;
  #running: AbortController | undefined;
  #isOutdated = false;
  #leave: (() => void) | undefined;

  /** @param follows whether it runs again after changes; default true */
  constructor(collection: Queried<M>, { follows = true }: { follows?: boolean } = {}) {
    this.#collection = collection;
    this.#follows = follows;
  }

  get state(): LiveState<M> {
    return this.#state;
  }

  /** Asks this from now on; `undefined`: nothing. */
  set(query: Query<M> | undefined): void {
    this.#abort();
    this.#query = query;
    if (query === undefined) this.#tell(NOTHING);
    else this.#tell({ ...this.#state, isStale: this.#state.result !== undefined });
    this.#run();
  }

  /** Calls the listener after each step until the function that it returns is called. */
  subscribe(listener: (state: LiveState<M>) => void): () => void {
    // Of its own, so that one function may be given twice.
    const own = (state: LiveState<M>) => listener(state);
    this.#listeners.add(own);
    if (this.#listeners.size === 1) {
      if (this.#follows) this.#leave = this.#collection.on('change', () => this.#run());
      this.#run();
    }
    return () => {
      if (!this.#listeners.delete(own) || this.#listeners.size > 0) return;
      this.#leave?.();
      this.#leave = undefined;
      this.#abort();
    };
  }

  #abort(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#isOutdated = false;
    if (this.#state.isFetching) this.#state = { ...this.#state, isFetching: false };
  }

  #run(): void {
    if (this.#query === undefined || this.#listeners.size === 0) return;
    if (this.#running !== undefined) this.#isOutdated = true;
    else void this.#ask(this.#query);
  }

  async #ask(query: Query<M>): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    const signal = query.signal ? AbortSignal.any([query.signal, running.signal]) : running.signal;
    this.#tell({ ...this.#state, isFetching: true });
    let end: Partial<LiveState<M>>;
    try {
      end = { result: await this.#collection.query({ ...query, signal }), error: undefined, isStale: false };
    } catch (error) {
      end = { error: error as VectorStoreError };
    }
    // Another query has been set, or nobody listens any more.
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#tell({ ...this.#state, ...end, isFetching: this.#isOutdated });
    if (!this.#isOutdated) return;
    this.#isOutdated = false;
    this.#run();
  }

  #tell(state: LiveState<M>): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

/** Calls the listener with each answer to the query: at first, and after each change of the collection. */
export function subscribe<M>(
  collection: Queried<M>,
  query: Query<M>,
  listener: (state: LiveState<M>) => void,
): () => void {
  if (typeof listener !== 'function') {
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      'subscribe was not given a function as its listener. Nobody would hear of the answers. Give subscribe(query, (state) => …).',
    );
  }
  const live = new LiveQuery(collection);
  live.set(query);
  return live.subscribe(listener);
}
