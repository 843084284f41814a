// @ts-check
// Takes the README's pictures of the demo into docs/images: `npm run demo:screenshots`, after `npm run build:demo`.
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { preview } from 'vite';
import { requireBrowser } from './browsers.mjs';

const OUT = fileURLToPath(new URL('../docs/images/', import.meta.url));
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const IMPORT_MS = 600_000;
const INDEXED_MS = 30_000;

const server = await preview({ preview: { port: 0 }, logLevel: 'error' });
const [url] = server.resolvedUrls?.local ?? [];
if (url === undefined) throw new Error('vite preview has no address.');
const { channel: _, ...launch } = requireBrowser('chromium');
const browser = await chromium.launch(launch);
try {
  mkdirSync(OUT, { recursive: true });
  const page = await browser.newPage({ viewport: DESKTOP, colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto(url);
  await page.locator('#import[data-state="done"]').waitFor({ state: 'attached', timeout: IMPORT_MS });
  await page.evaluate(() => document.fonts.ready);
  // What came last is being indexed still.
  await page.waitForTimeout(INDEXED_MS);

  // The first question loads what embeds, as nobody's second does.
  await ask('a human being');
  await ask('fear of spiders');
  await shoot('demo-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await ask('lasting a very short time');
  await shoot('demo-dark');
  await page.setViewportSize(PHONE);
  await page.emulateMedia({ colorScheme: 'light' });
  await ask('someone who makes clothes');
  await shoot('demo-phone');

  /** @param {string} question */
  async function ask(question) {
    const bestId = () => document.querySelector('#results [data-id]')?.getAttribute('data-id');
    const before = await page.evaluate(bestId);
    await page.locator('#query').fill(question);
    // The map follows the answer; on a phone it is not seen.
    await page.waitForFunction((before) => {
      const best = document.querySelector('#results [data-id]')?.getAttribute('data-id');
      const map = document.getElementById('map-plot');
      return best && best !== before && (map?.offsetParent === null || map?.dataset.best === best);
    }, before);
    await page.locator('#query').blur();
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
  }

  /** @param {string} name */
  async function shoot(name) {
    const path = `${OUT}${name}.png`;
    await page.screenshot({ path });
    console.log(`docs/images/${name}.png: ${Math.round(statSync(path).size / 1024)} KiB`);
  }
} finally {
  await browser.close();
  await server.close();
}
