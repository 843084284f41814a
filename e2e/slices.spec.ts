import { expect, openBlank, test } from './support/api-test.js';

test('L4: while a large upsert runs, queries of another collection go on being answered', async ({
  page,
}, info) => {
  await openBlank(page);
  const seen = await page.evaluate(async () => {
    const store = await nearshore.openStore('s', { backend: 'js' });
    const small = await store.collection('small', { dimension: 8 });
    const large = await store.collection('large', { dimension: 64 });
    await small.upsert({ ids: helpers.ids(100), vectors: helpers.vectors(100, 8, 1) });
    const query = helpers.vectors(1, 8, 2);
    const batch = { ids: helpers.ids(100_000), vectors: helpers.vectors(100_000, 64, 3) };
    await small.query({ vector: query });

    let writing = true;
    const write = large.upsert(batch).finally(() => {
      writing = false;
    });
    let answered = 0;
    let longest = 0;
    const began = performance.now();
    while (writing) {
      const asked = performance.now();
      await small.query({ vector: query });
      longest = Math.max(longest, performance.now() - asked);
      if (writing) answered++;
    }
    await write;
    return { answered, longest, took: performance.now() - began, count: await large.count() };
  });
  const { answered, longest, took } = seen;
  const description = `${answered} queries in the ${took.toFixed(0)} ms of the upsert, the slowest ${longest.toFixed(0)} ms`;
  info.annotations.push({ type: 'measured', description });
  expect(seen.count).toBe(100_000);
  expect(answered).toBeGreaterThan(5);
});
