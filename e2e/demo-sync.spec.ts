import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Locator } from '@playwright/test';
import { startProxy } from './support/cuttable-proxy.js';
import { chip, holdChunks, notes, query, stored, titles } from './support/demo-page.js';
import { addNote, expect, openPanel, test } from './support/synced-demo.js';

// The built demo with a real sync server.

/** Key by key: Firefox tells no change of what was filled in. */
async function retype(note: Locator, text: string) {
  await note.selectText();
  await note.pressSequentially(text);
  await note.press('Enter');
}

test('D17 D18 D19: notes are synced with the server of the address or of the field, through its absence and a reload, until stopped', async ({
  page,
  browser,
  browserName,
  demoServer,
  syncServer,
  cspViolations,
}) => {
  test.skip(browserName !== 'chromium', 'The panel is the same in every engine; syncing is tested in each.');
  const proxy = await startProxy(() => syncServer.port);
  const other = await (await browser.newContext()).newPage();
  try {
    await holdChunks(page, 1);
    await page.goto(`${demoServer.url}/?${new URLSearchParams({ server: proxy.url })}`);
    await expect(page.locator('#sync-summary')).toHaveText('in step');
    await expect(page).toHaveURL(`${demoServer.url}/`);
    await addNote(page, 'the boat leaves at nine');

    await holdChunks(other, 1);
    await other.goto(demoServer.url);
    await openPanel(other, 'sync');
    await other.getByLabel('Server').fill(proxy.url);
    await other.getByRole('button', { name: 'Start' }).click();
    await expect(notes(other)).toContainText('the boat leaves at nine');
    await query(other).fill('when does the ship go');
    await chip(other, 'Notes').click();
    await expect(titles(other)).toHaveText(['the boat leaves at nine']);

    await openPanel(page, 'sync');
    proxy.cut();
    await page.getByRole('button', { name: 'Sync now' }).click();
    await expect(page.locator('#sync-message')).toContainText('did not answer');
    await addNote(page, 'buy apples and bread');
    await expect(page.locator('#sync-pending')).toHaveText('1 change');
    await expect(page.locator('#sync-state')).toHaveText('no server in reach');
    proxy.mend();
    await page.getByRole('button', { name: 'Sync now' }).click();
    await expect(page.locator('#sync-message')).toHaveText('Everything is in step.');
    await expect(page.locator('#sync-pending')).toHaveText('nothing');
    await expect(page.locator('#sync-last')).toHaveText(/^\d\d:\d\d:\d\d$/);
    await expect(notes(other)).toHaveCount(2);

    await page.reload();
    await expect(page.locator('#sync-summary')).toHaveText('in step');
    await other.getByRole('button', { name: 'Delete the note: buy apples and bread' }).click();
    await expect(notes(page)).toHaveCount(1);
    // The copy among the words goes with it.
    await expect(stored(page)).toHaveText('501');
    await openPanel(page, 'sync');
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect(page.locator('#sync-summary')).toHaveText('off');
    await page.reload();
    await openPanel(page, 'sync');
    await expect(page.getByLabel('Server')).toHaveValue(proxy.url);
    await expect(page.locator('#sync-summary')).toHaveText('off');
    expect(cspViolations).toEqual([]);
  } finally {
    await other.context().close();
    await proxy.close();
  }
});

test('D20 D21: two devices in step; off the network their edits wait; of two at once the second to come is asked', async ({
  page,
  demoServer,
  twinServer,
  syncServer,
  cspViolations,
}) => {
  const address = new URLSearchParams({ server: syncServer.url, twin: twinServer.url });
  await page.goto(`${demoServer.url}/devices.html?${address}`);
  const laptop = page.frameLocator('iframe[title="Laptop"]');
  const phone = page.frameLocator('iframe[title="Phone"]');
  const [onLaptop, onPhone] = [laptop, phone].map((device) =>
    device.getByRole('textbox', { name: 'Note', exact: true }),
  );
  for (const device of [laptop, phone])
    await expect(device.locator('#device-state')).toContainText('in step');

  await addNote(laptop, 'water the plants');
  await expect(onPhone!).toHaveValue('water the plants');
  await retype(onPhone!, 'water the plants and trees');
  await expect(onLaptop!).toHaveValue('water the plants and trees');

  for (const [whose, onEach] of [
    ['Mine', ['water the flowers', 'water the garden']],
    ['Theirs', ['feed the cat', 'feed the dog']],
  ] as const) {
    for (const device of [laptop, phone]) await device.getByLabel('Network').uncheck();
    for (const [i, note] of [onLaptop!, onPhone!].entries()) await retype(note, onEach[i]!);
    for (const device of [laptop, phone]) {
      await expect(device.locator('#device-state')).toHaveText('off the network · 1 change to send');
    }
    await laptop.getByLabel('Network').check();
    await expect(laptop.locator('#device-state')).toHaveText('in step · nothing to send');
    await phone.getByLabel('Network').check();
    await expect(phone.locator('#conflicts')).toContainText('Both devices have changed this note');
    const choice = (whose: string, text: string) =>
      phone.getByRole('button', { name: `${whose}: “${text}”` });
    const choices = { Mine: choice('Mine', onEach[1]), Theirs: choice('Theirs', onEach[0]) };
    for (const each of Object.values(choices)) await expect(each).toBeVisible();
    await choices[whose].click();
    for (const note of [onLaptop!, onPhone!]) {
      await expect(note).toHaveValue(whose === 'Mine' ? onEach[1] : onEach[0]);
    }
    await expect(phone.locator('#conflicts li')).toHaveCount(0);
  }

  await laptop.getByRole('button', { name: /^Delete the note/ }).click();
  for (const note of [onLaptop!, onPhone!]) await expect(note).toHaveCount(0);
  expect(cspViolations).toEqual([]);
});

test('D20: without a server the page of two devices says what to do', async ({
  page,
  browserName,
  demoServer,
}) => {
  test.skip(browserName !== 'chromium', 'A sentence.');
  await page.goto(`${demoServer.url}/devices.html`);
  await expect(page.locator('#devices-problem')).toContainText('npm run demo:sync');
  await page.getByRole('link', { name: 'Back to the dictionary' }).click();
  await expect(query(page)).toBeVisible();
  await openPanel(page, 'sync');
  await page.getByRole('link', { name: 'Two devices side by side' }).click();
  await expect(page.locator('#devices-problem')).toBeVisible();
});

test('D22: demo:sync says where the page is, in one line, and ends what it has started', async ({
  browserName,
  request,
}) => {
  test.skip(browserName !== 'chromium', 'No browser takes part.');
  const child = spawn(process.execPath, ['scripts/demo-sync.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await once(output, 'line');
  const page = new URL(lines[0]!);
  const [server, twin] = ['server', 'twin'].map((name) => page.searchParams.get(name)!);
  for (const url of [page.href, `${twin}/device.html`, `${server}/readyz`]) {
    expect((await request.get(url)).status()).toBe(200);
  }
  child.kill('SIGINT');
  expect(await exit).toEqual([0, null]);
  for (const url of [page.origin, twin!, server!])
    await expect(request.get(url)).rejects.toThrow('ECONNREFUSED');
  expect(lines).toHaveLength(1);
});
