import { expect, type Page } from '@playwright/test';
import corpus from '../../demo/corpus.json' with { type: 'json' };

export const TOTAL = corpus.count.toLocaleString('en');
export const FIRST_THREE_CHUNKS = '3,500';

export const query = (page: Page) => page.getByRole('textbox', { name: 'What’s the word for' });
export const results = (page: Page) =>
  page.getByRole('region', { name: 'Words found' }).getByRole('listitem');
export const titles = (page: Page) => page.locator('#results .word');
export const chip = (page: Page, name: string) =>
  page.getByRole('button', { name: new RegExp(`^${name}( [\\d,]+)?$`) });
export const importPanel = (page: Page) => page.getByRole('region', { name: 'Import of the dictionary' });
export const notes = (page: Page) => page.locator('#note-list li');
export const stored = (page: Page) => page.locator('#record-count');

/** Holds requests for chunks of the dictionary back, or fails them, until more are let through. */
export async function holdChunks(page: Page, from: number, how: 'wait' | 'fail' = 'wait') {
  let letThrough = from;
  let wake: (() => void)[] = [];
  await page.route('**/wordnet/*.json', async (route) => {
    const chunk = Number(/(\d+)-\w+\.json/.exec(route.request().url())![1]);
    while (chunk >= letThrough && how === 'wait') {
      await new Promise<void>((resolve) => {
        wake.push(resolve);
      });
    }
    // A request may have been given up meanwhile: its page was reloaded, or the import cancelled.
    const answered = chunk >= letThrough ? route.abort('connectionrefused') : route.continue();
    await answered.catch(() => {});
  });
  return {
    letThrough(count: number) {
      letThrough = count;
      const waiting = wake;
      wake = [];
      for (const resolve of waiting) resolve();
    },
  };
}

export async function importFinished(page: Page) {
  await expect(page.locator('#import')).toHaveAttribute('data-state', 'done', { timeout: 150_000 });
}
