import { expect, it } from 'vitest';
import { runDamage } from './random-damage.contract.js';
import { rawWorld } from './raw-world.contract.js';

it.each([
  { seed: 3, rows: 60, trials: 18_000 },
  { seed: 4, rows: 2_100, trials: 2_000 },
])(
  'R1 R3 random damage is found or harmless, and the rest answers: $rows rows, $trials times',
  async (size) => {
    const { found, harmless } = await runDamage(rawWorld(), size);
    expect(found + harmless).toBe(size.trials);
  },
);
