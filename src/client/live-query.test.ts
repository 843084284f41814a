import { expect, test } from 'vitest';
import { VectorStoreError } from '../shared/errors.js';
import type { ChangeEvent, Query, QueryResult } from '../shared/types.js';
import { LiveQuery, type LiveState, type Queried, subscribe } from './live-query.js';

/** A collection whose answers the test gives. */
function fakeCollection() {
  const asked: { query: Query; answer: (id: string) => void; fail: (error: unknown) => void }[] = [];
  const listeners = new Set<(event: ChangeEvent) => void>();
  const collection: Queried<unknown> = {
    query: (query) =>
      new Promise<QueryResult>((resolve, reject) => {
        const answer = (id: string) => resolve({ matches: [{ id }] } as unknown as QueryResult);
        asked.push({ query, answer, fail: reject });
        query.signal!.addEventListener('abort', () => reject(new VectorStoreError('ABORTED', 'aborted')));
      }),
    on: (_, listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const change = () => {
    for (const listener of listeners) listener({} as ChangeEvent);
  };
  return { asked, collection, change, listeners };
}

const near = (id: string): Query => ({ id });
/** As a person would write down what is seen. */
const seen = ({ result, error, isFetching, isStale }: LiveState) =>
  [
    result?.matches[0]?.id ?? 'nothing',
    ...(isFetching ? ['fetching'] : []),
    ...(isStale ? ['stale'] : []),
    ...(error ? [error.code] : []),
  ].join(' ');
const settled = () => new Promise((resolve) => setTimeout(resolve));

test('U1 a live query is answered at first, and again after a change', async () => {
  const { asked, collection, change, listeners } = fakeCollection();
  const states: string[] = [];
  const leave = subscribe(collection, near('a'), (state) => states.push(seen(state)));
  asked[0]!.answer('one');
  await settled();
  change();
  asked[1]!.answer('two');
  await settled();
  leave();
  expect(states).toEqual(['nothing fetching', 'one', 'one fetching', 'two']);
  expect(asked.map(({ query }) => query.id)).toEqual(['a', 'a']);
  expect(listeners.size).toBe(0);
});

test('U1 however many changes come while it runs, it is run once more', async () => {
  const { asked, collection, change } = fakeCollection();
  const states: string[] = [];
  subscribe(collection, near('a'), (state) => states.push(seen(state)));
  for (let i = 0; i < 5; i++) change();
  asked[0]!.answer('one');
  await settled();
  expect(asked).toHaveLength(2);
  asked[1]!.answer('two');
  await settled();
  expect(asked).toHaveLength(2);
  expect(states.at(-1)).toBe('two');
});

test('U2 another query aborts the one under way, and what was found is kept, as stale', async () => {
  const { asked, collection } = fakeCollection();
  const live = new LiveQuery(collection);
  live.set(near('a'));
  const states: string[] = [];
  live.subscribe((state) => states.push(seen(state)));
  asked[0]!.answer('one');
  await settled();
  live.set(near('b'));
  live.set(near('c'));
  expect(asked.map(({ query }) => query.signal!.aborted)).toEqual([false, true, false]);
  asked[2]!.answer('three');
  await settled();
  expect(states.filter((state, i) => state !== states[i - 1])).toEqual([
    ...[
      'nothing fetching',
      'one',
      'one stale',
      'one fetching stale',
      'one stale',
      'one fetching stale',
      'three',
    ],
  ]);
});

test('U2 an error is told, and what was found stays', async () => {
  const { asked, collection, change } = fakeCollection();
  const live = new LiveQuery(collection);
  live.set(near('a'));
  live.subscribe(() => {});
  asked[0]!.answer('one');
  await settled();
  change();
  asked[1]!.fail(new VectorStoreError('WORKER_LOST', 'lost'));
  await settled();
  expect(seen(live.state)).toBe('one WORKER_LOST');
  live.set(undefined);
  expect(seen(live.state)).toBe('nothing');
});

test('U2 without listeners nothing runs; with one again it goes on', async () => {
  const { asked, collection, listeners } = fakeCollection();
  const live = new LiveQuery(collection);
  live.set(near('a'));
  expect(asked).toHaveLength(0);
  const leave = live.subscribe(() => {});
  leave();
  leave();
  expect(asked[0]!.query.signal!.aborted).toBe(true);
  await settled();
  expect(seen(live.state)).toBe('nothing');
  live.subscribe(() => {});
  asked[1]!.answer('one');
  await settled();
  expect([seen(live.state), listeners.size]).toEqual(['one', 1]);
});

test('U1 the query’s own signal ends the run, not the live query', async () => {
  const { asked, collection, change } = fakeCollection();
  const own = new AbortController();
  const live = new LiveQuery(collection);
  live.set({ ...near('a'), signal: own.signal });
  live.subscribe(() => {});
  own.abort();
  await settled();
  expect(seen(live.state)).toBe('nothing ABORTED');
  change();
  expect(asked).toHaveLength(2);
});

test('U1 a listener that is none is refused', () => {
  const { collection } = fakeCollection();
  expect(() => subscribe(collection, near('a'), undefined as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
});
