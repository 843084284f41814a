// The part of a bench run that a page cannot do: fresh pages, memory and disk as the kernel counts them.
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf, rendererTimes, writtenBytes } from './processes.mjs';

const SETTLE_MS = 1_500;
/** Memory has settled when a sample differs by less than this share from the one before. */
const SETTLED = 0.02;
const MOST_SAMPLES = 10;
const OPEN_LIMIT_MS = 300_000;

/** Gives the pages of `context` what host.ts describes. */
export async function bindHost(context, profile) {
  const reports = new Map();
  await context.exposeBinding('benchReport', ({ page }, report) => reports.get(page)?.(report));

  async function openPage(url, whileOpen = async () => undefined) {
    const page = await context.newPage();
    try {
      const report = await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${url} did not report in time`)), OPEN_LIMIT_MS);
        reports.set(page, (value) => {
          clearTimeout(timer);
          resolve(value);
        });
        page.on('pageerror', reject);
        page.goto(url, { waitUntil: 'commit' }).catch(reject);
      });
      if (report.error) throw new Error(report.error);
      return (await whileOpen(page)) ?? report;
    } finally {
      reports.delete(page);
      await page.close();
    }
  }

  async function measureMemory(page) {
    const pid = await findRenderer(page, profile);
    await settled(page, pid);
    // A system may have warmed up since the first query; it answers the way it does from now on.
    await page.evaluate(() => window.benchQueryAgain());
    return settled(page, pid);
  }

  const methods = {
    openFresh: (url) => openPage(url),
    memory: (url) => (process.platform === 'linux' ? openPage(url, measureMemory) : undefined),
    writtenBytes: () => writtenBytes(profile),
  };
  await context.exposeBinding('benchHost', (_, method, url) => methods[method](url));
}

async function settled(page, pid) {
  let sample;
  for (let i = 0; i < MOST_SAMPLES; i++) {
    await collectGarbage(page);
    await sleep(SETTLE_MS);
    const before = sample;
    sample = memoryOf(pid);
    if (before && Math.abs(sample.pssBytes - before.pssBytes) < SETTLED * before.pssBytes) break;
  }
  return sample;
}

/** The process of a page is the renderer whose CPU time grows while the page spins. */
async function findRenderer(page, profile) {
  const before = rendererTimes(profile);
  let spent = [];
  for (let attempt = 0; attempt < 20; attempt++) {
    await page.evaluate(() => {
      const end = performance.now() + 300;
      while (performance.now() < end);
    });
    spent = [...rendererTimes(profile)]
      .map(([pid, ticks]) => ({ pid, ticks: ticks - (before.get(pid) ?? 0) }))
      .sort((a, b) => b.ticks - a.ticks);
    // A tick is 10 ms. Anything else that ran must be clearly less.
    if (spent[0] && spent[0].ticks >= 15 && (spent[1]?.ticks ?? 0) * 3 < spent[0].ticks) return spent[0].pid;
  }
  throw new Error(`No renderer stood out while its page was spinning: ${JSON.stringify(spent)}.`);
}

/** In the page and in its workers; gc() is there by --js-flags=--expose-gc. */
async function collectGarbage(page) {
  for (const realm of [page, ...page.workers()]) {
    for (let i = 0; i < 2; i++) await realm.evaluate(() => globalThis.gc());
  }
}
