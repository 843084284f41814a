import { expect, it } from 'vitest';
import { holdOpen, pushBombs, pushDamaged, rssOf, withHostedCollection } from './hostile.contract.js';
import { pushOf } from './test-server.contract.js';

it('H5 5,000 damaged frames: what is none is refused, and the server lives on', async () => {
  await withHostedCollection(({ caller, descriptor }) => pushDamaged(caller, descriptor.id, 5_000));
});

it('H5 bombs of every kind are refused, and the server lives on', async () => {
  await withHostedCollection(({ caller }) => pushBombs(caller, 4));
});

it('H5 200 requests that never end do not keep others from being answered', async () => {
  await withHostedCollection(async ({ caller, descriptor }) => {
    const release = await holdOpen(caller, 200);
    const { results } = await caller.push(pushOf(descriptor.id, 500));
    expect(results).toEqual(Array(500).fill({ status: 'ok' }));
    release();
  });
});

it('H6 a client that does not read its hints keeps nobody from pushing, in bounded memory', async () => {
  await withHostedCollection(async ({ caller, descriptor }) => {
    const slow = await caller.ask('GET', '/hints');
    const before = await rssOf(caller);
    for (let i = 0; i < 150; i++) {
      const operations = pushOf(descriptor.id, 20).operations.map((operation) => ({
        ...operation,
        id: `${i} ${operation.id}`,
      }));
      const { results } = await caller.push({ ...pushOf(descriptor.id, 0), operations });
      expect(results).toEqual(Array(20).fill({ status: 'ok' }));
    }
    console.log(`slow reader: RSS grew by ${Math.round(((await rssOf(caller)) - before) / 1e6)} MB`);
    await slow.body!.cancel();
  });
});
