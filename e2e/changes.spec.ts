import { expect, openBlank, test } from './support/api-test.js';

test.beforeEach(({ page }) => openBlank(page));

test('C12: every commit is one generation and one change event, which comes before or with its promise', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection<{ n: number }>('notes', { dimension: 2 });
    const other = await store.collection('other', { dimension: 2 });
    const events: unknown[] = [];
    const ofStore: string[] = [];
    const off = notes.on('change', (event) => events.push(event));
    store.on('change', ({ collection, kind }) => ofStore.push(`${collection} ${kind}`));
    const late: string[] = [];
    const settled = async (what: string, write: Promise<{ generation: number }>) => {
      const { generation } = await write;
      const there = events.some((event) => (event as { generation: number }).generation === generation);
      if (!there) late.push(what);
      return generation;
    };
    const vector = [1, 2];
    const generations = [
      await settled(
        'upsert',
        notes.upsert([
          { id: 'a', vector },
          { id: 'b', vector, metadata: { n: 1 } },
        ]),
      ),
      await settled('insert', notes.insert([{ id: 'c', vector }])),
      await settled('setMetadata', notes.setMetadata([{ id: 'a', metadata: { n: 2 } }])),
      await settled('delete', notes.delete({ ids: ['c', 'nobody'] })),
      await settled('delete by filter', notes.delete({ filter: { n: { $gt: 0 } } })),
    ];
    // Nothing happens: no generation, no event.
    await notes.upsert([]);
    await notes.delete({ ids: ['nobody'] });
    await helpers.codeOf(notes.upsert([{ id: 'bad', vector: [1] }]));
    await other.upsert([{ id: 'x', vector }]);
    const { generation } = await notes.stats();
    off();
    await notes.upsert([{ id: 'unheard', vector }]);
    await store.dropCollection('other');
    return { events, ofStore, late, generations, generation };
  });
  const event = { collection: 'notes', origin: 'local' };
  expect(seen.events).toEqual([
    { ...event, kind: 'upsert', ids: ['a', 'b'], count: 2, generation: 1 },
    { ...event, kind: 'upsert', ids: ['c'], count: 1, generation: 2 },
    { ...event, kind: 'upsert', ids: ['a'], count: 1, generation: 3 },
    { ...event, kind: 'delete', ids: ['c'], count: 1, generation: 4 },
    { ...event, kind: 'delete', ids: expect.arrayContaining(['a', 'b']), count: 2, generation: 5 },
  ]);
  expect(seen).toMatchObject({ late: [], generations: [1, 2, 3, 4, 5], generation: 5 });
  expect(seen.ofStore).toEqual([
    ...['notes upsert', 'notes upsert', 'notes upsert', 'notes delete', 'notes delete'],
    ...['other upsert', 'notes upsert', 'other drop'],
  ]);
});

test('C12: what an event tells can be read at once, and only its first 1,000 ids are named', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    const ids = helpers.ids(1_500);
    const counted: Promise<number>[] = [];
    const events: { ids: string[]; count: number }[] = [];
    notes.on('change', (event) => {
      events.push({ ids: event.ids, count: event.count });
      counted.push(notes.count());
    });
    await notes.upsert({ ids, vectors: helpers.vectors(1_500, 2, 1) });
    await notes.delete({ filter: {} });
    return {
      named: events.map((event) => [event.ids.length, event.count]),
      same: JSON.stringify(events[0]?.ids) === JSON.stringify(ids.slice(0, 1_000)),
      counted: await Promise.all(counted),
    };
  });
  expect(seen).toEqual({
    named: [
      [1_000, 1_500],
      [1_000, 1_500],
    ],
    same: true,
    counted: [1_500, 0],
  });
});

test('C12: a listener that throws stops neither the write nor the other listeners', async ({ page }) => {
  const uncaught: string[] = [];
  page.on('pageerror', (error) => uncaught.push(error.message));
  const heard = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    let heard = 0;
    notes.on('change', () => {
      throw new Error('a listener of the app');
    });
    notes.on('change', () => heard++);
    await notes.upsert([{ id: 'a', vector: [1, 2] }]);
    return heard;
  });
  expect(heard).toBe(1);
  await expect.poll(() => uncaught).toEqual([expect.stringContaining('a listener of the app')]);
});
