import type { BrowserContext } from '@playwright/test';
import { test as base } from './fixtures.js';
import { type HeldServer, holdFolder } from './held-server.js';
import { makePageHelpers } from './page-helpers.js';

export { expect, openBlank } from './fixtures.js';

interface ApiFixtures {
  /** Has ONNX Runtime's .wasm, and answers only once it is released: for `assetBaseUrl`. */
  heldWasm: HeldServer;
}

/** Pages of this test have `helpers`, from before their first script on. */
export const test = base.extend<ApiFixtures>({
  context: async ({ context }, use) => {
    await addHelpers(context);
    await use(context);
  },

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
  heldWasm: async ({}, use) => {
    const server = await holdFolder(new URL('../../dist/standalone/', import.meta.url));
    await use(server);
    await server.close();
  },
});

/** For a context that a test makes by itself. */
export async function addHelpers(context: BrowserContext): Promise<void> {
  await context.addInitScript(`globalThis.helpers = (${makePageHelpers})();`);
}
