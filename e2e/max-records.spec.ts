import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

test('N1: the oldest are evicted and told, also after the worker was lost and for a handle opened without the option', async ({
  page,
}) => {
  const told = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const notes = await store.collection('notes', { dimension: 2, maxRecords: 3 });
    const events: unknown[] = [];
    notes.on('change', ({ kind, ids }) => events.push([kind, ids]));
    const write = (...ids: string[]) => notes.upsert(ids.map((id) => ({ id, vector: [1, 2] })));
    await write('a', 'b', 'c');
    const { evicted } = await write('d');
    helpers.workers.at(-1)!.terminate();
    await notes.count().catch(() => undefined);
    await write('e');
    const plain = await store.collection('notes');
    await plain.upsert([{ id: 'f', vector: [1, 2] }]);
    const { records } = await notes.list();
    return { evicted, events, ids: records.map(({ id }) => id) };
  });
  expect(told).toEqual({
    evicted: 1,
    events: [
      ['upsert', ['a', 'b', 'c']],
      ['upsert', ['d']],
      ['evict', ['a']],
      ['upsert', ['e']],
      ['evict', ['b']],
      ['upsert', ['f']],
      ['evict', ['c']],
    ],
    ids: ['d', 'e', 'f'],
  });
});

test('V10: maxRecords is a whole number from 1', async ({ page }) => {
  const codes = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const wrong: unknown[] = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null];
    return Promise.all(
      wrong.map((maxRecords) =>
        helpers.codeOf(store.collection('notes', { dimension: 2, maxRecords: maxRecords as number })),
      ),
    );
  });
  expect(codes).toEqual(new Array(7).fill('INVALID_ARGUMENT'));
});
