// @ts-check
// `npm run test:faults`: the fault tests in their full sizes, hours in all, with their output as it comes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureBrowsers } from './ensure-browsers.mjs';
import { ensureRedis } from './ensure-redis.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
await ensureBrowsers();
await ensureRedis();
const COMMANDS = [
  ['npm', 'run', 'build'],
  ['npm', 'run', 'build:demo'],
  ['npx', 'vitest', 'run', '--project=faults'],
  ['npx', 'vitest', 'run', '--project=redis', 'model', 'faults', 'slow-client'],
  ['npx', 'vitest', 'run', '--project=chromium', '--project=firefox', 'random-damage'],
  // One by one: what is measured is not to wait for another test.
  ['npx', 'playwright', 'test', 'e2e/faults', '--workers=1'],
];
for (const [program, ...args] of COMMANDS) {
  const { status } = spawnSync(/** @type {string} */ (program), args, {
    stdio: 'inherit',
    env: { ...process.env, NEARSHORE_FAULTS: 'full' },
  });
  if (status !== 0) process.exitCode = 1;
}
