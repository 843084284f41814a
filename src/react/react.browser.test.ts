import { createElement, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Collection } from '../client/collection.js';
import type { Query } from '../shared/types.js';
import { type QueryState, useCollection, useQuery, useStore } from './index.js';

// The real hooks, on a real store in memory, in the mode that mounts everything twice.

interface Seen {
  collection?: Collection<{ year: number }>;
  answer?: QueryState<{ year: number }>;
  errors: (string | undefined)[];
  /** What was to be seen at some time. */
  shown: Set<string>;
  ask(query: Query<{ year: number }> | undefined): void;
}

let seen: Seen;
let opened = 0;

function Search({ name, dimension = 2 }: { name: string; dimension?: number }) {
  const { store, error } = useStore(name, { storage: 'memory', backend: 'js' });
  const created = useCollection<{ year: number }>(store, 'notes', { dimension });
  const [query, ask] = useState<Query<{ year: number }> | undefined>({ vector: [1, 0], topK: 2 });
  const answer = useQuery(created.collection, query);
  Object.assign(seen, {
    collection: created.collection,
    ...{ answer, ask, errors: [error?.code, created.error?.code, answer.error?.code] },
  });
  const ids = answer.matches.map(({ id }) => id).join(' ');
  seen.shown.add(answer.isStale ? `${ids}, stale` : ids);
  return createElement('output', null, ids);
}

let root: ReturnType<typeof createRoot>;
let element: HTMLElement;
beforeEach(() => {
  seen = { errors: [], shown: new Set(), ask: () => {} };
  element = document.body.appendChild(document.createElement('main'));
  root = createRoot(element);
});
afterEach(() => {
  root.unmount();
  element.remove();
});

const render = (props: { name: string; dimension?: number }) =>
  root.render(createElement(StrictMode, null, createElement(Search, props)));
const until = (what: () => boolean) => expect.poll(what, { timeout: 50_000 }).toBe(true);
const text = () => element.textContent;
const name = () => `react-${++opened}`;
const record = (id: string, x: number, year = 2020) => ({ id, vector: [x, 1 - x], metadata: { year } });

test('U3 a component shows the answer, and follows what is written', async () => {
  render({ name: name() });
  await until(() => seen.collection !== undefined);
  await seen.collection!.upsert([record('a', 0.9), record('b', 0.1), record('c', 0.5)]);
  await until(() => text() === 'a c');
  await seen.collection!.delete({ ids: ['a'] });
  await until(() => text() === 'c b');
  expect(seen.errors).toEqual([undefined, undefined, undefined]);
});

test('U3 the last of many quick questions is shown; until then the answer before it, as stale', async () => {
  render({ name: name() });
  await until(() => seen.collection !== undefined);
  await seen.collection!.upsert([record('a', 0.9, 1990), record('b', 0.1), record('c', 0.5)]);
  await until(() => text() === 'a c');
  seen.shown.clear();
  for (let i = 0; i <= 10; i++) seen.ask({ vector: [i / 10, 1 - i / 10], topK: 1, filter: { year: 2020 } });
  await until(() => text() === 'c' && !seen.answer!.isStale && !seen.answer!.isFetching);
  expect([...seen.shown]).toEqual(expect.arrayContaining(['a c, stale', 'c']));
  expect(seen.shown).not.toContain('b');
  seen.ask(undefined);
  await until(() => text() === '');
});

test('U3 what cannot be opened or asked is in error', async () => {
  const broken = name();
  render({ name: broken });
  await until(() => seen.collection !== undefined);
  seen.ask({ vector: [1, 0, 0] });
  await until(() => seen.errors[2] === 'DIMENSION_MISMATCH');
  render({ name: '/' });
  await until(() => seen.errors[0] === 'INVALID_ARGUMENT');
});

test('U3 unmounting closes the store; a query under way is aborted, and nobody hears of it', async () => {
  render({ name: name() });
  await until(() => seen.collection !== undefined);
  const { collection } = seen;
  root.render(null);
  await expect.poll(() => collection!.count().catch((error) => error.code)).toBe('CLOSED');
});
