import { FIRST_THREE_CHUNKS, holdChunks, query, stored } from './support/demo-page.js';
import { expect, test } from './support/fixtures.js';

test('D40 words, meaning and both beside one another, each with its plan and time; on a phone by tabs', async ({
  page,
  demoServer,
}) => {
  await holdChunks(page, 3);
  await page.goto(`${demoServer.url}/#view=compare`);
  await expect(stored(page)).toHaveText(FIRST_THREE_CHUNKS);
  await query(page).fill('move fast');
  const list = (way: string) => page.locator(`#${way}-list li`);
  const receipt = (way: string) => page.locator(`#${way}-receipt`);
  await expect(receipt('hybrid')).toHaveText(/^hybrid · [\d,]+ looked at · \d+\.\d ms$/);
  await expect(receipt('vector')).toHaveText(/^(flat|ivf) · [\d,]+ looked at · \d+\.\d ms$/);
  await expect(receipt('keyword')).toHaveText(/^keyword · [\d,]+ looked at · \d+\.\d ms$/);
  await expect(list('hybrid')).toHaveCount(10);
  for (const gloss of await list('keyword').locator('.gloss').allTextContents()) {
    expect(gloss.toLowerCase()).toMatch(/\b(move|fast)\b/);
  }
  // Best of both: what it shows first was found by one of the others.
  await expect(list('hybrid').first().locator('.ranks')).toHaveText(/keyword \d+|vector \d+/);

  // Words that the embedder does not know are found all the same, where there are any.
  await query(page).fill('xqzzt');
  await expect(receipt('vector')).toHaveText('the embedder knows no word of this');
  await expect(list('keyword')).toHaveCount(0);

  await query(page).fill('move fast');
  await expect(list('keyword').first()).toBeVisible();
  await page.setViewportSize({ width: 360, height: 740 });
  for (const [tab, way] of [
    ['Words', 'keyword'],
    ['Meaning', 'vector'],
    ['Both', 'hybrid'],
  ] as const) {
    await page.getByRole('button', { name: tab, exact: true }).click();
    for (const other of ['keyword', 'vector', 'hybrid']) {
      await expect(receipt(other)).toBeVisible({ visible: other === way });
    }
  }
  const word = list('hybrid').first().getByRole('button');
  const title = (await word.textContent())!;
  await word.click();
  await expect(query(page)).toHaveValue(title);
  await expect(page).toHaveURL(/[#&]like=/);
  await expect(list('vector').first()).toContainText(title);

  await page.getByRole('button', { name: 'List', exact: true }).click();
  await expect(page.locator('#compare')).toBeHidden();
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await expect(page.locator('#results')).toBeHidden();
  await query(page).fill('');
  await expect(page.locator('#empty')).toBeVisible();
});
