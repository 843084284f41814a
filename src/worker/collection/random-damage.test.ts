import { expect, it } from 'vitest';
import { runDamage } from './random-damage.contract.js';
import { rawWorld } from './raw-world.contract.js';

it.each([
  { seed: 1, rows: 60, trials: 1_800 },
  { seed: 2, rows: 2_100, trials: 200 },
])(
  'R1 R3 random damage is found or harmless, and the rest answers: $rows rows, $trials times',
  async (size) => {
    const { found, harmless } = await runDamage(rawWorld(), size);
    expect(found + harmless).toBe(size.trials);
    expect(found).toBeGreaterThan(size.trials / 2);
  },
  120_000,
);
