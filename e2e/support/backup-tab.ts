import type { Page } from '@playwright/test';
import { openBlank } from './api-test.js';

export interface Globals {
  store: Awaited<ReturnType<typeof nearshore.openStore>>;
  notes: Awaited<ReturnType<Globals['store']['collection']>>;
  /** Every record of a collection, vectors as bits. */
  contents(notes: Globals['notes']): Promise<string[]>;
  joined(parts: readonly Uint8Array[]): Blob;
  /** What the maintenance lock of the store is held for. */
  held(): Promise<(string | undefined)[]>;
}

/** A page with store `name` open, and `rows` × 64 in it. */
export async function openTab(page: Page, rows: number, locks = true): Promise<Page> {
  await openBlank(page);
  await page.evaluate(
    async ([rows, locks]) => {
      const store = await nearshore.openStore('kept', {
        backend: 'js',
        ...(locks ? {} : { worker: () => new Worker('/no-locks-worker.js', { type: 'module' }) }),
      });
      const notes = await store.collection('notes', { dimension: 64, metric: 'l2' });
      const metadata = (i: number) => (i % 3 === 0 ? { i, tags: ['a', 'ü'] } : undefined);
      for (let from = 0; from < rows; from += 5_000) {
        const ids = helpers.ids(Math.min(5_000, rows - from), `r${from}-`);
        await notes.upsert({
          ids,
          vectors: helpers.vectors(ids.length, 64, from + 1),
          metadata: ids.map((_, i) => metadata(i)),
          texts: ids.map((id, i) => (i % 100 === 0 ? `text of ${id}` : undefined)),
        });
      }
      const contents = async (notes: Globals['notes']) => {
        const all: string[] = [];
        for (let cursor: string | undefined; ; ) {
          const page = await notes.list({
            limit: 10_000,
            includeVectors: true,
            ...(cursor ? { cursor } : {}),
          });
          for (const { vector, ...rest } of page.records) {
            all.push(`${JSON.stringify(rest)} ${new Uint32Array(vector!.slice().buffer).join()}`);
          }
          cursor = page.cursor;
          if (cursor === undefined) return all;
        }
      };
      const held = async () => {
        const { held = [] } = await navigator.locks.query();
        return held.filter(({ name }) => name === 'nearshore:kept:maintenance').map(({ mode }) => mode);
      };
      const joined = (parts: readonly Uint8Array[]) => new Blob([...parts] as BlobPart[]);
      Object.assign(globalThis, { store, notes, contents, held, joined });
    },
    [rows, locks] as const,
  );
  return page;
}
