import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { runsAll } from './support/apps.js';
import { build, EVERYTHING, expect, folderOf, seenTwice, test } from './support/consumer-test.js';

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

test('Z1 Z2: an empty Vite app with the code of the README, in development', async ({
  page,
  start,
  faults,
}) => {
  const address = await start('vite', 'dev', '--host', '127.0.0.1', '--port', '0');
  expect(await saidTwice(page, address)).toEqual(SAID);
  expect(await seenTwice(page, `${address}/everything.html`)).toEqual(EVERYTHING);
  expect(faults).toEqual([]);
});

test('Z1 Z2: the same, built', async ({ page, serve, faults }) => {
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

test('Z3: an app with its own ONNX Runtime has one copy of its WASM', async ({ page, serve, faults }) => {
  await build('own-ort');
  const output = join(folderOf('own-ort'), 'dist');
  expect(wasmIn(output)).toHaveLength(1);
  const { url } = await serve(output);
  expect(await seenTwice(page, url)).toEqual(EVERYTHING);
  expect(faults).toEqual([]);
});

test('Z2 Z3: the same for the documented code with Transformers.js', async ({ page, serve, faults }) => {
  test.skip(!runsAll, 'its packages are hundreds of megabytes: npm run test:consumers -- --all');
  await build('transformers');
  const output = join(folderOf('transformers'), 'dist');
  expect(wasmIn(output)).toHaveLength(1);
  // What the model would be fetched from is not there: texts cannot be embedded, and everything else works.
  await page.route(/^https:/, (route) => route.abort());
  const { url } = await serve(output);
  await page.goto(url);
  await expect(page.locator('body')).toHaveText('0 notes');
  expect(faults).toEqual([]);
});

test('Z1: Next app, imported on the server and used in the browser', async ({ page, start, faults }) => {
  test.skip(!runsAll, 'it takes minutes: npm run test:consumers -- --all');
  await build('next');
  const address = await start('next', 'start', '--hostname', '127.0.0.1', '--port', '0');
  expect(await seenTwice(page, address)).toEqual(EVERYTHING);
  // Rendered on the server.
  expect(await (await page.request.get(address)).text()).toContain('<p>function</p>');
  expect(faults).toEqual([]);
});
