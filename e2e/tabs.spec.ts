import type { Page } from '@playwright/test';
import { expect, openBlank, test } from './support/api-test.js';

/** A record as a tab writes it: who, in which round. */
type Written = [id: string, tab: number, round: number];

async function openTab(page: Page, tab: number): Promise<Page> {
  await openBlank(page);
  await page.evaluate(async (tab) => {
    const store = await nearshore.openStore('shared', {
      backend: 'js',
      // Where locks are removed from the page, they are from the worker, too.
      ...('locks' in navigator
        ? {}
        : { worker: () => new Worker('/no-locks-worker.js', { type: 'module' }) }),
    });
    const notes = await store.collection<{ tab: number; round: number }>('notes', { dimension: 4 });
    Object.assign(globalThis, {
      upsert: (ids: string[], round: number) =>
        notes.upsert(
          ids.map((id) => ({ id, vector: [tab + 1, round + 1, ids.length, 1], metadata: { tab, round } })),
        ),
      remove: (ids: string[]) => notes.delete({ ids }),
      notes,
    });
  }, tab);
  return page;
}

interface TabGlobals {
  upsert(ids: string[], round: number): Promise<unknown>;
  remove(ids: string[]): Promise<{ count: number }>;
  notes: Awaited<ReturnType<Awaited<ReturnType<typeof nearshore.openStore>>['collection']>>;
}

function upsert(page: Page, ids: string[], round: number) {
  return page.evaluate(
    async ([ids, round]) => {
      await (globalThis as never as TabGlobals).upsert(ids, round);
    },
    [ids, round] as const,
  );
}

function remove(page: Page, ids: string[]) {
  return page.evaluate(async (ids) => (await (globalThis as never as TabGlobals).remove(ids)).count, ids);
}

/** Everything as a fresh tab sees it, with each vector checked against the metadata that was written with it. */
async function reopened(page: Page): Promise<Written[]> {
  await openTab(page, 9);
  return page.evaluate(async () => {
    const notes = (globalThis as never as TabGlobals).notes;
    const { records } = await notes.list({ limit: 10_000, includeVectors: true });
    const { matches } = await notes.query({ vector: [1, 1, 1, 1], topK: 10_000 });
    if (matches.length !== records.length || (await notes.count()) !== records.length)
      throw new Error(`${matches.length} found, ${records.length} listed, ${await notes.count()} counted`);
    return records.map(({ id, metadata, vector }): Written => {
      const { tab, round } = metadata as { tab: number; round: number };
      if (vector![0] !== tab + 1 || vector![1] !== round + 1)
        throw new Error(`${id} is torn: ${[...vector!]}`);
      return [id, tab, round];
    });
  });
}

const ids = (from: number, to: number, prefix: string) =>
  Array.from({ length: to - from }, (_, i) => `${prefix}${String(from + i).padStart(4, '0')}`);
const byId = (a: Written, b: Written) => (a[0] < b[0] ? -1 : 1);

test('S2: two tabs that write in turn give what one after the other gives', async ({ context }) => {
  const tabs = [await openTab(await context.newPage(), 0), await openTab(await context.newPage(), 1)];
  const oracle = new Map<string, Written>();
  for (let round = 0; round < 24; round++) {
    const tab = round % 2;
    const own = ids(round * 3, round * 3 + 10, 'x');
    await upsert(tabs[tab]!, own, round);
    for (const id of own) oracle.set(id, [id, tab, round]);
    if (round % 3 !== 2) continue;
    // The other tab deletes what this one has just written.
    const gone = ids(round * 3 + 1, round * 3 + 5, 'x');
    const there = gone.filter((id) => oracle.delete(id)).length;
    expect(await remove(tabs[1 - tab]!, gone)).toBe(there);
  }
  expect(await reopened(await context.newPage())).toEqual([...oracle.values()].sort(byId));
});

for (const locks of [true, false]) {
  test(`S2: two tabs that write at once lose and tear nothing, ${locks ? 'with' : 'without'} Web Locks`, async ({
    context,
  }) => {
    if (!locks) await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'locks'));
    const tabs = [await openTab(await context.newPage(), 0), await openTab(await context.newPage(), 1)];
    const rounds = 30;
    const write = (tab: number) =>
      tabs[tab]!.evaluate(
        async ([tab, rounds]) => {
          const { upsert, remove } = globalThis as never as TabGlobals;
          let deleted = 0;
          for (let round = 0; round < rounds; round++) {
            const own = [0, 1, 2, 3].map((i) => `own-${tab}-${round}-${i}`);
            const calls = [upsert(own, round), upsert([`both-${round % 5}`], round)];
            await Promise.all(calls);
            if (round % 2 === 1) deleted += (await remove(own.slice(2))).count;
          }
          return deleted;
        },
        [tab, rounds] as const,
      );
    expect(await Promise.all([write(0), write(1)])).toEqual([rounds, rounds]);

    const found = await reopened(await context.newPage());
    const own = found.filter(([id]) => id.startsWith('own'));
    const expected: Written[] = [];
    for (const tab of [0, 1]) {
      for (let round = 0; round < rounds; round++) {
        const kept = round % 2 === 1 ? 2 : 4;
        for (let i = 0; i < kept; i++) expected.push([`own-${tab}-${round}-${i}`, tab, round]);
      }
    }
    expect(own).toEqual(expected.sort(byId));
    // Whoever was last, it was in that tab's last round for the id.
    const both = found.filter(([id]) => id.startsWith('both'));
    expect(both.map(([id]) => id)).toEqual([0, 1, 2, 3, 4].map((i) => `both-${i}`));
    for (const [i, [, , round]] of both.entries()) expect(round).toBe(rounds - 5 + i);
  });
}

test('S2: a write is decided by what is there at its commit, not by what its tab has seen', async ({
  context,
}) => {
  const tabs = [await openTab(await context.newPage(), 0), await openTab(await context.newPage(), 1)];
  await upsert(tabs[0]!, ['a', 'b', 'c', 'd'], 0);
  // The second tab has not read anything since.
  const outcomes = await tabs[1]!.evaluate(async () => {
    const { notes } = globalThis as never as TabGlobals;
    return [
      await helpers.codeOf(notes.setMetadata([{ id: 'a', metadata: { tab: 0, round: 0 } }])),
      await helpers.codeOf(notes.insert([{ id: 'b', vector: [1, 1, 1, 1] }])),
    ];
  });
  expect(outcomes).toEqual(['resolved', 'DUPLICATE_ID']);
  await upsert(tabs[0]!, ['e'], 0);
  expect(await remove(tabs[1]!, ['e'])).toBe(1);
  await remove(tabs[0]!, ['c']);
  const inserted = await tabs[1]!.evaluate(() => {
    const { notes } = globalThis as never as TabGlobals;
    return helpers.codeOf(notes.insert([{ id: 'c', vector: [1, 1, 1, 1], metadata: { tab: 0, round: 0 } }]));
  });
  expect(inserted).toBe('resolved');
  await upsert(tabs[0]!, ['f'], 0);
  const byFilter = await tabs[1]!.evaluate(async () => {
    const { notes } = globalThis as never as TabGlobals;
    return (await notes.delete({ filter: {} })).count;
  });
  expect(byFilter).toBe(5);
  expect(await reopened(await context.newPage())).toEqual([]);
});
