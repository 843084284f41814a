import { expect, it, vi } from 'vitest';
import { indexSegment } from './keyword/index-segment.js';
import { openHere } from './page-here.contract.js';

vi.mock(import('./keyword/index-segment.js'), { spy: true });

const made = vi.mocked(indexSegment);

it('J13 a handle asks by keyword, a later one of an open collection, too', async () => {
  const store = await openHere({ name: 'shop', storage: 'memory' });
  const plain = await store.collection('items', { dimension: 2, keyword: false });
  await plain.upsert([{ id: 'a', vector: [1, 0], text: 'belt' }]);
  await store.collection('items', { keyword: { fields: ['title'] } });
  await store.collection('others', { dimension: 2, keyword: true });
  await vi.waitFor(() => expect(made.mock.calls.map((call) => call[3])).toEqual([[['title']]]), 10_000);
  await store.close();
});

it.each([{ keyword: { field: 'title' } }, { keyword: { fields: 'title' } }, { keyword: 'yes' }])(
  'J13 what is no option is refused: %j',
  async (options) => {
    const store = await openHere({ name: 'shop', storage: 'memory' });
    const opened = store.collection('items', { dimension: 2, ...(options as object) });
    await expect(opened).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await store.listCollections()).toEqual([]);
    await store.close();
  },
);
