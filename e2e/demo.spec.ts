import type { BrowserContext, Page } from '@playwright/test';
import corpus from '../demo/corpus.json' with { type: 'json' };
import firstAnswers from '../demo/first-answers.json' with { type: 'json' };
import { LatestSearch } from '../demo/latest-search.js';
import type { Words } from '../demo/words.js';
import {
  chip,
  FIRST_THREE_CHUNKS,
  holdChunks,
  importFinished,
  importPanel,
  notes,
  query,
  results,
  stored,
  TOTAL,
  titles,
} from './support/demo-page.js';
import { expect, test } from './support/fixtures.js';

// The built demo. Each test has a browser profile of its own, so each begins with a first visit.

/** As the fixture does for the test's own context. */
function collectViolations(context: BrowserContext, violations: string[]) {
  context.on('console', (message) => {
    if (/content.security.policy/i.test(message.text())) violations.push(message.text());
  });
}

async function addNote(page: Page, text: string) {
  await page.getByRole('textbox', { name: 'Note' }).fill(text);
  await page.getByRole('button', { name: 'Add' }).click();
}

test.beforeEach(({ cspViolations }) => {
  expect(cspViolations).toEqual([]);
});

test.afterEach(({ cspViolations }) => {
  expect(cspViolations, 'D9: no policy violation').toEqual([]);
});

test('D1 it finds words by their meaning', async ({ page, demoServer }) => {
  test.slow();
  await page.goto(demoServer.url);
  await importFinished(page);
  await expect(importPanel(page)).toBeHidden();
  await expect(stored(page)).toHaveText(TOTAL);
  await expect(page.locator('#disk-size')).toHaveText(/^\d{2}\.\d MB$/);

  await query(page).fill('fear of spiders');
  await expect(titles(page).first()).toHaveText('arachnophobia');
  for (const [description, word] of [
    ['extremely cold', 'arctic'],
    ['someone who makes clothes', 'dressmaker'],
  ] as const) {
    await query(page).fill(description);
    await expect.poll(async () => (await titles(page).allTextContents()).slice(0, 5)).toContain(word);
  }
  // D30: what the page showed before it could ask is what it finds, but for what the index misses.
  for (const { question, matches } of firstAnswers.answers) {
    const before = new Set(matches.map(([id]) => id));
    await query(page).fill(question);
    await expect
      .poll(async () => {
        const now = await results(page).evaluateAll((items) => items.map((item) => item.dataset.id!));
        return now.filter((id) => before.has(id)).length;
      })
      .toBeGreaterThanOrEqual(7);
  }
  // Fewer than there are, once a part of them is indexed.
  await expect(page.locator('.scanned')).toHaveText(/^10 nearest of [\d,]+$/);
  const compared = Number((await page.locator('.scanned').textContent())!.replace(/^.* |,/g, ''));
  expect(compared).toBeGreaterThan(10);
  expect(compared).toBeLessThanOrEqual(corpus.count);
  await expect(page.locator('.backend')).toHaveText('wasm');
  await expect(page.locator('.elapsed')).toHaveText(/^\d+\.\d ms$/);
});

test('D7 a second visit answers with the network off', async ({
  launchPersistent,
  demoServer,
  cspViolations,
}) => {
  test.slow();
  const first = await launchPersistent();
  collectViolations(first, cspViolations);
  const before = await first.newPage();
  await before.goto(demoServer.url);
  await importFinished(before);
  await expect(before.locator('#offline')).toHaveText('works offline now');
  await first.close();

  await demoServer.goOffline();
  try {
    const second = await launchPersistent();
    collectViolations(second, cspViolations);
    const after = await second.newPage();
    await after.goto(demoServer.url);
    await query(after).fill('fear of spiders');
    await expect(titles(after).first()).toHaveText('arachnophobia');
    await expect(stored(after)).toHaveText(TOTAL);
    await importFinished(after);
    await expect(importPanel(after)).toBeHidden();
    await expect(after.locator('#notice')).toBeHidden();
  } finally {
    await demoServer.goOnline();
  }
});

test('D2 it answers before the whole dictionary is there, and better as more arrives', async ({
  page,
  demoServer,
}) => {
  const chunks = await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await query(page).fill('a human being');
  await expect(titles(page).first()).toHaveText('person');
  await expect(page.locator('.scanned')).toHaveText('10 nearest of 500');
  await expect(importPanel(page)).toContainText(`500 of ${TOTAL}`);
  chunks.letThrough(3);
  await expect(page.locator('.scanned')).toHaveText(`10 nearest of ${FIRST_THREE_CHUNKS}`);
});

test('D3 the import can be cancelled and resumed', async ({ page, demoServer }) => {
  const chunks = await holdChunks(page, 2);
  await page.goto(demoServer.url);
  await expect(importPanel(page)).toContainText(`1,500 of ${TOTAL}`);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(importPanel(page)).toContainText(`Stopped at 1,500 of ${TOTAL}`);
  chunks.letThrough(3);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(importPanel(page)).toContainText(`${FIRST_THREE_CHUNKS} of ${TOTAL}`);
  await expect(stored(page)).toHaveText(FIRST_THREE_CHUNKS);
});

test('D4 after a reload the import goes on with what is missing, and only that', async ({
  page,
  demoServer,
}) => {
  const chunks = await holdChunks(page, 2);
  await page.goto(demoServer.url);
  await expect(importPanel(page)).toContainText(`1,500 of ${TOTAL}`);

  const fetched: string[] = [];
  page.on('request', (request) => {
    const chunk = /wordnet\/(\d+)-/.exec(request.url())?.[1];
    if (chunk !== undefined) fetched.push(chunk);
  });
  await page.reload();
  await expect(importPanel(page)).toContainText(`1,500 of ${TOTAL}`);
  chunks.letThrough(3);
  await expect(importPanel(page)).toContainText(`${FIRST_THREE_CHUNKS} of ${TOTAL}`);
  await expect.poll(() => fetched).toEqual(['02', '03']);
});

test('D5 a chip narrows the answer to one part of speech', async ({ page, demoServer }) => {
  await holdChunks(page, 3);
  await page.goto(demoServer.url);
  await expect(stored(page)).toHaveText(FIRST_THREE_CHUNKS);
  await query(page).fill('move fast');
  await expect(results(page)).toHaveCount(10);
  const speech = () =>
    results(page).evaluateAll((items) => [...new Set(items.map((item) => item.dataset.pos))]);
  for (const [name, pos] of [
    ['Nouns', 'noun'],
    ['Verbs', 'verb'],
    ['Adjectives', 'adjective'],
    ['Adverbs', 'adverb'],
  ] as const) {
    await chip(page, name).click();
    await expect(chip(page, name)).toHaveAttribute('aria-pressed', 'true');
    await expect(chip(page, 'All')).toHaveAttribute('aria-pressed', 'false');
    await expect.poll(speech).toEqual([pos]);
    await expect(results(page)).toHaveCount(10);
  }
  await chip(page, 'Adverbs').click();
  await expect(chip(page, 'All')).toHaveAttribute('aria-pressed', 'true');
  await chip(page, 'Notes').click();
  await expect(page.locator('#empty')).toContainText('There is no note yet.');
});

test('D6 a note is kept as text, found by its meaning, there after a reload, and can be deleted', async ({
  page,
  demoServer,
}) => {
  const text = '<img src=x onerror="document.title=1"> my umbrella is at the office';
  await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await expect(stored(page)).toHaveText('500');
  await addNote(page, text);
  await expect(notes(page)).toHaveText([/my umbrella is at the office/]);
  await expect(stored(page)).toHaveText('501');

  await query(page).fill('an umbrella in the office');
  await expect(titles(page).first()).toHaveText(text);
  await chip(page, 'Notes').click();
  await expect(results(page)).toHaveCount(1);
  await expect(page.locator('.scanned')).toHaveText('1 nearest of 1');

  await page.reload();
  await expect(notes(page).getByRole('paragraph')).toHaveText(text);
  await expect(titles(page).first()).toHaveText(text);
  await expect(page.locator('main img')).toHaveCount(0);
  await expect(page).toHaveTitle('Reverse dictionary · nearshore');

  await page.getByRole('button', { name: `Delete the note: ${text}` }).click();
  await expect(notes(page)).toHaveCount(0);
  await expect(stored(page)).toHaveText('500');
  await page.reload();
  await expect(stored(page)).toHaveText('500');
  await expect(notes(page)).toHaveCount(0);
});

test('D6 a note that the embedder knows no word of is refused, with the reason', async ({
  page,
  demoServer,
}) => {
  await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await expect(stored(page)).toHaveText('500');
  await addNote(page, 'xqzzt');
  await expect(page.locator('#note-problem')).toContainText('knows no word of the text "xqzzt"');
  await expect(page.getByRole('textbox', { name: 'Note' })).toHaveValue('xqzzt');
  await expect(notes(page)).toHaveCount(0);
});

test('D8 with the import unfinished and the network off, it says so and works with what is there', async ({
  launchPersistent,
  demoServer,
  cspViolations,
}) => {
  const first = await launchPersistent();
  collectViolations(first, cspViolations);
  const before = await first.newPage();
  await holdChunks(before, 2, 'fail');
  await before.goto(demoServer.url);
  await expect(importPanel(before)).toContainText(`cannot be reached: 1,500 of ${TOTAL} entries are here`);
  await expect(before.locator('#offline')).toHaveText('works offline now');
  await first.close();

  await demoServer.goOffline();
  const second = await launchPersistent();
  collectViolations(second, cspViolations);
  const after = await second.newPage();
  try {
    await after.goto(demoServer.url);
    await expect(importPanel(after)).toContainText(`cannot be reached: 1,500 of ${TOTAL} entries are here`);
    await query(after).fill('a human being');
    await expect(titles(after).first()).toHaveText('person');
  } finally {
    await demoServer.goOnline();
  }
  await holdChunks(after, 3);
  await after.getByRole('button', { name: 'Try again' }).click();
  await expect(importPanel(after)).toContainText(`${FIRST_THREE_CHUNKS} of ${TOTAL}`);
});

test('D9 the policy is in force, and using the page does not violate it', async ({
  page,
  demoServer,
  cspViolations,
}) => {
  await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await query(page).fill('a human being');
  await expect(titles(page).first()).toHaveText('person');
  expect(cspViolations).toEqual([]);
  await page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="document.title = 1">');
  });
  await expect.poll(() => cspViolations.length).toBeGreaterThan(0);
  await expect(page).toHaveTitle('Reverse dictionary · nearshore');
  cspViolations.length = 0;
});

test('D10 at 360 px nothing scrolls sideways', async ({ page, demoServer }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await holdChunks(page, 3);
  await page.goto(demoServer.url);
  await expect(stored(page)).toHaveText(FIRST_THREE_CHUNKS);
  const overflow = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await overflow()).toBe(0);
  await addNote(page, `a very long name: ${'donaudampfschiff'.repeat(12)}`);
  await expect(notes(page)).toHaveCount(1);
  await query(page).fill('a very long name');
  await expect(results(page)).toHaveCount(10);
  for (const summary of await page.locator('summary').all()) await summary.click();
  expect(await overflow()).toBe(0);
});

test('D11 it can be used by keyboard alone', async ({ page, demoServer }) => {
  await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await expect(stored(page)).toHaveText('500');
  await page.keyboard.press('/');
  await expect(query(page)).toBeFocused();
  await page.keyboard.type('a human being');
  await expect(titles(page).first()).toHaveText('person');
  await page.keyboard.press('ArrowDown');
  await expect(results(page).nth(0)).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(results(page).nth(1)).toBeFocused();
  await page.keyboard.press('End');
  await expect(results(page).last()).toBeFocused();
  for (const key of ['Home', 'ArrowUp']) await page.keyboard.press(key);
  await expect(query(page)).toBeFocused();
  for (const key of ['ArrowDown', 'Escape']) await page.keyboard.press(key);
  await expect(query(page)).toBeFocused();
  await expect(query(page)).toHaveValue('');
  await expect(results(page)).toHaveCount(6);
  await expect(titles(page)).toHaveCount(0);
  await page.keyboard.press('Tab');
  await expect(chip(page, 'All')).toBeFocused();
});

test('D12 an answer that comes after a newer question is never shown', async () => {
  const answers = new Map<string, () => void>();
  const words = {
    query: ({ text }: { text: string }) =>
      new Promise((resolve) => {
        answers.set(text, () => resolve({ matches: [{ id: text }], receipt: {} }));
      }),
  };
  const search = new LatestSearch(words as unknown as Words);
  const older = search.ask({ text: 'older', pos: undefined });
  const newer = search.ask({ text: 'newer', pos: undefined });
  answers.get('newer')!();
  answers.get('older')!();
  expect(await newer).toMatchObject({ matches: [{ id: 'newer' }] });
  expect(await older).toBeUndefined();
});

test('D12 the last of many quick questions is the one that is answered', async ({ page, demoServer }) => {
  await holdChunks(page, 3);
  await page.goto(demoServer.url);
  await expect(stored(page)).toHaveText(FIRST_THREE_CHUNKS);
  await query(page).fill('a human being');
  await expect(titles(page).first()).toHaveText('person');
  const expected = await titles(page).allTextContents();
  await query(page).fill('');
  await expect(titles(page)).toHaveCount(0);
  await query(page).pressSequentially('a human being');
  await expect.poll(() => titles(page).allTextContents()).toEqual(expected);
});

test('D13 what went wrong is said in a notice, and can be tried again', async ({ page, demoServer }) => {
  let isBroken = true;
  await holdChunks(page, 2);
  await page.route('**/wordnet/01-*.json', (route) =>
    isBroken ? route.fulfill({ status: 503, body: 'busy' }) : route.fallback(),
  );
  await page.goto(demoServer.url);
  await expect(page.locator('#notice')).toContainText('The server answered 503 for wordnet/01-');
  await expect(importPanel(page)).toContainText(`stopped at 500 of ${TOTAL}`);
  isBroken = false;
  await page.locator('#notice').getByRole('button', { name: 'Try again' }).click();
  await expect(page.locator('#notice')).toBeHidden();
  await expect(importPanel(page)).toContainText(`1,500 of ${TOTAL}`);
});

test('D14 the question outlives a reload', async ({ page, demoServer }) => {
  await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await page.getByRole('button', { name: 'extremely cold' }).click();
  await expect(query(page)).toHaveValue('extremely cold');
  await expect(page.locator('.scanned')).toHaveText('10 nearest of 500');
  await page.reload();
  await expect(query(page)).toHaveValue('extremely cold');
  await expect(page.locator('.scanned')).toHaveText('10 nearest of 500');
});

test('D15 a screen reader hears how many were found', async ({ page, demoServer }) => {
  await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await query(page).fill('a human being');
  await expect(page.locator('#live')).toHaveText('10 found. The first: person.');
  await expect(page.locator('#live')).toHaveAttribute('aria-live', 'polite');
});

test('D16 the licences can be read, offline too', async ({ page, demoServer }) => {
  await holdChunks(page, 0);
  await page.goto(demoServer.url);
  await page.getByText('WordNet 3.1, © 2011 Princeton University').click();
  await expect(page.locator('#wordnet-licence')).toContainText('Copyright 2011 by Princeton University');
  await page.getByText('Word vectors from GloVe').click();
  await expect(page.locator('#embedder-notice')).toContainText('GRAYPE Systems Private Limited');
});
