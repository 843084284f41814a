import type { Page } from '@playwright/test';
import { openBlank } from './api-test.js';

type Store = Awaited<ReturnType<typeof nearshore.openStore>>;
type Notes = Awaited<ReturnType<Store['collection']>>;

export interface Tab {
  store: Store;
  notes: Notes;
  /** Events of the store, each as `name: reason`. */
  told: string[];
}

/** A page with `store` open, one record in it, and what it is told. */
export async function openTab(page: Page): Promise<Page> {
  await openBlank(page);
  await fill(page);
  return page;
}

/** The same on a page that is there. */
export async function fill(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const told: string[] = [];
    for (const event of ['storage-lost', 'outdated'] as const)
      store.on(event, ({ reason }) => told.push(`${event}: ${reason}`));
    const notes = await store.collection('notes', { dimension: 2 });
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    Object.assign(globalThis, { store, notes, told });
  });
}

export const told = (page: Page) => page.evaluate(() => (globalThis as never as Tab).told);
export const databases = (page: Page) =>
  page.evaluate(async () =>
    (await indexedDB.databases()).filter(({ version }) => version! > 0).map(({ name }) => name),
  );
export const write = (page: Page) =>
  page.evaluate(() =>
    helpers.codeOf((globalThis as never as Tab).notes.upsert([{ id: 'b', vector: [1, 2] }])),
  );
/** Codes of every kind of call, also of those that memory could answer. */
export const codes = (page: Page) =>
  page.evaluate(() => {
    const { store, notes } = globalThis as never as Tab;
    return Promise.all(
      [
        notes.query({ vector: [1, 2] }),
        notes.get(['a']),
        notes.count(),
        notes.upsert([{ id: 'b', vector: [1, 2] }]),
        notes.delete({ ids: ['a'] }),
        notes.stats(),
        notes.optimize(),
        store.status(),
        store.listCollections(),
        store.collection('more', { dimension: 2 }),
        store.dropCollection('notes'),
      ].map(helpers.codeOf),
    );
  });
