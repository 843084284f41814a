import type { Browser, BrowserContext, Page } from '@playwright/test';
import { type RedisServer, startRedis } from '../../scripts/redis/servers.mjs';
import { addHelpers, test as base, openBlank } from './api-test.js';
import { type CuttableProxy, startProxy } from './cuttable-proxy.js';
import { type SyncServer, startSyncServer } from './sync-server.js';

export { expect, openBlank } from './api-test.js';

type Store = Awaited<ReturnType<typeof nearshore.openStore>>;
type Notes = Awaited<ReturnType<Store['collection']>>;

/** What a page of `openDevice` has as globals. */
export interface DeviceGlobals {
  store: Store;
  notes: Notes;
  sync: ReturnType<Notes['sync']>;
}

/** A browser with a profile of its own, and a way to the server that can be cut. */
export interface Device {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly proxy: CuttableProxy;
}

export interface DeviceOptions {
  /** Of `sync`; default true. */
  readonly live?: boolean;
  readonly conflict?: 'last-writer-wins' | 'compare-and-set';
}

interface SyncFixtures {
  /** Of this test alone, so that the server may be shared. */
  storeName: string;
  /** Adds a device to the test. */
  addDevice: (options?: DeviceOptions) => Promise<Device>;
}

interface SyncWorkerFixtures {
  redis: RedisServer;
  /** Started with `--dev`. */
  syncServer: SyncServer;
}

export const test = base.extend<SyncFixtures, SyncWorkerFixtures>({
  redis: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
    async ({}, use) => {
      const redis = await startRedis();
      await use(redis);
      await redis.stop();
    },
    { scope: 'worker' },
  ],

  syncServer: [
    async ({ redis }, use) => {
      const server = await startSyncServer({ redis: redis.url });
      await use(server);
      await server.kill();
    },
    { scope: 'worker' },
  ],

  // biome-ignore lint/correctness/noEmptyPattern: as above.
  storeName: async ({}, use, { testId, retry }) => use(`s-${testId}-${retry}`),

  addDevice: async ({ browser, baseURL, syncServer, storeName }, use) => {
    const devices: Device[] = [];
    await use(async (options = {}) => {
      const device = await openDevice(browser, baseURL!, syncServer, storeName, options);
      devices.push(device);
      return device;
    });
    for (const { context, proxy } of devices) {
      await context.close();
      await proxy.close();
    }
  },
});

async function openDevice(
  browser: Browser,
  baseURL: string,
  server: SyncServer,
  storeName: string,
  options: DeviceOptions,
): Promise<Device> {
  const context = await browser.newContext({ baseURL });
  await addHelpers(context);
  const proxy = await startProxy(() => server.port);
  const page = await context.newPage();
  await openSynced(page, storeName, proxy.url, options);
  return { context, page, proxy };
}

/** Opens the store on a page, with collection `notes`, and begins its sync. */
export async function openSynced(
  page: Page,
  storeName: string,
  url: string,
  { live = true, conflict = 'last-writer-wins' }: DeviceOptions = {},
): Promise<void> {
  await openBlank(page);
  await page.evaluate(
    async ([storeName, url, live, conflict]) => {
      const store = await nearshore.openStore(storeName, { backend: 'js', remote: { url } });
      const notes = await store.collection('notes', { dimension: 2, conflict });
      const sync = notes.sync({
        live,
        ...(conflict === 'compare-and-set' && {
          onConflict: ({ local, remote }) => {
            const titles = [local, remote].map((side) => (side?.metadata as { title?: string })?.title ?? '');
            return { vector: [1, 2], metadata: { title: titles.sort().join('+') } };
          },
        }),
      });
      Object.assign(globalThis, { store, notes, sync });
    },
    [storeName, url, live, conflict] as const,
  );
}

/** Writes records with these titles, by id. */
export function write(page: Page, titles: Readonly<Record<string, string>>): Promise<void> {
  return page.evaluate(async (titles) => {
    const { notes } = globalThis as never as DeviceGlobals;
    const records = Object.entries(titles).map(([id, title], i) => ({
      id,
      vector: [1, i],
      metadata: { title },
    }));
    await notes.upsert(records);
  }, titles);
}

/** Titles by id, of everything that is there. */
export function contents(page: Page): Promise<Record<string, string>> {
  return page.evaluate(async () => {
    const { notes } = globalThis as never as DeviceGlobals;
    const { records } = await notes.list({ limit: 10_000 });
    return Object.fromEntries(records.map(({ id, metadata }) => [id, (metadata as { title: string }).title]));
  });
}

/** The code that `now()` rejects with, or `'resolved'`. */
export function syncNow(page: Page): Promise<string> {
  return page.evaluate(() => helpers.codeOf((globalThis as never as DeviceGlobals).sync.now()));
}

export function statusOf(page: Page) {
  return page.evaluate(() => {
    const { error, ...status } = (globalThis as never as DeviceGlobals).sync.status();
    return { ...status, error: error?.code };
  });
}

/** Syncs devices one after the other until each has what the others have pushed. */
export async function exchange(...devices: readonly Device[]): Promise<string[]> {
  const codes: string[] = [];
  for (const { page } of [...devices, ...devices.slice(0, -1)]) codes.push(await syncNow(page));
  return codes;
}
