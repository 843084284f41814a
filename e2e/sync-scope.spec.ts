import type { Page } from '@playwright/test';
import type { Query, QueryResult } from 'nearshore';
import { type DeviceGlobals, expect, syncNow, test } from './support/sync-test.js';

/** Records on a circle: `ids[i]` at 10·i degrees. */
function onCircle(page: Page, ids: readonly string[], from = 0) {
  return page.evaluate(
    async ([ids, from]) => {
      const records = ids.map((id, i) => {
        const angle = ((from + i) * Math.PI) / 18;
        return { id, vector: [Math.cos(angle), Math.sin(angle)], metadata: { n: from + i } };
      });
      await (globalThis as never as DeviceGlobals).notes.upsert(records);
    },
    [ids, from] as const,
  );
}

function ask(page: Page, query: Partial<Query>): Promise<QueryResult> {
  return page.evaluate(
    (query) =>
      (globalThis as never as DeviceGlobals).notes.query({ vector: [1, 0], topK: 3, ...query } as Query),
    query,
  );
}

const shown = ({ matches }: QueryResult) => matches.map(({ id, origin }) => `${id} ${origin}`);

test('O1: a query asks the device, the server, or both; what is pending here goes before what the server has', async ({
  addDevice,
}) => {
  const [one, two] = [await addDevice({ live: false }), await addDevice({ live: false })];
  await onCircle(one.page, ['a', 'b', 'c', 'd', 'e', 'f']);
  expect(await syncNow(one.page)).toBe('resolved');

  // The second device has nothing but what it writes now: b elsewhere, and x that is new.
  await onCircle(two.page, ['b'], 9);
  await onCircle(two.page, ['x'], 0);
  expect(shown(await ask(two.page, {}))).toEqual(['x undefined', 'b undefined']);
  const remote = await ask(two.page, { scope: 'remote' });
  expect(shown(remote)).toEqual(['a remote', 'b remote', 'c remote']);
  expect(remote.receipt).toMatchObject({
    exact: true,
    complete: true,
    plan: 'flat',
    server: { engine: 'exact' },
  });
  expect(remote.matches[1]).toMatchObject({ metadata: { n: 1 } });
  expect(remote.matches[1]!.score).toBeCloseTo(Math.cos(Math.PI / 18), 5);
  expect(shown(await ask(two.page, { scope: 'auto', topK: 4 }))).toEqual([
    'a remote',
    'x local',
    'c remote',
    'd remote',
  ]);
  expect(shown(await ask(two.page, { scope: 'auto', filter: { n: { $gte: 4 } } }))).toEqual([
    'e remote',
    'f remote',
    'b local',
  ]);
  expect(
    shown(await ask(two.page, { scope: 'remote', vector: undefined, id: 'f', topK: 2 } as never)),
  ).toEqual(['f remote', 'e remote']);

  // Once it is synced, the server has it, too.
  expect(await syncNow(two.page)).toBe('resolved');
  await two.page.evaluate(() => (globalThis as never as DeviceGlobals).notes.delete({ ids: ['a'] }));
  expect(shown(await ask(two.page, { scope: 'auto' }))).toEqual(['x remote', 'c remote', 'd remote']);
  expect(shown(await ask(two.page, { scope: 'remote', topK: 1 }))).toEqual(['a remote']);
});

test('O1 Q4: where goes on over as many of the server’s answers as it takes', async ({ addDevice }) => {
  const [one, two] = [await addDevice({ live: false }), await addDevice({ live: false })];
  await one.page.evaluate(async () => {
    const ids = helpers.ids(3_000);
    const vectors = helpers.vectors(3_000, 2, 7);
    await (globalThis as never as DeviceGlobals).notes.upsert({
      ids,
      vectors,
      metadata: ids.map((_, n) => ({ n })),
    });
  });
  expect(await syncNow(one.page)).toBe('resolved');
  const found = await two.page.evaluate(async () => {
    const { notes } = globalThis as never as DeviceGlobals;
    const corpus = {
      ids: helpers.ids(3_000),
      vectors: helpers.vectors(3_000, 2, 7),
      dimension: 2,
      metric: 'cosine' as const,
    };
    const passes = (n: number) => n % 1_000 === 5;
    const { matches } = await notes.query({
      vector: [1, 0],
      topK: 3,
      scope: 'remote',
      where: ({ metadata }) => passes((metadata as { n: number }).n),
    });
    return {
      matches: matches.map(({ id }) => id),
      wanted: helpers.rank(corpus, [1, 0], passes).map(({ id }) => id),
    };
  });
  expect(found.wanted).toHaveLength(3);
  expect(found.matches).toEqual(found.wanted);
});

test('O4: where no server answers, auto gives what the device has and says so, and remote rejects', async ({
  addDevice,
}) => {
  const { page, proxy } = await addDevice({ live: false });
  await onCircle(page, ['a', 'b']);
  proxy.cut();
  const { matches, receipt } = await ask(page, { scope: 'auto' });
  expect(matches.map(({ id, origin }) => `${id} ${origin}`)).toEqual(['a local', 'b local']);
  expect(receipt).toMatchObject({ complete: false, exact: false });
  expect(receipt.reason).toContain('device alone');
  const codes = await page.evaluate(async () => {
    const { notes } = globalThis as never as DeviceGlobals;
    const alone = await (await nearshore.openStore('alone', { storage: 'memory' })).collection('c', {
      dimension: 2,
    });
    return Promise.all([
      helpers.codeOf(notes.query({ vector: [1, 0], scope: 'remote' })),
      helpers.codeOf(notes.query({ vector: [1, 0], scope: 'everywhere' as 'auto' })),
      helpers.codeOf(alone.query({ vector: [1, 0], scope: 'auto' })),
    ]);
  });
  expect(codes).toEqual(['SERVER_UNAVAILABLE', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT']);
});
