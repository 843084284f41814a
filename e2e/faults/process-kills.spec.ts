import type { CDPSession, Page } from '@playwright/test';
import type { CommitPoint } from 'nearshore/testing';
import { SeededRandom } from '../../src/worker/seeded-random.contract.js';
import { judge, type Kill } from './support/kill-log.js';
import { addAll, openBlank, test } from './support/kill-test.js';
import { killBrowser } from './support/processes.js';
import { listenTo, type Reports } from './support/reports.js';
import { size, TIMEOUT } from './support/sizes.js';

// A renderer that crashes, a browser that is killed: the page reports while it lives what was acknowledged and when
// transactions are open, and what is found afterwards is held against that.

test.describe.configure({ timeout: TIMEOUT });

/** While a transaction is open, from its beginning to its end. */
const OPEN_POINTS: readonly CommitPoint[] = [
  'transaction-opened',
  'generation-read',
  'first-page-put',
  'half-of-pages-put',
  'last-page-put',
  'row-states-put',
  'row-put',
  'requests-succeeded',
];

/** Steps that a page may have taken without the test having heard of it. */
const UNHEARD_STEPS = 200;

interface Victim {
  page: Page;
  reports: Reports;
  kill(): Promise<void>;
}

async function killAgainAndAgain(title: string, count: number, start: () => Promise<Victim>): Promise<void> {
  const seed = Date.now() % 1e9;
  console.log(`${title}: seed ${seed}`);
  const random = new SeededRandom(seed);
  const kills: Kill[] = [];
  let victim = await start();
  let { step, generation } = await reopen(victim.page, 0, 0);
  while (kills.length < count) {
    const { page, reports } = victim;
    const quiet = random.below(3);
    // So half of the kills are sure to find a transaction open.
    const isHeld = kills.length % 2 === 0;
    const point = isHeld ? random.pick(OPEN_POINTS) : undefined;
    await page.evaluate(
      ({ from, plan }) => {
        void workload.runUntilKilled(opened, from, plan);
      },
      { from: step, plan: { quiet, point } },
    );
    const inCommit = random.chance(0.7);
    await reports.until(() => {
      if (isHeld) return reports.isHeld;
      return inCommit ? reports.openings > quiet : reports.acknowledged > step + quiet;
    });
    const open = reports.isOpen;
    await victim.kill();
    const acknowledged = Math.max(step, reports.acknowledged);
    victim = await start();
    const found = await reopen(victim.page, acknowledged, acknowledged + UNHEARD_STEPS);
    if (found.generation < generation) throw new Error('The generation has gone back');
    kills.push({
      open,
      acknowledged: acknowledged - step,
      kept: found.step > acknowledged,
      reopenMs: found.reopenMs,
    });
    ({ step, generation } = found);
  }
  await victim.page.context().close();
  judge(title, kills, count);
}

/** Opens the store, checks what is in it, and leaves it open for the next run. */
async function reopen(page: Page, acknowledged: number, begun: number) {
  await openBlank(page);
  return page.evaluate(
    async ({ acknowledged, begun }) => {
      const before = performance.now();
      const faults = testing.makeFaults();
      const { notes } = await workload.open('killed', { worker: faults.worker });
      globalThis.opened = { notes, faults };
      const found = await workload.find(notes, acknowledged, begun);
      return { ...found, reopenMs: performance.now() - before };
    },
    { acknowledged, begun },
  );
}

test('P1, P2: a renderer that crashes loses nothing acknowledged and leaves no mix', async ({
  context,
  browserName,
}) => {
  test.skip(browserName !== 'chromium', 'Page.crash is a command of the DevTools protocol');
  const reports = await listenTo(context);
  await killAgainAndAgain('Page.crash', size(60, 8), async () => {
    reports.restart();
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    return { page, reports, kill: () => crash(session, page) };
  });
});

async function crash(session: CDPSession, page: Page): Promise<void> {
  const crashed = page.waitForEvent('crash');
  // It is never answered.
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await page.close();
}

test('P1, P2: a browser that is killed loses nothing acknowledged and leaves no mix', async ({
  launchPersistent,
  profileFolder,
  browserName,
}) => {
  const count = browserName === 'chromium' ? size(60, 8) : size(10, 3);
  await killAgainAndAgain(`SIGKILL of ${browserName}`, count, async () => {
    const context = await launchPersistent();
    await addAll(context);
    const reports = await listenTo(context);
    const closed = context.waitForEvent('close', { timeout: 0 });
    return {
      page: await context.newPage(),
      reports,
      kill: async () => {
        killBrowser(profileFolder);
        await closed;
      },
    };
  });
});
