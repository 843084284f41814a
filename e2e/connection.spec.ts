import type { Page } from '@playwright/test';
import { expect, openBlank, test } from './support/api-test.js';
import { codes, databases, openTab, type Tab, told } from './support/open-tab.js';

const visitOf = (page: Page, options = {}) =>
  page.evaluate(async (options) => {
    const store = await nearshore.openStore('s', { backend: 'js', ...options });
    const told: string[] = [];
    store.on('storage-lost', ({ reason }) => told.push(reason));
    store.on('storage-lost', ({ reason }) => told.push(reason));
    const { visit } = await store.status();
    await store.close();
    return { visit, told };
  }, options);
const removeDatabase = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const deletion = indexedDB.deleteDatabase('nearshore:s');
        deletion.onsuccess = () => resolve();
        deletion.onerror = () => reject(deletion.error);
      }),
  );

test('S10: what was lost is begun anew by close and openStore, which say so; nothing is mistaken for it', async ({
  context,
}) => {
  const page = await openTab(await context.newPage());
  const other = await context.newPage();
  await openBlank(other);
  await removeDatabase(other);
  await expect.poll(() => told(page)).toEqual([expect.stringMatching(/^storage-lost: .*deleted/)]);
  // Another tab makes a store of that name meanwhile.
  await openTab(other);
  expect(new Set(await codes(page))).toEqual(new Set(['STORAGE_LOST']));
  const seen = await page.evaluate(async () => {
    const { store } = globalThis as never as Tab;
    await store.close();
    const again = await nearshore.openStore('s', { backend: 'js' });
    const notes = await again.collection('notes');
    return notes.count();
  });
  expect(seen).toBe(1);
  expect(await other.evaluate(() => (globalThis as never as Tab).notes.count())).toBe(1);
});

test('S10, L3: a worker that replaces a lost one does not take an empty database for the store', async ({
  page,
}) => {
  await openTab(page);
  const seen = await page.evaluate(async () => {
    const { store, notes, told } = globalThis as never as Tab;
    const lost = new Promise((resolve) => store.on('worker-lost', resolve));
    helpers.workers[0]!.terminate();
    await lost;
    await new Promise((resolve, reject) => {
      const deletion = indexedDB.deleteDatabase('nearshore:s');
      deletion.onsuccess = resolve;
      deletion.onerror = reject;
    });
    const codes = [
      await helpers.codeOf(notes.upsert([{ id: 'b', vector: [1, 2] }])),
      await helpers.codeOf(notes.count()),
    ];
    return { codes, told, workers: helpers.workers.length };
  });
  expect(seen).toEqual({
    codes: ['STORAGE_LOST', 'STORAGE_LOST'],
    told: [expect.stringContaining('storage-lost')],
    workers: 2,
  });
  expect(await databases(page)).toEqual([]);
});

test('S7: a deletion that no tab has announced is a loss, and told', async ({ context }) => {
  const page = await openTab(await context.newPage());
  const other = await context.newPage();
  await openBlank(other);
  await removeDatabase(other);
  await expect.poll(() => told(page)).toEqual([expect.stringMatching(/^storage-lost: .*another tab/)]);
  expect(new Set(await codes(page))).toEqual(new Set(['STORAGE_LOST']));
});

test('S7: an upgrade by another tab goes ahead; this one is told to reload, and its calls are STORAGE_BLOCKED', async ({
  context,
}) => {
  const page = await openTab(await context.newPage());
  const other = await context.newPage();
  await openBlank(other);
  const upgraded = await other.evaluate(async () => {
    const [found] = await indexedDB.databases();
    return new Promise<string>((resolve) => {
      const upgrade = indexedDB.open('nearshore:s', found!.version! + 1);
      upgrade.onblocked = () => resolve('blocked');
      upgrade.onerror = () => resolve(String(upgrade.error));
      upgrade.onsuccess = () => {
        upgrade.result.close();
        resolve('done');
      };
    });
  });
  expect(upgraded).toBe('done');
  await expect.poll(() => told(page)).toEqual([expect.stringMatching(/^outdated: .*Reload this tab/)]);
  expect(new Set(await codes(page))).toEqual(new Set(['STORAGE_BLOCKED']));
  // As the guide says: reload. The page has this release still, so it says what is missing.
  await openBlank(page);
  const code = await page.evaluate(() => helpers.codeOf(nearshore.openStore('s')));
  expect(code).toBe('FORMAT_TOO_NEW');
});

test('S11: the first visit, the second, and the one after an eviction are told apart, and the last one once', async ({
  page,
  browserName,
}) => {
  await openBlank(page);
  const fresh = { visit: browserName === 'chromium' ? 'first' : 'unknown', told: [] };
  expect(await visitOf(page)).toEqual(fresh);
  await openBlank(page);
  expect(await visitOf(page)).toEqual({ visit: 'returning', told: [] });
  // What the browser does under pressure: the database goes, localStorage stays.
  await removeDatabase(page);
  await openBlank(page);
  const evicted = await visitOf(page);
  expect(evicted).toEqual({
    visit: 'evicted',
    told: [expect.stringMatching(/"s".*last visit.*empty/), evicted.told[0]],
  });
  await openBlank(page);
  expect(await visitOf(page)).toEqual({ visit: 'returning', told: [] });
  // Where both are gone, nothing is claimed.
  await removeDatabase(page);
  await page.evaluate(() => localStorage.clear());
  await openBlank(page);
  expect(await visitOf(page)).toEqual(fresh);
});

test('S11: destroy takes the witness along: the next visit is no eviction', async ({ page, browserName }) => {
  await openTab(page);
  await page.evaluate(() => (globalThis as never as Tab).store.destroy());
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  expect(await visitOf(page)).toEqual({ visit: browserName === 'chromium' ? 'first' : 'unknown', told: [] });
});

test("S11: without localStorage, or without userAgentData, it is 'unknown'; a store in memory is always new", async ({
  page,
}) => {
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'localStorage', {
      get() {
        throw new DOMException('blocked by the user', 'SecurityError');
      },
    });
  });
  await openBlank(page);
  expect(await visitOf(page, { storage: 'memory' })).toEqual({ visit: 'first', told: [] });
  expect(await visitOf(page)).toEqual({ visit: 'unknown', told: [] });
  expect(await visitOf(page)).toEqual({ visit: 'returning', told: [] });
  await removeDatabase(page);
  expect(await visitOf(page)).toEqual({ visit: 'unknown', told: [] });
});

test('S11: tabs that open a store at once: one has created it, none calls it evicted; after an eviction one does', async ({
  context,
  browserName,
}) => {
  const pages = await Promise.all([0, 1, 2].map(() => context.newPage()));
  for (const page of pages) await openBlank(page);
  for (let round = 0; round < 4; round++) {
    const visits = (await Promise.all(pages.map((page) => visitOf(page)))).map(({ visit }) => visit).sort();
    const isEvicted = round % 2 === 1;
    const created = browserName === 'chromium' ? 'first' : 'unknown';
    if (isEvicted) expect(visits).toContain('evicted');
    else expect(visits.every((visit) => visit === 'returning' || visit === created)).toBe(true);
    await removeDatabase(pages[0]!);
    if (isEvicted) await pages[0]!.evaluate(() => localStorage.clear());
  }
});
