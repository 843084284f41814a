import type { BrowserContext } from '@playwright/test';
import { addHelpers, test as base } from '../../support/api-test.js';
import { makeWorkload } from './workload.js';

export { expect, openBlank } from '../../support/api-test.js';

/** Pages of this test have `helpers` and `workload`. */
export const test = base.extend({
  context: async ({ context }, use) => {
    await addWorkload(context);
    await use(context);
  },
});

export async function addWorkload(context: BrowserContext): Promise<void> {
  await context.addInitScript(`globalThis.workload = (${makeWorkload})();`);
}

/** For a context that a test launches by itself. */
export async function addAll(context: BrowserContext): Promise<void> {
  await addHelpers(context);
  await addWorkload(context);
}
