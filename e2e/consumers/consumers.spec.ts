import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { OTHER_ORTS, ownOrt, runsAll, TRANSFORMERS } from './support/apps.js';
import { build, EVERYTHING, expect, folderOf, seenTwice, test } from './support/consumer-test.js';
import { answerAsHub } from './support/hub.js';
import { shownFiles } from './support/shown-files.js';

/** Has an index.html for apps whose bundler makes none. */
const SHARED = fileURLToPath(new URL('shared', import.meta.url));

/** What the README's page says, on the first visit and after a reload. */
async function saidTwice(page: Page, url: string): Promise<(string | null)[]> {
  const body = page.locator('body');
  await page.goto(url);
  await expect(body).toContainText('kept');
  const first = await body.textContent();
  await page.reload();
  await expect(body).toContainText('kept');
  return [first, await body.textContent()];
}
const SAID = ['0 kept from the last visit; puffin, wren', '3 kept from the last visit; puffin, wren'];

const wasmIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.wasm'));

test('Z1 Z2: what create-vite makes, with the first code of the README, in development', async ({
  page,
  start,
  faults,
}) => {
  const address = await start('vite', 'dev', '--host', '127.0.0.1', '--port', '0');
  expect(await saidTwice(page, address)).toEqual(SAID);
  expect(await seenTwice(page, `${address}/everything.html`)).toEqual(EVERYTHING);
  expect(faults).toEqual([]);
});

test('Z1 Z2: the same, type-checked and built: fewer than 20 lines, and nothing to configure', async ({
  page,
  serve,
  faults,
}) => {
  const [shown] = shownFiles('README.md', ['vite']);
  expect(shown!.path).toBe('vite/src/main.ts');
  expect(shown!.source.trimEnd().split('\n').length).toBeLessThan(20);
  expect(readdirSync(folderOf('vite')).filter((name) => name.includes('config'))).toEqual(['tsconfig.json']);
  await build('vite');
  const { url } = await serve(join(folderOf('vite'), 'dist'));
  expect(await saidTwice(page, url)).toEqual(SAID);
  expect(faults).toEqual([]);
});

for (const [rule, app, output, how, paths] of [
  ['Z1', 'webpack', 'dist', 'without a configuration', ['/']],
  ['Z1 Z2', 'esbuild', 'dist', 'as the documentation says', ['/']],
  ['Z1 Z4', 'static', '.', 'without a bundler, also where a policy wants Trusted Types', ['/', '/trusted/']],
] as const) {
  test(`${rule}: ${app} app, ${how}`, async ({ page, serve, faults }) => {
    await build(app);
    for (const path of paths) {
      // Another server each time: another origin, where nothing is kept yet.
      const { url } = await serve(join(folderOf(app), output), SHARED);
      expect(await seenTwice(page, url + path)).toEqual(EVERYTHING);
    }
    expect(faults).toEqual([]);
  });
}

for (const [app, version] of [
  ['own-ort', 'the one of this package'],
  ...OTHER_ORTS.map((version) => [ownOrt(version), version] as const),
] as const) {
  test(`Z3: an app with its own ONNX Runtime (${version}) has one copy of its WASM`, async ({
    page,
    serve,
    faults,
  }) => {
    await build(app);
    const output = join(folderOf(app), 'dist');
    expect(wasmIn(output)).toHaveLength(1);
    const { url } = await serve(output);
    expect(await seenTwice(page, url)).toEqual(EVERYTHING);
    expect(faults).toEqual([]);
  });
}

test('Z2 Z3: so has the documented one with Transformers.js, whose texts are embedded beside the search', async ({
  page,
  serve,
  faults,
}) => {
  await build(TRANSFORMERS);
  const output = join(folderOf(TRANSFORMERS), 'dist');
  expect(wasmIn(output)).toHaveLength(1);
  const asked = await answerAsHub(page.context(), folderOf('hub'));
  const requested: string[] = [];
  page.context().on('request', (request) => requested.push(request.url()));
  const { url } = await serve(output);
  await page.goto(url);
  await expect(page.locator('body')).toHaveText('The ferry to the island leaves at nine');
  expect(asked).toContain('/Xenova/all-MiniLM-L6-v2/resolve/main/onnx/model_quantized.onnx');
  expect(requested.filter((address) => address.includes('.wasm'))).toHaveLength(1);
  expect(faults).toEqual([]);
});

test('Z1: Next app, imported on the server and used in the browser', async ({ page, start, faults }) => {
  await build('next');
  const address = await start('next', 'start', '--hostname', '127.0.0.1', '--port', '0');
  expect(await seenTwice(page, address)).toEqual(EVERYTHING);
  // Rendered on the server.
  expect(await (await page.request.get(address)).text()).toContain('<p>function</p>');
  expect(faults).toEqual([]);
});

test('Z1: the same in development', async ({ page, start, faults }) => {
  test.skip(!runsAll, '45 s more, for what the build compiles, too');
  const address = await start('next', 'dev', '--hostname', '127.0.0.1', '--port', '0');
  expect(await seenTwice(page, address)).toEqual(EVERYTHING);
  expect(faults).toEqual([]);
});
