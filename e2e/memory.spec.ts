import type { Page } from '@playwright/test';
import type { CollectionOptions, StoreOptions } from 'nearshore';
import { expect, openBlank, test } from './support/api-test.js';

const ROWS = 6_000;
const DIMENSION = 64;
/** Float32 and int8 to scan. */
const WHOLE_BYTES = ROWS * DIMENSION * 5;

/** Stores random rows and makes them one segment. */
async function fill(page: Page): Promise<void> {
  await page.evaluate(
    async ([rows, dimension]) => {
      const store = await nearshore.openStore('s');
      const notes = await store.collection('notes', { dimension });
      await notes.upsert({ ids: helpers.ids(rows), vectors: helpers.vectors(rows, dimension, 7) });
      await notes.optimize();
      await store.close();
    },
    [ROWS, DIMENSION] as const,
  );
}

/** Opens it in this way; compares default and exact answers with the oracle. */
function ask(page: Page, store: StoreOptions, collection: CollectionOptions) {
  return page.evaluate(
    async ([rows, dimension, storeOptions, collectionOptions]) => {
      const store = await nearshore.openStore('s', storeOptions);
      const notes = await store.collection('notes', collectionOptions);
      const corpus = {
        ids: helpers.ids(rows),
        vectors: helpers.vectors(rows, dimension, 7),
        dimension,
        metric: 'cosine' as const,
      };
      let worst = 0;
      let worstExact = 0;
      const receipts = new Set<string>();
      for (let q = 0; q < 20; q++) {
        const vector = helpers.vectors(1, dimension, 100 + q);
        const truth = helpers.rank(corpus, vector).slice(0, 10);
        const fast = await notes.query({ vector });
        const exact = await notes.query({ vector, exact: true });
        for (const [rank, { score }] of truth.entries()) {
          worst = Math.max(worst, Math.abs(fast.matches[rank]!.score - score));
          worstExact = Math.max(worstExact, Math.abs(exact.matches[rank]!.score - score));
        }
        receipts.add(
          `${fast.receipt.plan} ${fast.receipt.exact}, ${exact.receipt.plan} ${exact.receipt.exact}`,
        );
      }
      const { heldAs, memoryBytes, records } = await notes.stats();
      await store.close();
      return { worst, worstExact, receipts: [...receipts], heldAs, memoryBytes, records };
    },
    [ROWS, DIMENSION, store, collection] as const,
  );
}

test('K9: vectors are held as int16 or int8 where a collection asks for it', async ({ page }) => {
  await openBlank(page, 'strict');
  await fill(page);
  const whole = await ask(page, {}, {});
  expect(whole.heldAs).toEqual({ float32: ROWS, int16: 0, int8: 0, storage: 0 });
  expect(whole.receipts).toEqual(['flat true, flat true']);
  const half = await ask(page, {}, { quantization: 'int16' });
  expect(half.heldAs).toEqual({ float32: 0, int16: ROWS, int8: 0, storage: 0 });
  expect(half.receipts).toEqual(['flat false, flat true']);
  expect(half.worst).toBeLessThan(1e-5);
  const quarter = await ask(page, {}, { quantization: 'int8' });
  expect(quarter.heldAs).toEqual({ float32: 0, int16: 0, int8: ROWS, storage: 0 });
  expect(quarter.receipts).toEqual(['flat true, flat true']);
  for (const { worst, worstExact, records } of [whole, half, quarter]) {
    expect(worstExact).toBeLessThan(1e-6);
    expect(worst).toBeLessThan(1e-5);
    expect(records).toBe(ROWS);
  }
  expect(quarter.memoryBytes).toBeLessThan(half.memoryBytes);
  expect(half.memoryBytes).toBeLessThan(whole.memoryBytes);
});

test('K10: a memory budget holds vectors as finely as it allows, down to none', async ({ page }) => {
  await openBlank(page, 'strict');
  await fill(page);
  // The tail's share, and room for a search.
  const set = 2 * 2048 * (DIMENSION + 1) * 4 + 1_000_000;
  const roomy = await ask(page, { memoryBudgetBytes: set + WHOLE_BYTES * 1.1 }, {});
  expect(roomy.heldAs.float32).toBe(ROWS);
  const tight = await ask(page, { memoryBudgetBytes: set + WHOLE_BYTES * 0.55 }, {});
  expect(tight.heldAs.int16).toBe(ROWS);
  const none = await ask(page, { memoryBudgetBytes: 1000 }, {});
  expect(none.heldAs.storage).toBe(ROWS);
  expect(none.receipts).toEqual(['flat true, flat true']);
  for (const { worst, worstExact } of [roomy, tight, none]) {
    expect(worst).toBeLessThan(1e-5);
    expect(worstExact).toBeLessThan(1e-6);
  }
});

test('K9: a second handle may change how vectors are held, and a new worker holds them so, too', async ({
  page,
}) => {
  await openBlank(page, 'strict');
  await fill(page);
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s');
    const notes = await store.collection('notes');
    await store.collection('notes', { quantization: 'int8' });
    const held = [(await notes.stats()).heldAs.int8];
    helpers.workers.at(-1)!.terminate();
    await notes.stats().catch(() => undefined);
    await notes.query({ vector: helpers.vectors(1, 64, 1) });
    return [...held, (await notes.stats()).heldAs.int8];
  });
  expect(seen).toEqual([ROWS, ROWS]);
});

test('V10: what is no quantization and no budget is refused', async ({ page }) => {
  await openBlank(page);
  const codes = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { memoryBudgetBytes: 1e9 });
    const seen = [
      await helpers.codeOf(store.collection('notes', { dimension: 3, quantization: 'int4' as never })),
      await helpers.codeOf(nearshore.openStore('s', { memoryBudgetBytes: 2e9 })),
    ];
    for (const bytes of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1e9']) {
      seen.push(await helpers.codeOf(nearshore.openStore('t', { memoryBudgetBytes: bytes as number })));
    }
    return seen;
  });
  expect(codes).toEqual(['INVALID_ARGUMENT', 'CONFIG_MISMATCH', ...Array(5).fill('INVALID_ARGUMENT')]);
});
