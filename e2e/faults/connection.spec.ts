import { expect, openBlank, test } from '../support/api-test.js';
import { codes, databases, fill, type Tab, told, write } from '../support/open-tab.js';
import { size, TIMEOUT } from './support/sizes.js';

/** Of each of the two. */
const ROUNDS = size(100, 10);

test(`S10, P5: site data cleared while open is told once, by every call, ${ROUNDS} times of ${ROUNDS}`, async ({
  page,
}) => {
  test.setTimeout(TIMEOUT);
  await openBlank(page);
  for (let round = 0; round < ROUNDS; round++) {
    await fill(page);
    await page.evaluate(() => fetch('/cleared/blank'));
    // In every second round nobody calls before it is told. Until it is noticed, memory answers queries.
    if (round % 2 === 0) await expect.poll(() => told(page)).toHaveLength(1);
    else expect(await write(page)).toBe('STORAGE_LOST');
    expect(new Set(await codes(page))).toEqual(new Set(['STORAGE_LOST']));
    expect(await told(page)).toEqual([expect.stringMatching(/^storage-lost: /)]);
    expect(await databases(page)).toEqual([]);
    await page.evaluate(() => (globalThis as never as Tab).store.close());
  }
});

test(`S9: a connection lost ${ROUNDS} times is opened again once each; what was acknowledged is there`, async ({
  page,
}) => {
  test.setTimeout(TIMEOUT);
  await openBlank(page);
  const rounds = await page.evaluate(async (rounds) => {
    const faults = testing.makeFaults();
    const store = await nearshore.openStore('s', { worker: faults.worker, backend: 'js' });
    const notes = await store.collection('notes', { dimension: 2 });
    const told: string[] = [];
    for (const event of ['storage-lost', 'outdated', 'worker-lost'] as const)
      store.on(event, ({ reason }) => told.push(reason));
    const seen = [];
    for (let round = 0; round < rounds; round++) {
      const write = (id: string) => helpers.codeOf(notes.upsert([{ id: `${id}${round}`, vector: [1, 2] }]));
      const before = (await faults.calls()).byCall.open;
      // Lost at rest, or under two writes and whatever they have reached.
      const codes =
        round % 2 === 0
          ? [await faults.loseConnection().then(() => write('a')), await write('b')]
          : (await Promise.all([write('a'), write('b'), faults.loseConnection()])).slice(0, 2);
      const opens = (await faults.calls()).byCall.open! - before!;
      seen.push({ codes, opens, count: await notes.count() });
    }
    await store.close();
    const again = await nearshore.openStore('s', { backend: 'js' });
    return { seen, told, kept: await (await again.collection('notes')).count() };
  }, ROUNDS);
  expect(rounds.seen).toEqual(
    rounds.seen.map((_, round) => ({
      codes: ['resolved', 'resolved'],
      opens: 1,
      count: 2 * (round + 1),
    })),
  );
  expect(rounds).toMatchObject({ told: [], kept: 2 * ROUNDS });
});
