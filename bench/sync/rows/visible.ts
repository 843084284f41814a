import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { serveFolders } from '../../../e2e/support/server.js';
import { startSyncServer } from '../../../e2e/support/sync-server.js';
import { requireBrowser } from '../../../scripts/browsers.mjs';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import { uniform } from '../../data/random.js';
import { percentile } from '../../measure/statistics.js';
import { DIMENSION, type Figure, type Options } from '../figure.js';

const WARM_UP = 3;
/** Between two edits, so that each is a commit, a push and a hint of its own. */
const PAUSE_MS = 200;
/** Of `Date.now()`, the clock that two pages have in common. */
const TICK_MS = 1;

type Store = Awaited<ReturnType<typeof import('nearshore')['openStore']>>;
type Notes = Awaited<ReturnType<Store['collection']>>;

/** What the pages have as globals. */
interface PageGlobals {
  readonly nearshore: typeof import('nearshore');
  notes: Notes;
  /** By the id of a record: when an event told of it and it was found. */
  seen: Map<string, number>;
}

/** Milliseconds of one edit, from its commit (`upsert` has resolved) in one browser. */
interface Delays {
  /** It is acknowledged by the server. */
  readonly replicated: number;
  /** The other browser tells of it, and finds it. */
  readonly visible: number;
}

/** Two contexts of one Chromium, with databases of their own, on the built package. */
export async function measureVisible({ records }: Options): Promise<Figure[]> {
  const edits = records < 50_000 ? 10 : 100;
  const folder = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  const redis = await startRedis();
  const server = await startSyncServer({ redis: redis.url });
  const pages = await serveFolders(folder('e2e/pages'), folder('dist/standalone'));
  const browser = await chromium.launch(requireBrowser('chromium'));
  try {
    const [writer, reader] = await Promise.all([
      openDevice(await browser.newContext({ baseURL: pages.url }), server.url),
      openDevice(await browser.newContext({ baseURL: pages.url }), server.url),
    ]);
    const delays: Delays[] = [];
    const random = uniform(edits);
    for (let edit = -WARM_UP; edit < edits; edit++) {
      const delay = await delayOf(`edit-${edit}`, writer, reader);
      if (edit >= 0) delays.push(delay);
      await sleep(PAUSE_MS * (0.5 + random()));
    }
    const at = (what: keyof Delays, p: number) =>
      percentile(
        delays.map((one) => one[what]),
        p,
        TICK_MS,
      );
    const name = 'a commit in one browser';
    return [
      { name: `${name}: acknowledged, p50`, unit: 'ms', server: at('replicated', 50) },
      { name: `${name}: visible in another, p50`, unit: 'ms', server: at('visible', 50), details: delays },
      { name: `${name}: visible in another, p95`, unit: 'ms', server: at('visible', 95) },
    ];
  } finally {
    await browser.close();
    await pages.close();
    await server.kill();
    await redis.stop();
  }
}

async function openDevice(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto('/blank');
  await page.waitForFunction(() => 'nearshore' in globalThis);
  await page.evaluate(
    async ([url, dimension]) => {
      const globals = globalThis as never as PageGlobals;
      const store = await globals.nearshore.openStore('bench', { remote: { url } });
      globals.notes = await store.collection('notes', { dimension });
      globals.seen = new Map();
      globals.notes.on('change', async ({ origin, ids }) => {
        if (origin !== 'sync') return;
        const found = await globals.notes.get(ids);
        for (const record of found) if (record !== undefined) globals.seen.set(record.id, Date.now());
      });
      await globals.notes.sync().now();
    },
    [url, DIMENSION] as const,
  );
  return page;
}

async function delayOf(id: string, writer: Page, reader: Page): Promise<Delays> {
  const written = await writer.evaluate(
    async ([id, dimension]) => {
      const { notes } = globalThis as never as PageGlobals;
      const vector = Array.from({ length: dimension }, Math.random);
      const answer = await notes.upsert([{ id, vector, metadata: { title: id } }]);
      const committed = Date.now();
      await answer.replicated();
      return { committed, replicated: Date.now() };
    },
    [id, DIMENSION] as const,
  );
  await reader.waitForFunction((id) => (globalThis as never as PageGlobals).seen.has(id), id);
  const seen = await reader.evaluate((id) => (globalThis as never as PageGlobals).seen.get(id)!, id);
  return { replicated: written.replicated - written.committed, visible: seen - written.committed };
}
