import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, test as base, type Page } from '@playwright/test';
import { type StaticServer, serveFolders } from './server.js';
import { webkitTest } from './webkit/webkit-test.js';

export { expect } from '@playwright/test';

const folder = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

const runsWebKit = process.env.NEARSHORE_ENGINE === 'webkit';

/** Which headers a blank page and its workers get; see server.ts. */
export type Profile = 'plain' | 'strict' | 'trusted' | 'untrusted' | 'nowasm' | 'isolated';

/** Opens a blank page on which `nearshore` and `embedders` are globals, and waits for them. */
export async function openBlank(page: Page, profile: Profile = 'plain'): Promise<void> {
  await page.goto(profile === 'plain' ? '/blank' : `/${profile}/blank`);
  await page.waitForFunction(() => 'nearshore' in globalThis);
}

interface TestFixtures {
  /** What the pages of the test violated of their content security policy, so far. */
  cspViolations: string[];
  /** Of this test alone; what browsers leave in it is deleted afterwards. */
  profileFolder: string;
  /** Starts the browser on this test's profile folder. Close the context and call again to restart it. */
  launchPersistent: () => Promise<BrowserContext>;
}

interface WorkerFixtures {
  /** Serves e2e/pages and dist/standalone; `page.goto('/blank')` goes there. */
  pagesServer: StaticServer;
  /** Serves the built demo. */
  demoServer: StaticServer;
}

const browserTest = base.extend<TestFixtures, WorkerFixtures>({
  pagesServer: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
    async ({}, use) => {
      const server = await serveFolders(folder('e2e/pages'), folder('dist/standalone'));
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],

  demoServer: [
    // biome-ignore lint/correctness/noEmptyPattern: as above.
    async ({}, use) => {
      const server = await serveFolders(folder('demo/dist'));
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ pagesServer }, use) => use(pagesServer.url),

  cspViolations: async ({ context }, use) => {
    const violations: string[] = [];
    // Browsers report a violation of a page or of its workers on the console.
    context.on('console', (message) => {
      if (/content.security.policy|blocked by CSP/i.test(message.text())) violations.push(message.text());
    });
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`Content Security Policy: ${event.effectiveDirective} ${event.blockedURI}`);
      });
    });
    await use(violations);
  },

  // biome-ignore lint/correctness/noEmptyPattern: as above.
  profileFolder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'nearshore-profile-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  },

  launchPersistent: async (
    { playwright, browserName, channel, launchOptions, headless, baseURL, profileFolder },
    use,
  ) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await playwright[browserName].launchPersistentContext(profileFolder, {
        ...launchOptions,
        ...(channel === undefined ? {} : { channel }),
        ...(headless === undefined ? {} : { headless }),
        ...(baseURL === undefined ? {} : { baseURL }),
      });
      contexts.push(context);
      return context;
    });
    for (const context of contexts) await context.close();
  },
});

/** By `npm run test:webkit` the tests of the public API run in WebKitGTK, which Playwright does not drive. */
export const test = runsWebKit ? (webkitTest as unknown as typeof browserTest) : browserTest;
