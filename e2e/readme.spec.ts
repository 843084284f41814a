import type { Page } from '@playwright/test';
import { expect, openBlank } from './support/api-test.js';
import { expectedOutput, oneLine, readmeBlocks, toFunctionBody } from './support/readme-code.js';
import { test } from './support/sync-test.js';

/** Where the README says that the sync server is. */
const SERVER = 'http://127.0.0.1:8787';

/** Runs code on a page that has the package; gives what it logged, one text for each `console.log`: strings as they are, all else as JSON. */
async function run(page: Page, source: string): Promise<string[]> {
  await openBlank(page);
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

test("the README's example prints what its comments say", async ({ page }) => {
  const examples = readmeBlocks().filter(({ marker }) => marker === 'example');
  expect(examples).toHaveLength(1);
  const { source } = examples[0]!;
  const expected = expectedOutput(source);
  expect(expected.length).toBeGreaterThan(0);
  expect(await run(page, source)).toEqual(expected);
});

for (const { source, line, marker } of readmeBlocks()) {
  if (marker !== 'run') continue;
  const title = `the README's code at line ${line} runs, and prints what its comments say`;
  if (source.includes(SERVER)) {
    test(title, async ({ page, syncServer }) => {
      expect(await run(page, source.replaceAll(SERVER, syncServer.url))).toEqual(expectedOutput(source));
    });
  } else {
    test(title, async ({ page }) => {
      expect(await run(page, source)).toEqual(expectedOutput(source));
    });
  }
}
