import { join } from 'node:path';
import type { BrowserContext } from '@playwright/test';
import { writeTinyModel } from '../../support/tiny-model.js';

/** As wide as the model that it stands for; what is not said is zero. */
const word = (...values: number[]) => [...values, ...new Array<number>(384 - values.length).fill(0)];
const WORDS = { ferry: word(1), boat: word(0.8, 0.6), island: word(0, 1), bread: word(0, 0, 1) };

/**
 * Answers what is asked of huggingface.co with a tiny model, whatever its name.
 *
 * @returns the paths that are asked for, as they come
 */
export async function answerAsHub(context: BrowserContext, folder: string): Promise<string[]> {
  await writeTinyModel(folder, WORDS);
  const asked: string[] = [];
  await context.route('https://huggingface.co/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    asked.push(pathname);
    const [, file = ''] = pathname.split('/resolve/main/');
    await route.fulfill({
      path: join(folder, file.replace('model_quantized', 'model')),
      headers: { 'Access-Control-Allow-Origin': '*' },
    });
  });
  return asked;
}
