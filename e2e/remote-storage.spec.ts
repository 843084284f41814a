import { type DeviceGlobals, expect, openBlank, syncNow, test, write } from './support/sync-test.js';

test('O7: a store that is only on the server: nothing is kept here, and devices that sync share it', async ({
  page,
  addDevice,
  storeName,
  syncServer,
}) => {
  const device = await addDevice({ live: false });
  await write(device.page, { shared: 'from the device' });
  expect(await syncNow(device.page)).toBe('resolved');

  await openBlank(page);
  const seen = await page.evaluate(
    async ([name, url]) => {
      const { openStore } = nearshore;
      const refused = await helpers.codeOf(openStore(name, { storage: 'remote' }));
      const store = await openStore(name, { storage: 'remote', remote: { url } });
      const notes = await store.collection<{ title: string }>('notes', { dimension: 2 });
      Object.assign(globalThis, { store, notes });
      const there = await notes.get(['shared']);
      const written = await notes.upsert([
        { id: 'new', vector: [2, 1], metadata: { title: 'from the page' } },
      ]);
      await written.replicated();
      const { matches, receipt } = await notes.query({ vector: [2, 1], topK: 1 });
      // The embedder that runs in the worker, with the package's own word vectors.
      const words = await store.collection('words', { embedder: embedders.staticEmbedder() });
      await words.upsert([
        { id: '1', text: 'The ferry to the island leaves at nine' },
        { id: '2', text: 'Bread needs flour, water and salt' },
      ]);
      const found = await words.query({ text: 'when does the boat go?', topK: 1 });
      helpers.workers[0]!.terminate();
      const lost = new Promise((resolve) => store.on('worker-lost', resolve));
      await Promise.race([lost, notes.count().catch(() => undefined)]);
      return {
        refused,
        there,
        matches,
        receipt,
        found: found.matches.map(({ text }) => text),
        // Whether a call that the loss has met was answered or not, the next one is.
        afterLoss: await notes.count().catch(() => notes.count()),
        collections: (await store.listCollections()).map((config) => config.name),
        databases: (await indexedDB.databases()).map((database) => database.name),
        kept: Object.keys(localStorage),
        storage: (await store.status()).storage,
      };
    },
    [storeName, syncServer.url] as const,
  );
  expect(seen).toMatchObject({
    refused: 'INVALID_ARGUMENT',
    there: [{ id: 'shared', metadata: { title: 'from the device' } }],
    matches: [{ id: 'new', origin: 'remote', metadata: { title: 'from the page' } }],
    receipt: { exact: true, complete: true, server: { engine: 'exact' } },
    found: ['The ferry to the island leaves at nine'],
    afterLoss: 2,
    collections: ['notes', 'words'],
    storage: 'remote',
  });
  expect(seen.databases).toEqual([]);
  expect(seen.kept).toEqual([]);

  // O10: what the device pushes is heard of, and read.
  await page.evaluate(() => {
    const { notes } = globalThis as never as DeviceGlobals;
    notes.on('change', ({ kind, origin }) => Object.assign(globalThis, { heard: `${kind} ${origin}` }));
  });
  expect(await syncNow(device.page)).toBe('resolved');
  await expect(async () => {
    await write(device.page, { shared: 'edited' });
    expect(await syncNow(device.page)).toBe('resolved');
    expect(await page.evaluate(() => (globalThis as never as { heard?: string }).heard)).toBe('unknown sync');
  }).toPass();
  const titles = await page.evaluate(async () => {
    const { records } = await (globalThis as never as DeviceGlobals).notes.list();
    return records.map(({ id, metadata }) => `${id}: ${(metadata as { title: string }).title}`);
  });
  expect(titles).toEqual(['new: from the page', 'shared: edited']);
  const onDevice = await device.page.evaluate(() => (globalThis as never as DeviceGlobals).notes.count());
  expect(onDevice).toBe(2);
});
