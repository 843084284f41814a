import { defineConfig } from '@playwright/test';
import { requireBrowser } from '../../scripts/browsers.mjs';

/** Tests of the packed package in other people's hands: `npm run test:consumers`. What bundles does not depend on the browser. */
export default defineConfig({
  testDir: '.',
  globalSetup: './support/install.ts',
  outputDir: '../../test-results/consumers',
  workers: 2,
  fullyParallel: true,
  timeout: 300_000,
  expect: { timeout: 60_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: 'list',
  use: { browserName: 'chromium', launchOptions: requireBrowser('chromium') },
});
