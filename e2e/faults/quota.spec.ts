import type { BrowserContext } from '@playwright/test';
import { addHelpers, expect, openBlank, test } from '../support/api-test.js';

// A disk that is really full: Chromium's quota by CDP, Firefox's by a preference.

const MB = 1e6;
/** Quotas in MB, and rows of 256 numbers in a batch. */
const SIZES = [
  { quota: 4, rows: 512 },
  { quota: 8, rows: 2_048 },
  { quota: 12, rows: 1_024 },
];
/** Firefox gives one site a fifth of its limit, and no less than 10 MiB. */
const SHARE = 5;
const LEAST_OF_FIREFOX = 10 * 2 ** 20;
/** Firefox begins to clean up after two seconds without work. */
const IDLE_MS = 5_000;

const quotaTest = test.extend<{ contextOf: (quota: number) => Promise<BrowserContext> }>({
  contextOf: async ({ playwright, browserName, launchOptions, channel, headless, baseURL }, use) => {
    const closers: (() => Promise<void>)[] = [];
    await use(async (quota) => {
      const browser = await playwright[browserName].launch({
        ...launchOptions,
        ...(channel === undefined ? {} : { channel }),
        ...(headless === undefined ? {} : { headless }),
        firefoxUserPrefs: {
          'dom.quotaManager.temporaryStorage.fixedLimit': Math.ceil((SHARE * quota * MB) / 1024),
        },
      });
      closers.push(() => browser.close());
      const context = await browser.newContext({ ...(baseURL === undefined ? {} : { baseURL }) });
      await addHelpers(context);
      if (browserName === 'chromium') {
        const session = await context.newCDPSession(await context.newPage());
        const origin = new URL(baseURL!).origin;
        await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: quota * MB });
      }
      return context;
    });
    for (const close of closers) await close();
  },
});

for (const { quota, rows } of SIZES) {
  quotaTest(
    `S12 P3 a quota of ${quota} MB: nothing is half-written, deletes go on, then there is room`,
    async ({ contextOf, browserName }) => {
      const isFirefox = browserName === 'firefox';
      test.skip(
        isFirefox && quota === 4,
        'No site has less than 10 MiB there, of which its journal takes more than half at times: on a busy machine a delete was refused in 1 of 3 runs.',
      );
      const context = await contextOf(quota);
      const page = await context.newPage();
      await openBlank(page);
      const filled = await page.evaluate(
        async ({ rows, idleMs }) => {
          const store = await nearshore.openStore('full', { backend: 'js' });
          const notes = await store.collection('notes', { dimension: 256 });
          let acknowledged = 0;
          const batches: { prefix: string; rows: number }[] = [];
          // Smaller and smaller batches, until not even one record has room.
          for (let size = rows; size >= 1; size = Math.floor(size / 32)) {
            for (let n = 0; ; n++) {
              const prefix = `${size}-${n}-`;
              const batch = { ids: helpers.ids(size, prefix), vectors: helpers.vectors(size, 256, n) };
              const outcome = await notes.upsert(batch).then(
                () => undefined,
                (error) => error,
              );
              if (outcome !== undefined) {
                if (outcome.code !== 'QUOTA_EXCEEDED') throw outcome;
                if (!(outcome.needed >= size * 1_024) || !(outcome.available >= 0)) throw outcome;
                if (await notes.has(`${prefix}0`)) throw new Error('a refused batch is there');
                break;
              }
              acknowledged += size;
              batches.push({ prefix, rows: size });
            }
          }
          // Firefox takes more of the quota once it is idle.
          const estimate = () => navigator.storage.estimate();
          const { usage } = await estimate();
          for (let waited = 0; waited < idleMs && (await estimate()).usage === usage; waited += 100) {
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          const { quota: whole, usage: taken } = await estimate();
          const count = await notes.count();
          const listed: string[] = [];
          for (let cursor: string | undefined; ; ) {
            const part = await notes.list({ limit: 10_000, ...(cursor === undefined ? {} : { cursor }) });
            listed.push(...part.records.map(({ id }) => id));
            cursor = part.cursor;
            if (cursor === undefined) break;
          }
          const { matches } = await notes.query({ id: listed[0]!, topK: 5, exact: true });
          const [first] = batches;
          const deleted = await notes.delete({ ids: helpers.ids(first!.rows, first!.prefix) });
          const inFull = {
            count,
            listed: new Set(listed).size,
            matches: matches.length,
            deleted: deleted.count,
          };
          await store.close();
          return { acknowledged, batches, inFull, left: whole! - taken! };
        },
        { rows, idleMs: isFirefox ? IDLE_MS : 0 },
      );
      const [first] = filled.batches;
      expect(filled.inFull).toEqual({
        count: filled.acknowledged,
        listed: filled.acknowledged,
        matches: 5,
        deleted: first!.rows,
      });
      const least = isFirefox ? 0.2 * Math.max(quota * MB, LEAST_OF_FIREFOX) : 0.4 * quota * MB;
      expect(filled.acknowledged * 1_024).toBeGreaterThan(least);
      // How far the browser has come with tidying up differs; that the delete above went through is what counts.
      console.log(`${quota} MB: ${filled.acknowledged} rows of 1 KiB, ${filled.left} bytes left`);

      // What a new page finds.
      await openBlank(page);
      const after = await page.evaluate(
        async ({ first, idleMs }) => {
          const store = await nearshore.openStore('full', { backend: 'js' });
          const notes = await store.collection('notes');
          const count = await notes.count();
          const gone = await notes.has(`${first.prefix}0`);
          // A segment whose rest has no room stays; one that is wholly dead goes, whatever there is.
          await helpers.codeOf(notes.optimize());
          await notes.delete({ filter: {} });
          const optimized = await helpers.codeOf(notes.optimize());
          const batch = {
            ids: helpers.ids(first.rows, 'next-'),
            vectors: helpers.vectors(first.rows, 256, 1),
          };
          let next = await helpers.codeOf(notes.upsert(batch));
          // Firefox gives back what was deleted once it is idle.
          for (let waited = 0; waited < 2 * idleMs && next === 'QUOTA_EXCEEDED'; waited += 200) {
            await new Promise((resolve) => setTimeout(resolve, 200));
            next = await helpers.codeOf(notes.upsert(batch));
          }
          const there = await notes.count();
          await store.destroy();
          return { count, gone, optimized, next, there };
        },
        { first: first!, idleMs: isFirefox ? IDLE_MS : 0 },
      );
      const left = filled.acknowledged - first!.rows;
      expect(after).toEqual({
        count: left,
        gone: false,
        optimized: 'resolved',
        next: 'resolved',
        there: first!.rows,
      });
    },
  );
}
