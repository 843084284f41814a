import type { Page } from '@playwright/test';
import { blocksOf, type DocBlock, docPages } from '../scripts/doc-blocks.js';
import { expectedOutput, oneLine, toFunctionBody } from '../scripts/doc-code.js';
import { expect, openBlank } from './support/api-test.js';
import { test } from './support/sync-test.js';

/** Where the documentation says that the sync server is. */
const SERVER = 'http://127.0.0.1:8787';

/** Runs code on a page that has the package; gives what it logged, one text for each `console.log`: strings as they are, all else as JSON. */
async function run(page: Page, source: string): Promise<string[]> {
  const printed = await page.evaluate(async (body) => {
    const modules: Record<string, unknown> = {
      nearshore,
      'nearshore/embedders': embedders,
      'nearshore/testing': testing,
    };
    const require = (name: string) => {
      if (!(name in modules)) throw new Error(`The code imports ${name}, which the page does not have`);
      return modules[name];
    };
    const printed: unknown[][] = [];
    const log = console.log;
    console.log = (...values) => printed.push(structuredClone(values));
    try {
      const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
      await new AsyncFunction('require', 'exports', body)(require, {});
    } finally {
      console.log = log;
    }
    return printed;
  }, toFunctionBody(source));
  const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return printed.map((values) => oneLine(values.map(shown).join(' ')));
}

/** One page load for all of a document's code: what it runs in has other names in each block. */
async function runAll(page: Page, blocks: readonly DocBlock[], server: string): Promise<void> {
  await openBlank(page);
  for (const { page: document, line, before, source, after } of blocks) {
    const code = [before, source, after].join('\n');
    await test.step(`${document}:${line}`, async () => {
      const printed = await run(page, code.replaceAll(SERVER, server));
      expect(printed, `${document}:${line}`).toEqual(expectedOutput(code));
    });
  }
}

for (const document of docPages) {
  const blocks = blocksOf(document).filter(({ by }) => by === 'e2e');
  if (blocks.length === 0) continue;
  const title = `W2: the code of ${document} runs, and prints what its comments say`;
  if (blocks.some(({ source }) => source.includes(SERVER))) {
    test(title, async ({ page, syncServer }) => runAll(page, blocks, syncServer.url));
  } else {
    test(title, async ({ page }) => runAll(page, blocks, SERVER));
  }
}
