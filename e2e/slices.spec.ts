import type { Page, TestInfo } from '@playwright/test';
import { expect, openBlank, test } from './support/api-test.js';

interface Watched {
  /** Queries that were asked and answered while the write ran. */
  answered: number;
  /** Milliseconds. */
  slowest: number;
  took: number;
  outcome: string;
}

/** Runs a large write of a collection while asking another one, query after query, until the write has settled. */
function watch(page: Page, what: 'commit' | 'embedding'): Promise<Watched> {
  return page.evaluate(async (what) => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const small = await store.collection('small', { dimension: 8 });
    await small.upsert({ ids: helpers.ids(100), vectors: helpers.vectors(100, 8, 1) });
    const query = { vector: helpers.vectors(1, 8, 2) };
    await small.query(query);

    let start: () => Promise<unknown>;
    if (what === 'commit') {
      const large = await store.collection('large', { dimension: 64 });
      const batch = { ids: helpers.ids(100_000), vectors: helpers.vectors(100_000, 64, 3) };
      start = () => large.upsert(batch);
    } else {
      const texts = await store.collection('texts', { embedder: embedders.staticEmbedder() });
      await texts.query({ text: 'water' });
      const text = 'a small animal with eight legs that spins webs to catch insects '.repeat(4);
      const records = helpers.ids(20_000).map((id) => ({ id, text: text + id }));
      // Refused after all is embedded: storage has no part in it.
      records.push({ id: 'unknown', text: 'qzxqzx' });
      start = () => texts.upsert(records);
    }
    let writing = true;
    const write = helpers.codeOf(start()).finally(() => {
      writing = false;
    });
    let answered = 0;
    let slowest = 0;
    const began = performance.now();
    while (writing) {
      const asked = performance.now();
      await small.query(query);
      slowest = Math.max(slowest, performance.now() - asked);
      if (writing) answered++;
    }
    return { answered, slowest, took: performance.now() - began, outcome: await write };
  }, what);
}

/** For the report: times are noted, not asserted. */
function note(info: TestInfo, { answered, slowest, took }: Watched): void {
  const description = `${answered} queries in ${took.toFixed(0)} ms, the slowest ${slowest.toFixed(0)} ms`;
  info.annotations.push({ type: 'measured', description });
}

test('L4: while 100,000 records are committed, queries of another collection go on being answered', async ({
  page,
}, info) => {
  await openBlank(page);
  const seen = await watch(page, 'commit');
  note(info, seen);
  expect(seen.outcome).toBe('resolved');
  expect(seen.answered).toBeGreaterThan(5);
});

test('L4: while the worker only computes, queries of another collection go on being answered', async ({
  page,
}, info) => {
  await openBlank(page);
  const seen = await watch(page, 'embedding');
  note(info, seen);
  expect(seen.outcome).toBe('INVALID_ARGUMENT');
  expect(seen.answered).toBeGreaterThan(5);
});
