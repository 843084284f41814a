import type { CommitPoint } from 'nearshore/testing';
import { judge, type Kill } from './support/kill-log.js';
import { expect, openBlank, test } from './support/kill-test.js';
import { size, TIMEOUT } from './support/sizes.js';

// Many kills in one page: `worker.terminate()` in the middle of what the worker does.

test.describe.configure({ timeout: TIMEOUT });
test.beforeEach(({ page }) => openBlank(page));

/** In both browsers together: 1,000 or 150 at random moments, 240 or 36 at the points. */
const SIZES = {
  chromium: { random: size(700, 100), perPoint: size(14, 2) },
  firefox: { random: size(300, 50), perPoint: size(6, 1) },
};
/** Stores that are killed side by side: Chromium takes two seconds to end a thread that stands still. */
const LANES = 4;

test('P1, P2: killed at random moments of commits, a worker loses nothing acknowledged and leaves no mix', async ({
  page,
  browserName,
}) => {
  const { random: wanted } = SIZES[browserName as keyof typeof SIZES];
  const seed = Date.now() % 1e9;
  console.log(`seed ${seed}`);
  const kills = await page.evaluate(
    async ({ count, seed }) => {
      const { run, find, insist, outcomeOf, pause } = workload;
      const random = helpers.random(seed);
      const faults = testing.makeFaults();
      const { notes } = await workload.open('random', { worker: faults.worker });
      const kills: Kill[] = [];
      let step = 0;
      let generation = 0;
      while (kills.length < count) {
        const quiet = Math.floor(random() * 3);
        for (let i = 0; i < quiet; i++) await run(notes, ++step);
        let settled = false;
        const write = outcomeOf(run(notes, step + 1)).finally(() => {
          settled = true;
        });
        // Most of them from the beginning of the transaction on, the others from that of the call.
        if (random() < 0.7) {
          while (!settled && !faults.transactionOpen) await pause(0);
          if (random() < 0.5) await pause(10 * random());
        } else {
          await pause(20 * random());
        }
        const open = faults.transactionOpen;
        faults.crashWorker();
        const killed = performance.now();
        const wasAcknowledged = await write;
        const found = await insist(() => find(notes, step + (wasAcknowledged ? 1 : 0), step + 1));
        if (found.generation < generation) throw new Error('The generation has gone back');
        const reopenMs = performance.now() - killed;
        kills.push({
          open,
          acknowledged: quiet + (wasAcknowledged ? 1 : 0),
          kept: found.step > step,
          reopenMs,
        });
        ({ step, generation } = found);
      }
      return kills;
    },
    { count: wanted, seed },
  );
  judge('worker.terminate() at random moments', kills, wanted);
});

test('P1, P2: killed at each of the twelve points of a commit, a worker loses nothing acknowledged and leaves no mix', async ({
  page,
  browserName,
}) => {
  const { perPoint } = SIZES[browserName as keyof typeof SIZES];
  const kills = await page.evaluate(
    async ({ rounds, lanes }) => {
      const { run, find, insist, outcomeOf, isDelete } = workload;
      const due = testing.COMMIT_POINTS.flatMap((point) => Array<CommitPoint>(rounds).fill(point));
      const kills: (Kill & { point: CommitPoint })[] = [];
      const lane = async (name: string) => {
        const faults = testing.makeFaults();
        const { notes } = await workload.open(name, { worker: faults.worker });
        let step = 0;
        for (let point = due.shift(); point !== undefined; point = due.shift()) {
          const before = step;
          await run(notes, ++step);
          while (step < 3 || isDelete(step + 1)) await run(notes, ++step);
          const held = faults.holdAt({ point });
          // Pages are deleted where segments are merged, which no step waits for.
          const isMerge = point === 'removed-pages-deleted';
          const write = isMerge ? notes.optimize().catch(() => undefined) : outcomeOf(run(notes, step + 1));
          await held;
          if (point === 'answered') await write;
          const open = faults.transactionOpen;
          faults.crashWorker();
          const wasAcknowledged = (await write) === true;
          // From here: how long the thread takes to end is the browser's, and not the store's, doing.
          const ended = performance.now();
          const found = await insist(() =>
            find(notes, step + (wasAcknowledged ? 1 : 0), step + (isMerge ? 0 : 1)),
          );
          const acknowledged = step - before + (wasAcknowledged ? 1 : 0);
          const reopenMs = performance.now() - ended;
          kills.push({ point, open, acknowledged, kept: found.step > step, reopenMs });
          step = found.step;
        }
      };
      await Promise.all(Array.from({ length: lanes }, (_, i) => lane(`points-${i}`)));
      return kills;
    },
    { rounds: perPoint, lanes: LANES },
  );
  judge('worker.terminate() at the points of a commit', kills, 12 * perPoint);
  // What was answered was kept; of what had not begun to be written nothing is there.
  const keptAt = (point: CommitPoint) => kills.filter((kill) => kill.point === point && kill.kept).length;
  expect(keptAt('answered')).toBe(perPoint);
  expect(keptAt('complete')).toBe(perPoint);
  expect(keptAt('before-transaction')).toBe(0);
  expect(keptAt('first-page-put')).toBe(0);
});
