import type { Page } from '@playwright/test';
import { addHelpers, expect, openBlank, test } from './support/api-test.js';

const ROWS = 20_000;

/** Stores clustered rows, large enough for an index. */
async function fill(page: Page): Promise<void> {
  await page.evaluate(async (rows) => {
    const store = await nearshore.openStore('s');
    const notes = await store.collection<{ n: number }>('notes', { dimension: 256 });
    const states: string[] = [];
    store.on('index', ({ state }) => states.at(-1) !== state && states.push(state));
    await notes.upsert({
      ids: helpers.ids(rows),
      vectors: helpers.clustered(rows, 256, 200, 7),
      metadata: Array.from({ length: rows }, (_, n) => ({ n })),
    });
    Object.assign(globalThis, { store, notes, states });
  }, ROWS);
}

type Notes = Awaited<ReturnType<Awaited<ReturnType<typeof nearshore.openStore>>['collection']>>;
interface Opened {
  notes: Notes;
  states: string[];
}

/** Waits until the index is there; gives the states it went through. */
async function trained(page: Page): Promise<string[]> {
  await page.waitForFunction(() => (globalThis as never as Opened).states.includes('trained'), undefined, {
    timeout: 60_000,
  });
  return page.evaluate(() => (globalThis as never as Opened).states);
}

/** Asks for neighbours of `queries` fresh vectors: mean recall against the oracle, and what the receipts say. */
function ask(page: Page, queries: number, seed: number) {
  return page.evaluate(
    async ([rows, queries, seed]) => {
      const store = await nearshore.openStore('s');
      const notes = await store.collection('notes', { dimension: 256 });
      const vectors = helpers.clustered(rows, 256, 200, 7);
      const corpus = { ids: helpers.ids(rows), vectors, dimension: 256, metric: 'cosine' as const };
      const asked = helpers.clustered(queries, 256, 200, seed);
      let hits = 0;
      const plans: Record<string, number> = {};
      for (let q = 0; q < queries; q++) {
        const vector = asked.subarray(q * 256, (q + 1) * 256);
        const { matches, receipt } = await notes.query({ vector });
        const enough = helpers.rank(corpus, vector)[9]!.score - 1e-5;
        hits += matches.filter(({ score }) => score >= enough).length;
        const plan = `${receipt.plan} ${receipt.exact} ${receipt.backend}`;
        plans[plan] = (plans[plan] ?? 0) + 1;
      }
      return { recall: hits / (10 * queries), plans, index: (await notes.stats()).index };
    },
    [ROWS, queries, seed] as const,
  );
}

test('I1 I2 I5 I6: an index comes by itself, in a second worker, and finds what it says', async ({
  page,
  cspViolations,
}) => {
  await openBlank(page, 'strict');
  await fill(page);
  const before = await page.evaluate(async () => {
    const { notes } = globalThis as never as Opened;
    const { receipt } = await notes.query({ vector: helpers.vectors(1, 256, 3) });
    return receipt.exact;
  });
  expect(before).toBe(true);
  expect(await trained(page)).toEqual(['training', 'trained']);
  const after = await ask(page, 60, 11);
  expect(after.plans).toEqual({ 'ivf false wasm': 60 });
  expect(after.index).toMatchObject({
    kind: 'ivf',
    indexedRows: ROWS,
    recall: { topK: 10, targetRecall: 0.95 },
  });
  expect(after.index.recall!.value).toBeGreaterThanOrEqual(0.95);
  expect(after.recall).toBeGreaterThan(after.index.recall!.value - 0.03);
  expect(cspViolations).toEqual([]);
});

test('I1: a reload finds the index, and answers from storage before the rows are in memory', async ({
  page,
}) => {
  await openBlank(page);
  await fill(page);
  await trained(page);
  await openBlank(page);
  const { plans, recall } = await ask(page, 20, 12);
  expect(plans).toEqual({ 'ivf false wasm': 20 });
  expect(recall).toBeGreaterThan(0.9);
  const metrics = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    return store.metrics();
  });
  expect(metrics.train.count).toBe(0);
});

test('I2: a tab closed while it trains leaves the records whole, and the next one trains', async ({
  page,
  context,
}) => {
  await openBlank(page);
  await fill(page);
  await page.waitForFunction(() => (globalThis as never as Opened).states.includes('training'));
  await page.close();
  const next = await context.newPage();
  await addHelpers(context);
  await openBlank(next);
  await next.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const states: string[] = [];
    store.on('index', ({ state }) => states.at(-1) !== state && states.push(state));
    const notes = await store.collection('notes');
    Object.assign(globalThis, { store, notes, states });
  });
  await trained(next);
  expect(await next.evaluate(() => (globalThis as never as Opened).notes.count())).toBe(ROWS);
  expect((await ask(next, 10, 13)).plans).toEqual({ 'ivf false wasm': 10 });
});

test('I2: optimize trains with progress, and aborting it changes nothing', async ({ page }) => {
  await openBlank(page);
  await fill(page);
  const seen = await page.evaluate(async () => {
    const { notes } = globalThis as never as Opened;
    const controller = new AbortController();
    const aborted = await helpers.codeOf(
      notes.optimize({
        signal: controller.signal,
        onProgress: ({ done, total }) => done > 0 && done < total && controller.abort(),
      }),
    );
    const kind = (await notes.stats()).index.kind;
    const progress: number[] = [];
    await notes.optimize({ onProgress: ({ done, total }) => progress.push(done / total) });
    return { aborted, kind, progress, after: (await notes.stats()).index.kind };
  });
  // It may have been trained before it could be aborted.
  expect([seen.aborted, seen.kind]).toEqual(seen.kind === 'flat' ? ['ABORTED', 'flat'] : ['resolved', 'ivf']);
  expect(seen.after).toBe('ivf');
});

test('I3: a damaged index is reported, not used, and made again; no record is lost', async ({ page }) => {
  await openBlank(page);
  await fill(page);
  await trained(page);
  await page.evaluate(async () => {
    const { store } = globalThis as never as { store: { close(): Promise<void> } };
    await store.close();
    const open = indexedDB.open('nearshore:s');
    const database = await new Promise<IDBDatabase>((resolve) => {
      open.onsuccess = () => resolve(open.result);
    });
    const transaction = database.transaction('pages', 'readwrite');
    const cursor = transaction.objectStore('pages').openCursor();
    cursor.onsuccess = () => {
      const found = cursor.result;
      if (found === null) return;
      if ((found.key as unknown[])[2] === 'list-centroids') {
        const { checksum, bytes } = found.value as { checksum: number; bytes: Uint8Array };
        bytes[5]! ^= 1;
        found.update({ checksum, bytes });
      }
      found.continue();
    };
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    database.close();
  });
  await openBlank(page);
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const states: string[] = [];
    store.on('index', ({ state }) => states.at(-1) !== state && states.push(state));
    const notes = await store.collection('notes');
    Object.assign(globalThis, { store, notes, states });
    const { receipt } = await notes.query({ vector: helpers.vectors(1, 256, 3) });
    return { exact: receipt.exact, count: await notes.count() };
  });
  expect(seen).toEqual({ exact: true, count: ROWS });
  expect(await trained(page)).toEqual(['damaged', 'training', 'trained']);
  expect((await ask(page, 10, 14)).plans).toEqual({ 'ivf false wasm': 10 });
});

test('I4 I7: writes after training count at once, and filters find k at every selectivity', async ({
  page,
}) => {
  await openBlank(page);
  await fill(page);
  await trained(page);
  const seen = await page.evaluate(async () => {
    const { notes } = globalThis as never as Opened;
    const vector = helpers.clustered(1, 256, 200, 99);
    const first = (await notes.query({ vector, topK: 2 })).matches.map(({ id }) => id);
    await notes.upsert([{ id: 'new', vector }]);
    await notes.delete({ ids: [first[0]!] });
    const then = (await notes.query({ vector, topK: 2 })).matches.map(({ id }) => id);
    const counts: number[] = [];
    for (const limit of [2, 20, 200, 2_000, 10_000, 20_000]) {
      const { matches } = await notes.query({ vector, filter: { n: { $lt: limit } } });
      counts.push(matches.length);
    }
    return { first, then, counts };
  });
  expect(seen.then).toEqual(['new', seen.first[1]]);
  expect(seen.counts.slice(1)).toEqual([10, 10, 10, 10, 10]);
  expect(seen.counts[0]).toBeGreaterThanOrEqual(1);
});
