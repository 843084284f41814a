import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { type BrowserName, findBrowser, WEBGPU_ARGS } from './scripts/browsers.mjs';

const BROWSER_TESTS = 'src/**/*.browser.test.ts';
const WEBGPU_TESTS = 'src/**/*.webgpu.test.ts';
const FULL_TESTS = 'src/**/*.full.test.ts';
const REDIS_TESTS = 'src/**/*.redis.test.ts';
const SIMULATION_TESTS = 'src/server/simulation/*.redis.test.ts';

/** What a page needs for SharedArrayBuffer, and so for WASM threads. */
const CROSS_ORIGIN_ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

interface BrowserProject {
  name: string;
  include: string;
  isolated: boolean;
  /** Name of the project → browser it runs in. */
  instances: Record<string, BrowserName>;
  /** Beside those that every launch has. */
  args?: readonly string[];
  /** Seconds that a test may take. Default: 60. */
  seconds?: number;
}

function browserProject({
  name,
  include,
  isolated,
  instances,
  args = [],
  seconds = 60,
}: BrowserProject): TestProjectInlineConfiguration {
  return {
    // Tests read NEARSHORE_FAULTS from `import.meta.env`.
    envPrefix: ['VITE_', 'NEARSHORE_'],
    resolve: {
      alias: [
        { find: /^nearshore$/, replacement: '/src/client/index.ts' },
        { find: /^nearshore\/(react|langchain)$/, replacement: '/src/$1/index.ts' },
        // Models are neither downloaded nor run here.
        { find: /^@huggingface\/transformers$/, replacement: '/src/recipes/tiny-clip.contract.ts' },
      ],
    },
    server: {
      headers: isolated ? CROSS_ORIGIN_ISOLATION : {},
      // Tests that open a store wait for its worker: its files are ready then.
      warmup: { clientFiles: ['./src/worker/main.ts'] },
    },
    optimizeDeps: {
      // ORT finds its .wasm beside its own file, so it is served from where it is.
      exclude: ['onnxruntime-web'],
      // Known from the start: a dependency found in mid-run would reload the page under a test.
      include: [
        ...['comlink', 'idb', 'fast-check', 'js-xxhash', 'react', 'react-dom/client', 'ai', 'ai/test'],
        ...['documents', 'embeddings', 'utils/math', 'vectorstores'].map((path) => `@langchain/core/${path}`),
      ],
    },
    test: {
      name,
      include: [include],
      setupFiles: [isolated ? './scripts/expect-isolated.ts' : './scripts/expect-not-isolated.ts'],
      testTimeout: 1000 * seconds,
      hookTimeout: 1000 * seconds,
      browser: {
        enabled: true,
        provider: playwright(),
        headless: true,
        screenshotFailures: false,
        instances: Object.entries(instances).map(([project, browser]) => ({
          name: project,
          browser,
          provider: playwright({ launchOptions: launchOptions(browser, args) }),
        })),
      },
    },
  };
}

function launchOptions(browser: BrowserName, more: readonly string[]) {
  const { args = [], ...launch } = findBrowser(browser) ?? {};
  return { ...launch, args: [...args, ...more] };
}

export default defineConfig({
  test: {
    // Of the two cores of a small machine the default leaves one idle.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['src/**/*.test.ts'],
          exclude: [BROWSER_TESTS, WEBGPU_TESTS, FULL_TESTS, REDIS_TESTS],
          testTimeout: 30_000,
        },
      },
      // On real Redis servers, which each file starts and stops.
      {
        test: {
          name: 'redis',
          environment: 'node',
          include: [REDIS_TESTS],
          exclude: [SIMULATION_TESTS],
          testTimeout: process.env.NEARSHORE_FAULTS === 'full' ? 3_600_000 : 120_000,
          hookTimeout: 120_000,
          // A Cluster is six processes or nine, and nodes that get no processor for a second are taken for dead.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      // On a real Redis, too, and by itself: it keeps both cores busy.
      {
        test: {
          name: 'simulation',
          environment: 'node',
          include: [SIMULATION_TESTS],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      // Full-size runs, minutes each: `npm run test:faults`, not part of `npm test`.
      {
        test: {
          name: 'faults',
          environment: 'node',
          include: [FULL_TESTS],
          testTimeout: 3_600_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      browserProject({
        name: 'browser',
        include: BROWSER_TESTS,
        isolated: false,
        instances: { chromium: 'chromium', firefox: 'firefox' },
      }),
      // The compute contract once more, with WASM threads.
      browserProject({
        name: 'cross-origin-isolated',
        include: 'src/worker/compute/**/*.browser.test.ts',
        isolated: true,
        instances: { isolated: 'chromium' },
      }),
      browserProject({
        name: 'gpu',
        include: WEBGPU_TESTS,
        isolated: false,
        instances: { webgpu: 'chromium' },
        args: WEBGPU_ARGS,
        seconds: 300,
      }),
    ],
  },
});
