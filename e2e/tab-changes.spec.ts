import type { BrowserContext, Page } from '@playwright/test';
import type { ChangeEvent } from 'nearshore';
import { expect, openBlank, test } from './support/api-test.js';
import { percentile } from './support/percentile.js';

type Store = Awaited<ReturnType<typeof nearshore.openStore>>;
type Notes = Awaited<ReturnType<Store['collection']>>;

interface TabGlobals {
  store: Store;
  notes: Notes;
  /** Of the whole store. */
  events: ChangeEvent[];
}

/** @param worker one of e2e/pages; by default the package's own */
async function openTab(context: BrowserContext, worker?: string): Promise<Page> {
  const page = await context.newPage();
  await openBlank(page);
  await page.evaluate(async (worker) => {
    const store = await nearshore.openStore('s', {
      backend: 'js',
      ...(worker === undefined ? {} : { worker: () => new Worker(worker, { type: 'module' }) }),
    });
    const events: ChangeEvent[] = [];
    store.on('change', (event) => events.push(event));
    const notes = await store.collection('notes', { dimension: 2 });
    Object.assign(globalThis, { store, notes, events });
  }, worker);
  return page;
}

function write(page: Page, ...ids: string[]) {
  return page.evaluate(async (ids) => {
    const { notes } = globalThis as never as TabGlobals;
    for (const id of ids) await notes.upsert([{ id, vector: [1, 2] }]);
  }, ids);
}

/** What a tab has heard, once it is as many events as that. */
async function heard(page: Page, count: number): Promise<string[]> {
  await page.waitForFunction((count) => (globalThis as never as TabGlobals).events.length >= count, count);
  return page.evaluate(() =>
    (globalThis as never as TabGlobals).events.map(({ collection, kind, origin, generation, ids }) =>
      `${collection}: ${origin} ${kind} ${generation} ${ids.join()}`.trim(),
    ),
  );
}

const announcements = (page: Page) =>
  page.evaluate(async () => (await (globalThis as never as TabGlobals).store.status()).tabs);

test('T1: a commit is in another tab within 200 ms, to be heard and to be found', async ({ context }) => {
  const [writer, reader] = [await openTab(context), await openTab(context)];
  const writes = 60;
  await reader.evaluate(() => {
    const { notes } = globalThis as never as TabGlobals;
    const seen: { id: string; heard: number; found: number }[] = [];
    const now = () => performance.timeOrigin + performance.now();
    notes.on('change', async ({ ids: [id] }) => {
      const heard = now();
      const angle = Number(id!.slice(1)) / 20;
      const { matches } = await notes.query({ vector: [Math.cos(angle), Math.sin(angle)], topK: 1 });
      if (matches[0]?.id !== id) throw new Error(`${matches[0]?.id} was found, not ${id}`);
      seen.push({ id: id!, heard, found: now() });
    });
    Object.assign(globalThis, { seen });
  });
  const done = await writer.evaluate(async (writes) => {
    const { notes } = globalThis as never as TabGlobals;
    const done: Record<string, number> = {};
    for (let i = 0; i < writes; i++) {
      await notes.upsert([{ id: `r${i}`, vector: [Math.cos(i / 20), Math.sin(i / 20)] }]);
      done[`r${i}`] = performance.timeOrigin + performance.now();
    }
    return done;
  }, writes);
  type Seen = { id: string; heard: number; found: number }[];
  await reader.waitForFunction(
    (writes) => (globalThis as never as { seen: Seen }).seen.length === writes,
    writes,
  );
  const seen = await reader.evaluate(() => (globalThis as never as { seen: Seen }).seen);
  expect(seen.map(({ id }) => id)).toEqual(Array.from({ length: writes }, (_, i) => `r${i}`));
  for (const what of ['heard', 'found'] as const) {
    const after = seen.map((each) => each[what] - done[each.id]!);
    const [p50, p95] = [percentile(after, 0.5), percentile(after, 0.95)];
    console.log(
      `T1: ${what} in another tab after p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms (bound 200)`,
    );
    expect(p95).toBeLessThan(2_000);
  }
});

test('T2: events of tabs that write at once come once, in the order of generations, in every tab', async ({
  context,
}) => {
  const tabs = [await openTab(context), await openTab(context), await openTab(context)];
  const rounds = 25;
  const run = (tab: number) =>
    tabs[tab]!.evaluate(
      async ([tab, rounds]) => {
        const { notes, events } = globalThis as never as TabGlobals;
        const late: number[] = [];
        for (let i = 0; i < rounds; i++) {
          const id = `${tab}-${i}`;
          const writes = [await notes.upsert([{ id, vector: [1, i] }])];
          if (i % 5 === 4) writes.push(await notes.delete({ ids: [id] }));
          for (const { generation } of writes)
            if (!events.some((event) => event.generation === generation)) late.push(generation);
        }
        return late;
      },
      [tab, rounds] as const,
    );
  const commits = 2 * (rounds + rounds / 5);
  // C12: an own write's event is there before its promise.
  expect(await Promise.all([run(0), run(1)])).toEqual([[], []]);
  for (const [tab, page] of tabs.entries()) {
    await heard(page, commits);
    const { all, own } = await page.evaluate(() => {
      const { events } = globalThis as never as TabGlobals;
      return {
        all: events.map(({ generation, kind }) => [generation, kind] as const),
        own: events.filter(({ origin }) => origin === 'local').length,
      };
    });
    expect(all).toHaveLength(commits);
    expect(own).toBe(tab === 2 ? 0 : commits / 2);
    expect(all.filter(([, kind]) => kind === 'unknown')).toEqual([]);
    // Merges have generations, and no events.
    for (let i = 1; i < all.length; i++) expect(all[i]![0]).toBeGreaterThan(all[i - 1]![0]);
    expect(
      await page.evaluate(() => (globalThis as never as TabGlobals).notes.count()),
      `records that tab ${tab} counts`,
    ).toBe((2 * rounds * 4) / 5);
  }
});

test("T2: for announcements that a tab missed there is an event of kind 'unknown' there", async ({
  context,
}) => {
  const [one, deaf] = [await openTab(context), await openTab(context, '/deaf-worker.js')];
  await write(one, 'a', 'b', 'c', 'd', 'e');
  await expect
    .poll(async () => (await heard(deaf, 0)).filter((event) => event !== 'notes: tab unknown 2'))
    .toEqual([
      'notes: tab upsert 1 a',
      // And one for 2 alone, if that was seen so long before.
      'notes: tab unknown 3',
      'notes: tab upsert 4 d',
      'notes: tab upsert 5 e',
    ]);
  await write(deaf, 'f');
  expect((await heard(deaf, 5)).at(-1)).toBe('notes: local upsert 6 f');
  expect((await heard(one, 6)).at(-1)).toBe('notes: tab upsert 6 f');
  expect(await announcements(one)).toEqual({ locks: 'web-locks', announcements: 'broadcast' });
});

test("T4: without BroadcastChannel a tab finds by itself what others did, and events are 'unknown'", async ({
  context,
}) => {
  await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'BroadcastChannel'));
  const worker = '/no-channel-worker.js';
  const [one, two] = [await openTab(context, worker), await openTab(context, worker)];
  expect(await announcements(one)).toEqual({ locks: 'web-locks', announcements: 'polling' });
  await write(one, 'a');
  expect((await heard(two, 1))[0]).toBe('notes: tab unknown 1');
  expect(await two.evaluate(() => (globalThis as never as TabGlobals).notes.count())).toBe(1);
  await one.evaluate(() => (globalThis as never as TabGlobals).store.dropCollection('notes'));
  expect((await heard(two, 2))[1]).toBe('notes: tab drop 2');
  expect(await codeOfCount(two)).toBe('CLOSED');
});

test('T4: without Web Locks events cross all the same, and status() says so', async ({ context }) => {
  await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'locks'));
  const worker = '/no-locks-worker.js';
  const [one, two] = [await openTab(context, worker), await openTab(context, worker)];
  expect(await announcements(two)).toEqual({ locks: 'none', announcements: 'broadcast' });
  await write(one, 'a');
  expect(await heard(two, 1)).toEqual(['notes: tab upsert 1 a']);
});

test('T4: a store in memory has no tabs', async ({ page }) => {
  await openBlank(page);
  const tabs = await page.evaluate(async () => {
    const store = await nearshore.openStore('m', { storage: 'memory', backend: 'js' });
    return (await store.status()).tabs;
  });
  expect(tabs).toEqual({ locks: 'none', announcements: 'none' });
});

const codeOfCount = (page: Page) =>
  page.evaluate(() => helpers.codeOf((globalThis as never as TabGlobals).notes.count()));

test('C4 T2: a collection that another tab drops is CLOSED here, and can be created anew', async ({
  context,
}) => {
  const [one, two] = [await openTab(context), await openTab(context)];
  await write(one, 'a');
  await one.evaluate(() => (globalThis as never as TabGlobals).store.dropCollection('notes'));
  expect(await heard(two, 2)).toEqual(['notes: tab upsert 1 a', 'notes: tab drop 2']);
  expect(await codeOfCount(two)).toBe('CLOSED');
  const anew = await two.evaluate(async () => {
    const { store } = globalThis as never as TabGlobals;
    const notes = await store.collection('notes', { dimension: 3 });
    await notes.upsert([{ id: 'b', vector: [1, 2, 3] }]);
    return notes.count();
  });
  expect(anew).toBe(1);
  // Of a collection that is not open there.
  expect((await heard(one, 3)).slice(1)).toEqual(['notes: local drop 2', 'notes: tab upsert 1 b']);
  expect(await codeOfCount(one)).toBe('CLOSED');
});

test('C4 T2: a store that another tab destroys is CLOSED here, and can be opened anew', async ({
  context,
}) => {
  const [one, two] = [await openTab(context), await openTab(context)];
  await write(one, 'a');
  await heard(two, 1);
  await one.evaluate(() => (globalThis as never as TabGlobals).store.destroy());
  expect(await heard(two, 2)).toEqual(['notes: tab upsert 1 a', 'notes: tab drop 2']);
  expect(await codeOfCount(two)).toBe('CLOSED');
  const after = await two.evaluate(async () => {
    const { store } = globalThis as never as TabGlobals;
    const codes = [await helpers.codeOf(store.collection('notes', { dimension: 2 }))];
    codes.push(await helpers.codeOf(store.listCollections()));
    await store.close();
    const again = await nearshore.openStore('s', { backend: 'js' });
    return { codes, collections: await again.listCollections() };
  });
  expect(after).toEqual({ codes: ['CLOSED', 'CLOSED'], collections: [] });
});
