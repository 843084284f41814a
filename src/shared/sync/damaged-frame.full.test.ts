import { expect, it } from 'vitest';
import { unpackDamaged } from './damaged-frame.contract.js';

it('H5 200,000 damaged frames are refused as malformed, or are messages', () => {
  const { refused, taken } = unpackDamaged(200_000);
  expect(refused).toBeGreaterThan(300_000);
  expect(taken).toBeGreaterThan(2_000);
});
