import { fileURLToPath } from 'node:url';
import type { FrameLocator, Page } from '@playwright/test';
import { type StaticServer, serveFolders } from './server.js';
import { test as base } from './sync-test.js';

export { expect } from './api-test.js';

interface DemoFixtures {
  /** The built demo once more: another origin, and so another device. */
  twinServer: StaticServer;
}

export const test = base.extend<object, DemoFixtures>({
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

/** Opens a panel of the main page. */
export async function openPanel(page: Page, name: 'sync' | 'device' | 'backup'): Promise<void> {
  await page.locator(`#${name}-panel > summary`).click();
}

export async function addNote(within: Page | FrameLocator, text: string): Promise<void> {
  await within.locator('#note-text').fill(text);
  await within.getByRole('button', { name: 'Add' }).click();
}
