import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { addHelpers, expect, openBlank, test } from '../support/api-test.js';
import { DATABASES, folderBytes } from './support/folder-bytes.js';
import { size, TIMEOUT } from './support/sizes.js';

// What deleting gives back: by the store's own count, and by the files in the browser's profile.

test.describe.configure({ timeout: TIMEOUT });

const DIMENSION = 64;
const ROWS = size(100_000, 50_000);
/** How long a browser may take to clean up after it: both do it when they have nothing else to do. */
const CLEANED_UP_MS = 120_000;

test('N3, S13: with half of the records deleted and optimize(), less than 0.6 of the bytes are left, on the disk, too', async ({
  launchPersistent,
  profileFolder,
  browserName,
}) => {
  const folder = join(profileFolder, DATABASES[browserName as keyof typeof DATABASES]);
  const visit = async <T>(doing: (page: Page) => Promise<T>): Promise<T> => {
    const context = await launchPersistent();
    await addHelpers(context);
    const page = await context.newPage();
    await openBlank(page);
    const result = await doing(page);
    await context.close();
    return result;
  };

  const before = await visit((page) =>
    page.evaluate(
      async ({ rows, dimension }) => {
        const store = await nearshore.openStore('halved');
        const notes = await store.collection<{ half: number }>('notes', { dimension });
        const count = 10_000;
        for (let from = 0; from < rows; from += count) {
          const ids = Array.from({ length: count }, (_, i) => `r${from + i}`);
          const metadata = ids.map((_, i) => ({ half: i % 2 }));
          await notes.upsert({ ids, vectors: helpers.vectors(count, dimension, from), metadata });
        }
        await notes.optimize();
        const { usage } = await store.status();
        await store.close();
        return usage.ownBytes;
      },
      { rows: ROWS, dimension: DIMENSION },
    ),
  );
  // With the browser closed, so that nothing of what it merged is waiting to be cleaned up.
  const filesBefore = await folderBytes(folder);
  expect(before).toBeGreaterThan(ROWS * DIMENSION * 4);
  expect(filesBefore).toBeGreaterThan(before);

  const { after, cleaned } = await visit(async (page) => {
    const after = await page.evaluate(async () => {
      const store = await nearshore.openStore('halved');
      const notes = await store.collection<{ half: number }>('notes');
      const { count } = await notes.delete({ filter: { half: 0 } });
      await notes.optimize();
      const { usage } = await store.status();
      return { count, records: await notes.count(), bytes: usage.ownBytes };
    });
    const began = performance.now();
    await expect
      .poll(() => folderBytes(folder), { timeout: CLEANED_UP_MS, intervals: [200] })
      .toBeLessThan(0.6 * filesBefore);
    return { after, cleaned: performance.now() - began };
  });
  const filesAfter = await folderBytes(folder);
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const share = (part: number, whole: number) => (part / whole).toFixed(3);
  console.log(
    `${ROWS} rows: own count ${megabytes(before)} → ${megabytes(after.bytes)} MB (${share(after.bytes, before)}); ` +
      `files ${megabytes(filesBefore)} → ${megabytes(filesAfter)} MB (${share(filesAfter, filesBefore)}), ` +
      `${Math.round(cleaned)} ms after optimize()`,
  );
  expect(after).toMatchObject({ count: ROWS / 2, records: ROWS / 2 });
  expect(after.bytes).toBeLessThan(0.6 * before);
  expect(filesAfter).toBeLessThan(0.6 * filesBefore);
});
