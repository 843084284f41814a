import { readFile } from 'node:fs/promises';
import { requireBrowser, WEBGPU_ARGS } from '../scripts/browsers.mjs';
import { chip, holdChunks, notes, query, stored, titles } from './support/demo-page.js';
import { addNote, expect, openPanel, test } from './support/synced-demo.js';

// The built demo: what runs on this device, what is done to it, and its backup.

test.skip(
  ({ browserName }) => browserName !== 'chromium',
  'What is behind these controls is tested in every engine.',
);

test('D23 D24 D26: the panel tells what runs; a killed worker is replaced; a second tab shares the store', async ({
  page,
  context,
  demoServer,
  cspViolations,
}) => {
  await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await expect(stored(page)).toHaveText('500');
  await openPanel(page, 'device');
  const figure = (name: string) =>
    page
      .locator('#device-figures div')
      .filter({ has: page.getByText(name, { exact: true }) })
      .locator('dd');
  await expect(figure('Engine')).toHaveText('wasm · simd · 1 thread');
  await expect(figure('Index')).toHaveText('none yet: every search is exact');
  await expect(figure('Records')).toHaveText('500');
  await expect(figure('On disk')).toHaveText(/^\d\.\d MB$/);
  await expect(figure('Kept')).toHaveText('the browser may delete it to make room');
  await expect(figure('Tabs')).toHaveText('1');
  await expect(page.getByRole('button', { name: 'Lose the GPU' })).toBeHidden();

  await expect(page.locator('#offline')).toHaveText('works offline now');
  await query(page).fill('a human being');
  await expect(titles(page).first()).toHaveText('person');
  const requests = async () => {
    await expect(figure('Requests')).toHaveText(/^[1-9]\d* by the page, [1-9]\d* by its worker$/);
    return (await figure('Requests').textContent())!;
  };
  // Its code comes with the first answer.
  await expect(page.locator('#map-plot canvas')).toBeVisible();
  await expect
    .poll(async () => {
      const made = await page.evaluate(() =>
        performance.getEntriesByType('resource').filter(({ name }) => !name.endsWith('/icon.svg')),
      );
      return (await requests()).startsWith(`${made.length} by`);
    })
    .toBe(true);
  const before = await requests();
  await query(page).fill('extremely cold');
  await expect(titles(page).first()).not.toHaveText('person');
  await addNote(page, 'my umbrella is at the office');
  await expect(figure('Records')).toHaveText('501');
  expect(await requests()).toBe(before);

  await page.getByRole('button', { name: 'Kill the worker' }).click();
  const log = page.locator('#device-log li');
  await expect(log.first()).toContainText(
    /A new worker has read the store and answers, [\d.]+ ms later: 501 records\./,
  );
  await expect(log.nth(1)).toContainText('The worker is gone');
  await query(page).fill('a human being');
  await expect(titles(page).first()).toHaveText('person');
  await expect(page.locator('#notice')).toBeHidden();

  const opening = context.waitForEvent('page');
  await page.getByRole('button', { name: 'Open a second tab' }).click();
  const second = await opening;
  await expect(notes(second)).toHaveCount(1);
  await expect(figure('Tabs')).toHaveText('2');
  await addNote(second, 'the boat leaves at nine');
  await expect(notes(page)).toHaveCount(2);
  await second.close();
  await expect(figure('Tabs')).toHaveText('1');
  expect(cspViolations).toEqual([]);
});

test('D27: offline, every fetch of the tab and its worker fails, and search and notes go on; online again, import and sync do', async ({
  page,
  demoServer,
  syncServer,
}) => {
  let isRefused = true;
  const asked: string[] = [];
  await page.route('**/wordnet/*.json', (route) => {
    const url = route.request().url();
    if (url.includes('/wordnet/00-')) return route.continue();
    asked.push(url);
    if (isRefused) return route.abort('connectionrefused');
    // The next chunk, and no more.
    if (url.includes('/wordnet/01-')) return route.continue();
  });
  await page.goto(`${demoServer.url}/?${new URLSearchParams({ server: syncServer.url })}`);
  await expect(page.locator('#import')).toContainText('cannot be reached: 500');
  await openPanel(page, 'device');
  await openPanel(page, 'sync');
  await expect(page.locator('#sync-state')).toHaveText('in step');
  await page.getByRole('button', { name: 'Go offline' }).click();
  await expect(page.locator('#device-log')).toContainText('every fetch of this tab and of its worker fails');
  isRefused = false;
  asked.length = 0;
  await page.locator('#import').getByRole('button', { name: 'Try again' }).click();
  await expect(page.locator('#import')).toContainText('cannot be reached: 500');
  await addNote(page, 'a lighthouse on the cliff');
  await query(page).fill('a beacon by the sea');
  await chip(page, 'Notes').click();
  await expect(titles(page)).toHaveText(['a lighthouse on the cliff']);
  await expect(page.locator('#sync-state')).toHaveText('no server in reach');
  await expect(page.locator('#sync-pending')).toHaveText('1 change');
  // The worker that follows a lost one is offline, too.
  await page.getByRole('button', { name: 'Kill the worker' }).click();
  await expect(page.locator('#device-log')).toContainText('A new worker');
  await expect(page.locator('#sync-state')).toHaveText('no server in reach');
  expect(asked).toEqual([]);

  await page.getByRole('button', { name: 'Go online' }).click();
  await expect(page.locator('#sync-state')).toHaveText('in step');
  await expect(page.locator('#sync-pending')).toHaveText('nothing');
  await expect(stored(page)).toHaveText('1,501');
});

test('D28: the link that is copied asks the same', async ({ page, context, demoServer }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await expect(stored(page)).toHaveText('500');
  await expect(page.getByRole('button', { name: 'Copy link' })).toBeHidden();
  await query(page).fill('a human being');
  await chip(page, 'Adjectives').click();
  await expect(page.locator('#results .result').first()).toHaveAttribute('data-pos', 'adjective');
  const found = await titles(page).allTextContents();
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.locator('#share-said')).toHaveText('Copied.');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.goto('about:blank');
  await page.goto(link);
  await expect.poll(() => titles(page).allTextContents()).toEqual(found);
  await expect(chip(page, 'Adjectives')).toHaveAttribute('aria-pressed', 'true');
});

test('D29 D17: the store is saved to a file and read back, on another device, with the notes; what is no backup is refused', async ({
  page,
  browser,
  demoServer,
  cspViolations,
}) => {
  await holdChunks(page, 1);
  await page.goto(demoServer.url);
  await addNote(page, 'my umbrella is at the office');
  await expect(stored(page)).toHaveText('501');
  await openPanel(page, 'backup');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save to a file' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toMatch(/^reverse-dictionary-\d{4}-\d\d-\d\d\.nearshore$/);
  await expect(page.locator('#backup-message')).toHaveText(/^Saved: \d\.\d MB/);
  const bytes = await readFile(await download.path());

  const other = await (await browser.newContext()).newPage();
  try {
    // Nothing of the dictionary comes.
    await other.route('**/wordnet/*.json', () => {});
    await other.goto(demoServer.url);
    await openPanel(other, 'backup');
    const read = async (name: string, buffer: Buffer) => {
      const choosing = other.waitForEvent('filechooser');
      await other.getByRole('button', { name: 'Read a file…' }).click();
      await (await choosing).setFiles({ name, mimeType: 'application/octet-stream', buffer });
    };
    await read('holiday.jpg', Buffer.from('this is no backup'));
    await expect(other.locator('#backup-message')).toContainText('backup');
    await expect(other.locator('#backup-message')).not.toContainText('…');
    await read('mine.nearshore', bytes);
    // The note's copy may be made from the note before it comes itself.
    await expect(other.locator('#backup-message')).toHaveText(/^Read: 50[12] new records, [01] replaced\.$/);
    await expect(notes(other)).toContainText('my umbrella is at the office');
    await expect(stored(other)).toHaveText('501');
    await expect(other.locator('#backup-progress')).toBeHidden();

    // In one go: with so few records it is over before a click comes through.
    await other.evaluate(() => {
      for (const id of ['backup-export', 'backup-cancel']) document.getElementById(id)!.click();
    });
    await expect(other.locator('#backup-message')).toHaveText('Cancelled.');
  } finally {
    await other.context().close();
  }
  expect(cspViolations).toEqual([]);
});

test('D25: where a GPU computes it can be lost, and something else goes on', async ({
  playwright,
  demoServer,
}) => {
  test.slow();
  // A GPU that is computed on the CPU takes its time.
  const patient = expect.configure({ timeout: 60_000 });
  const { args = [], ...launch } = requireBrowser('chromium');
  const browser = await playwright.chromium.launch({ ...launch, args: [...args, ...WEBGPU_ARGS] });
  try {
    const page = await browser.newPage();
    await holdChunks(page, 1);
    await page.goto(`${demoServer.url}/?backend=webgpu`);
    await patient(stored(page)).toHaveText('500');
    await query(page).fill('a human being');
    await patient(page.locator('.backend')).toHaveText('webgpu');
    await openPanel(page, 'device');
    await page.getByRole('button', { name: 'Lose the GPU' }).click();
    await patient(page.locator('#device-log')).toContainText('The GPU device is destroyed.');
    await patient(page.locator('#device-log')).toContainText(
      'The next search was answered by wasm. Nothing is lost.',
    );
    await patient(page.locator('#device-log')).toContainText('webgpu has failed, wasm goes on');
  } finally {
    await browser.close();
  }
});
