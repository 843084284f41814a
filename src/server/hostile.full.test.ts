import { it } from 'vitest';
import { pushBombs, pushDamaged, withHostedCollection } from './hostile.contract.js';

it('H5 200,000 damaged frames: what is none is refused, and the server lives on', async () => {
  await withHostedCollection(({ caller, descriptor }) => pushDamaged(caller, descriptor.id, 200_000));
});

it('H5 64 bombs of every kind, 16 at once, are refused, and the server lives on', async () => {
  await withHostedCollection(({ caller }) => pushBombs(caller, 64));
});
