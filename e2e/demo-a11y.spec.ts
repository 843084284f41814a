import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { FIRST_THREE_CHUNKS, holdChunks, query, results, stored } from './support/demo-page.js';
import { addNote, expect, openPanel, test } from './support/synced-demo.js';

/** What axe finds that is serious or critical, in this state of the page. */
async function seriousIssues(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

test('D38 axe finds no serious issue on any page, in light and dark', async ({
  page,
  demoServer,
  syncServer,
  twinServer,
  browserName,
}) => {
  test.skip(browserName !== 'chromium', 'axe reads the same document in every engine');
  test.slow();
  await holdChunks(page, 3);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto(demoServer.url);
  await expect(stored(page)).toHaveText(FIRST_THREE_CHUNKS);
  const issues: string[] = [];
  const checkBoth = async (where: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const issue of await seriousIssues(page)) issues.push(`${where}, ${colorScheme}: ${issue}`);
    }
  };
  await checkBoth('first answers');
  await query(page).fill('move fast');
  await expect(results(page)).toHaveCount(10);
  await expect(page.locator('#map-plot')).toHaveAttribute('data-places', '150');
  await results(page).first().hover();
  await checkBoth('an answer with its map');
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await expect(page.locator('#hybrid-list li')).toHaveCount(10);
  await checkBoth('compared');
  await page.keyboard.press('Escape');
  for (const panel of ['sync', 'device', 'backup'] as const) await openPanel(page, panel);
  await page.getByRole('button', { name: 'Go offline' }).click();
  await expect(page.locator('#device-log li')).not.toHaveCount(0);
  await checkBoth('panels');

  await page.getByRole('link', { name: 'Your data' }).click();
  await page.getByRole('button', { name: 'Try a sample' }).click();
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('textbox', { name: 'Search your rows' }).fill('relax');
  await expect(page.locator('#own-results li')).toHaveCount(10);
  await page.getByRole('button', { name: 'Try a sample' }).click();
  await checkBoth('own data');

  await page.getByRole('link', { name: 'Scale' }).click();
  await page.getByRole('slider').fill('0');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.locator('#scale-rows tr')).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'Run' })).toBeVisible();
  await checkBoth('measured');
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
  await checkBoth('keys');

  const address = new URLSearchParams({ server: syncServer.url, twin: twinServer.url });
  await page.goto(`${demoServer.url}/devices.html?${address}`);
  const left = page.frameLocator('iframe').first();
  await addNote(left, 'the boat leaves at nine');
  await expect(page.frameLocator('iframe').last().locator('#device-notes li')).toHaveCount(1);
  await checkBoth('two devices');
  expect(issues).toEqual([]);
});
