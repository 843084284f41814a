// @ts-check
// Writes src/worker/storage/fixtures/format-<n>.json: a store as the code of this moment leaves it on disk, n being the
// format it writes. Run it once, when a format is new and before it is released; a fixture is never made again, since
// it stands for what is on users' disks.
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { requireBrowser } from './browsers.mjs';

const FOLDER = '/src/worker/storage/fixtures';
const root = fileURLToPath(new URL('..', import.meta.url));

const server = await createServer({
  root,
  configFile: false,
  logLevel: 'error',
  server: { host: '127.0.0.1' },
  // ORT finds its .wasm beside its own file.
  optimizeDeps: { noDiscovery: true, exclude: ['onnxruntime-web'], include: ['comlink', 'idb'] },
});
await server.listen();
const browser = await chromium.launch(requireBrowser('chromium'));
try {
  const page = await browser.newPage();
  // Any file of the origin: IndexedDB needs one.
  await page.goto(`${server.resolvedUrls?.local[0]}package.json`);
  const { format, text } = await page.evaluate(async (folder) => {
    const { makeStore, packFixture, unpackFixture } = await import(`${folder}/format-fixture.contract.ts`);
    await makeStore('fixture');
    const packed = await packFixture('fixture');
    return { format: unpackFixture(packed).content.meta[0][1].format, text: packed };
  }, FOLDER);
  const file = `${root}${FOLDER.slice(1)}/format-${format}.json`;
  if (existsSync(file))
    throw new Error(`${file} is there already. It stands for what users have on disk. Nothing was written.`);
  writeFileSync(file, text);
  console.log(`${file}: ${text.length} bytes`);
} finally {
  await browser.close();
  await server.close();
}
