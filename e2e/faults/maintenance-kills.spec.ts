import type { CommitPoint } from 'nearshore/testing';
import { judge, type Kill } from './support/kill-log.js';
import { openBlank, test } from './support/kill-test.js';
import { size, TIMEOUT } from './support/sizes.js';

// Workers that are killed while they merge segments or train an index: no record depends on either.

test.describe.configure({ timeout: TIMEOUT });
test.beforeEach(({ page }) => openBlank(page));

/** In both browsers together, and with those during upgrades: 200 or 30. */
const SIZES = {
  chromium: { compaction: size(70, 12), training: size(40, 4) },
  firefox: { compaction: size(30, 6), training: size(20, 2) },
};

/** Of the commit that brings what was merged or trained, while its transaction is open. */
const POINTS: readonly CommitPoint[] = [
  'transaction-opened',
  'generation-read',
  'first-page-put',
  'half-of-pages-put',
  'last-page-put',
  'removed-pages-deleted',
  'row-put',
  'requests-succeeded',
];

test('P2, S6: killed while it merges, a worker leaves the old segments or the new one, and every record', async ({
  page,
  browserName,
}) => {
  const { compaction: wanted } = SIZES[browserName as keyof typeof SIZES];
  const seed = Date.now() % 1e9;
  console.log(`seed ${seed}`);
  const kills = await page.evaluate(
    async ({ count, seed, points }) => {
      const { run, find, insist, pause } = workload;
      const random = helpers.random(seed);
      const faults = testing.makeFaults();
      const { notes } = await workload.open('merged', { worker: faults.worker });
      const kills: Kill[] = [];
      let step = 0;
      while (kills.length < count) {
        for (let i = 0; i < 3; i++) await run(notes, ++step);
        const { generation } = await notes.stats();
        const isHeld = kills.length % 2 === 0;
        const held = isHeld
          ? faults.holdAt({ point: points[Math.floor(points.length * random())]! })
          : undefined;
        const merged = notes.optimize().catch(() => undefined);
        await Promise.race([merged, held ?? pause(40 * random())]);
        const open = faults.transactionOpen;
        faults.crashWorker();
        await merged;
        const ended = performance.now();
        const found = await insist(() => find(notes, step, step));
        const kept = found.generation > generation;
        kills.push({ open, acknowledged: 3, kept, reopenMs: performance.now() - ended });
      }
      await notes.optimize();
      await find(notes, step, step);
      return kills;
    },
    { count: wanted, seed, points: POINTS },
  );
  judge('killed while merging', kills, wanted);
});

test('P2, P6, I2: killed while it trains, a worker leaves the segment without the index or with it, and every record', async ({
  page,
  browserName,
}) => {
  const { training: wanted } = SIZES[browserName as keyof typeof SIZES];
  const seed = Date.now() % 1e9;
  console.log(`seed ${seed}`);
  const kills = await page.evaluate(
    async ({ count, seed, points }) => {
      const { insist, pause } = workload;
      // The smallest segment that gets an index.
      const rows = 2_048;
      const dimension = 2_048;
      const ids = helpers.ids(rows);
      const vectors = helpers.clustered(rows, dimension, 32, 1);
      const random = helpers.random(seed);
      const faults = testing.makeFaults();
      const store = await nearshore.openStore('trained', { worker: faults.worker });
      const fill = async (name: string) => {
        const notes = await store.collection<{ row: number }>(name, { dimension, metric: 'l2' });
        const metadata = ids.map((_, row) => ({ row }));
        await notes.upsert({ ids, vectors, metadata });
        return notes;
      };
      type Notes = Awaited<ReturnType<typeof fill>>;
      const check = async (notes: Notes, extra: number) => {
        let seen = 0;
        for (
          let cursor: string | undefined, isFirst = true;
          isFirst || cursor !== undefined;
          isFirst = false
        ) {
          const page = await notes.list({ limit: 512, includeVectors: true, ...(cursor && { cursor }) });
          for (const { id, metadata, vector } of page.records) {
            const { row } = metadata!;
            if (!id.startsWith('extra') && id !== ids[row])
              throw new Error(`${id} has the metadata of ${row}`);
            const wanted = vectors.subarray(row * dimension, (row + 1) * dimension);
            if (wanted.some((number, i) => number !== vector![i]))
              throw new Error(`${id} has another vector`);
          }
          seen += page.records.length;
          cursor = page.cursor;
        }
        if (seen !== rows + extra) throw new Error(`${seen} records, not ${rows} and ${extra}`);
      };

      const started = performance.now();
      await (await fill('first')).optimize();
      const trainingMs = performance.now() - started;
      await store.dropCollection('first');

      const kills: Kill[] = [];
      let notes = await fill('notes-0');
      let extra = 0;
      while (kills.length < count) {
        const row = kills.length % rows;
        await notes.upsert([
          {
            id: `extra-${extra++}`,
            vector: vectors.slice(row * dimension, (row + 1) * dimension),
            metadata: { row },
          },
        ]);
        const isHeld = kills.length % 2 === 0;
        const held = isHeld
          ? faults.holdAt({ point: points[Math.floor(points.length * random())]! })
          : undefined;
        const trained = notes.optimize().catch(() => undefined);
        await Promise.race([trained, held ?? pause(trainingMs * random())]);
        const open = faults.transactionOpen;
        faults.crashWorker();
        await trained;
        const ended = performance.now();
        const { index } = await insist(() => notes.stats());
        const reopenMs = performance.now() - ended;
        await check(notes, extra);
        const kept = index.kind !== 'flat';
        kills.push({ open, acknowledged: 1, kept, reopenMs });
        if (!kept) continue;
        await store.dropCollection(notes.name);
        notes = await fill(`notes-${kills.length}`);
        extra = 0;
      }
      await notes.optimize();
      await check(notes, extra);
      const { index } = await notes.stats();
      if (index.kind === 'flat') throw new Error('No index was made in the end');
      return kills;
    },
    { count: wanted, seed, points: POINTS },
  );
  judge('killed while training', kills, wanted);
});
