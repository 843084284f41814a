import { fileURLToPath } from 'node:url';
import type { FrameLocator, Page } from '@playwright/test';
import { expect } from './api-test.js';
import { type StaticServer, serveFolders } from './server.js';
import { test as base } from './sync-test.js';

export { expect };

interface DemoFixtures {
  emptyServer: undefined;
}

interface DemoWorkerFixtures {
  /** The built demo once more: another origin, and so another device. */
  twinServer: StaticServer;
}

export const test = base.extend<DemoFixtures, DemoWorkerFixtures>({
  // The demo's store has one name: what the test before has synced would come to this one's devices.
  emptyServer: [
    async ({ redis }, use) => {
      await redis.cli('flushall');
      await use(undefined);
    },
    { auto: true },
  ],

  twinServer: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
    async ({}, use) => {
      const server = await serveFolders(fileURLToPath(new URL('../../demo/dist', import.meta.url)));
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],
});

/** Opens a panel of the main page, and waits for its code: a field that is inert takes no text, and says nothing. */
export async function openPanel(page: Page, name: 'sync' | 'device' | 'backup'): Promise<void> {
  await page.locator(`#${name}-panel > summary`).click();
  await expect(page.locator(`#${name}-panel > .panel-body`)).not.toHaveAttribute('inert');
}

export async function addNote(within: Page | FrameLocator, text: string): Promise<void> {
  await within.locator('#note-text').fill(text);
  await within.getByRole('button', { name: 'Add' }).click();
}
