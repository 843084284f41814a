import { expect, openBlank, test } from './support/api-test.js';

test('Z4: works where nothing but a trusted URL may become a worker, its index trained in a second one', async ({
  page,
  cspViolations,
}) => {
  await openBlank(page, 'trusted');
  const seen = await page.evaluate(async () => {
    let enforced = false;
    try {
      new Worker('/worker.js').terminate();
    } catch {
      enforced = true;
    }
    const store = await nearshore.openStore('s', { kernel: 'onnx' });
    const notes = await store.collection('notes', { embedder: embedders.staticEmbedder() });
    await notes.upsert([{ id: 'ice', text: 'frozen water' }]);
    const { matches } = await notes.query({ text: 'cold and frozen' });
    const rows = await store.collection('rows', { dimension: 512 });
    await rows.upsert({ ids: helpers.ids(8_192), vectors: helpers.clustered(8_192, 512, 64, 1) });
    await rows.optimize();
    const { index } = await rows.stats();
    return { enforced, found: matches.map(({ id }) => id), index: index.kind };
  });
  // Firefox ESR and WebKitGTK may not know the directive.
  const knowsIt = await page.evaluate(() => 'trustedTypes' in globalThis);
  expect(seen).toMatchObject({ enforced: knowsIt, found: ['ice'], index: 'ivf' });
  // The one above, made to see that the policy is in force.
  expect(cspViolations.length).toBe(knowsIt ? 1 : 0);
});

test('Z4: where the policy may not be made, the error names it', async ({ page }) => {
  await openBlank(page, 'untrusted');
  const knowsIt = await page.evaluate(() => 'trustedTypes' in globalThis);
  test.skip(!knowsIt, 'this browser does not know Trusted Types');
  const error = await page.evaluate(() => helpers.rejection(nearshore.openStore('s')));
  expect(error).toMatchObject({ code: 'WORKER_LOST' });
  expect(error.message).toContain('trusted-types nearshore');
});
