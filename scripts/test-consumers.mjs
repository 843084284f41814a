// @ts-check
// `npm run test:consumers`: packs what was built, installs it into small apps, and uses it there. `-- --all` has Next
// in development and more versions of ONNX Runtime, too; other arguments go to Playwright.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureBrowsers } from './ensure-browsers.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const asked = process.argv.slice(2);
if (!existsSync('dist/server/package.json')) {
  console.error('dist is not there. The tests pack what was built. Run "npm run build" first.');
  process.exit(1);
}
await ensureBrowsers();
const { status } = spawnSync(
  'node_modules/.bin/playwright',
  ['test', '--config', 'e2e/consumers/playwright.config.ts', ...asked.filter((arg) => arg !== '--all')],
  {
    stdio: 'inherit',
    env: { ...process.env, ...(asked.includes('--all') ? { NEARSHORE_CONSUMERS: 'all' } : {}) },
  },
);
process.exit(status ?? 1);
