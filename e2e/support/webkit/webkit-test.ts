import { fileURLToPath } from 'node:url';
import { type BrowserContext, test as base, type Page } from '@playwright/test';
import { serveFolders } from '../server.js';
import { WebKitContext, WebKitPage } from './webkit-page.js';
import { openWebKit, type WebKitSession } from './webkit-session.js';

const folder = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

/** One browser for all tests of a Playwright worker; each test has a server, and so an origin and a storage, of its own. */
export const webkitTest = base.extend<{ cspViolations: string[] }, { webkit: WebKitSession }>({
  webkit: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
    async ({}, use) => {
      const session = await openWebKit();
      await use(session);
      await session.close();
    },
    { scope: 'worker', timeout: 120_000 },
  ],

  // biome-ignore lint/correctness/noEmptyPattern: as above.
  context: async ({}, use) => use(new WebKitContext() as unknown as BrowserContext),

  cspViolations: async ({ context }, use) => use((context as unknown as WebKitContext).cspViolations),

  page: async ({ webkit, context }, use) => {
    const server = await serveFolders(folder('e2e/pages'), folder('dist/standalone'));
    const page = new WebKitPage(webkit.driver, server.url, context as unknown as WebKitContext);
    await use(page as unknown as Page);
    // What the test left running ends with its page.
    await webkit.driver.get('about:blank');
    await server.close();
  },
});
