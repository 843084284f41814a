import { defineConfig } from '@playwright/test';

/** Which tests of the public API run in WebKitGTK; those of what is the same in every engine are left out. */
const SPECS = [
  'abort',
  'backends',
  'backup-import',
  'changes',
  'collection-options',
  'embedder',
  'engines',
  'max-records',
  'missing-apis',
  'query',
  'reads',
  'store',
  'trusted-types',
  'writes',
];

const NOT_HERE = [
  // WebKitGTK compiles WebAssembly whatever the policy says.
  'where WebAssembly is forbidden',
  // Errors that nothing catches are not told by WebDriver.
  'a listener that throws',
  // SharedArrayBuffer is there on cross-origin isolated pages only.
  'a view of a larger buffer, or of a shared one',
];

/** Part of the end-to-end tests, in WebKitGTK: `npm run test:webkit`. */
export default defineConfig({
  testDir: '..',
  testMatch: SPECS.map((name) => `${name}.spec.ts`),
  grepInvert: new RegExp(NOT_HERE.join('|')),
  outputDir: '../../test-results/webkit',
  // One browser for all of them.
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: 'list',
});
