import { Clusters } from '../demo/scale/clusters.js';
import { percentile } from '../demo/scale/measure.js';
import { holdChunks } from './support/demo-page.js';
import { expect, test } from './support/fixtures.js';

// The page that measures, at small sizes: how it scales is the bench's business.

test('D37 the vectors are clustered and the same for the same seed; percentiles are by nearest rank', async () => {
  const vectors = new Clusters(16, 4, 7).next(200);
  expect(new Clusters(16, 4, 7).next(200)).toEqual(vectors);
  expect(new Clusters(16, 4, 8).next(200)).not.toEqual(vectors);
  const row = (i: number) => vectors.slice(16 * i, 16 * (i + 1));
  const distance = (a: number, b: number) => Math.hypot(...row(a).map((value, i) => value - row(b)[i]!));
  const near = Array.from({ length: 199 }, (_, i) => distance(0, i + 1)).sort((a, b) => a - b);
  // Those of its own cluster are nearer than 4 · √2 · 0.6; there is a gap, then the others.
  const own = near.filter((value) => value < 5);
  expect(own.length).toBeGreaterThan(25);
  expect(own.length).toBeLessThan(90);
  expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(percentile([5, 1, 4, 2, 3], 0.95)).toBe(5);
});

test('D37 up to the chosen size times and recall are measured, shown, and can be stopped', async ({
  page,
  demoServer,
  browserName,
}) => {
  test.skip(
    browserName !== 'chromium',
    'the numbers come from the library, which every engine is tested with',
  );
  await holdChunks(page, 0);
  await page.goto(`${demoServer.url}/#page=scale`);
  const slider = page.getByRole('slider');
  await slider.fill('1');
  await expect(page.locator('#scale-chosen')).toHaveText('2,000');
  await page.getByRole('button', { name: 'Run' }).click();
  const state = page.locator('#scale-state');
  await expect(state).toHaveText('Measured in this browser, just now.', { timeout: 60_000 });
  const measured = page.locator('#scale-rows tr');
  await expect(measured.locator('th')).toHaveText(['1,000', '2,000']);
  for (const row of await measured.all()) {
    const [p50, p95, exact, recall] = await row.locator('td').allTextContents();
    expect(Number.parseFloat(p50!)).toBeLessThanOrEqual(Number.parseFloat(p95!));
    expect(Number.parseFloat(exact!)).toBeGreaterThanOrEqual(0);
    expect(Number(recall)).toBeGreaterThan(0.9);
  }
  await expect(page.locator('#scale-times canvas')).toBeVisible();

  await page.keyboard.press('t');
  await slider.fill('6');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(state).toHaveText(/adding vectors|building the index|asking/);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(state).toHaveText('Stopped.');
  await expect(page.getByRole('button', { name: 'Run' })).toBeVisible();
});
