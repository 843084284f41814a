import { defineConfig } from '@playwright/test';
import { type BrowserName, requireBrowser } from './scripts/browsers.mjs';

/** Tests of the built package and the built demo: `npm run test:e2e` builds them first. */
export default defineConfig({
  testDir: 'e2e',
  // It has a configuration of its own.
  testIgnore: 'e2e/consumers/**',
  globalSetup: './e2e/support/require-builds.ts',
  fullyParallel: true,
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: 'list',
  projects: [project('chromium'), project('firefox')],
});

function project(name: BrowserName) {
  const { channel, ...launchOptions } = requireBrowser(name);
  return {
    name,
    use: { browserName: name, launchOptions, ...(channel === undefined ? {} : { channel }) },
  };
}
