// @ts-check
// `npm run test:webkit`: the public-API part of the end-to-end tests, in WebKitGTK. Arguments go to Playwright.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureWebKit } from './ensure-webkit.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const reason = await ensureWebKit();
if (reason !== undefined) {
  console.error(`Nothing was tested: ${reason}`);
  process.exit(1);
}
const { status } = spawnSync(
  'node_modules/.bin/playwright',
  ['test', '--config', 'e2e/webkit/playwright.config.ts', ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...process.env, NEARSHORE_ENGINE: 'webkit' } },
);
process.exit(status ?? 1);
