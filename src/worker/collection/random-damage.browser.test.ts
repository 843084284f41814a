import { afterEach, expect, it } from 'vitest';
import { IndexedDbStorage } from '../storage/indexeddb-storage.js';
import { uniqueStoreName } from '../storage/storage.contract.js';
import { indexedDbWorld } from './indexeddb-raw-world.contract.js';
import { runDamage } from './random-damage.contract.js';

// In memory it is done ten times as often: random-damage.test.ts.
const IS_FULL = import.meta.env.NEARSHORE_FAULTS === 'full';

let store = '';

afterEach(() => new IndexedDbStorage(store).destroy());

it.each([
  { seed: 5, rows: 60, trials: IS_FULL ? 1_800 : 34 },
  { seed: 6, rows: 2_100, trials: IS_FULL ? 200 : 6 },
])(
  'R1 R3 random damage in IndexedDB is found or harmless, and the rest answers: $rows rows, $trials times',
  async (size) => {
    store = uniqueStoreName();
    const { found, harmless } = await runDamage(indexedDbWorld(store), size);
    expect(found + harmless).toBe(size.trials);
    expect(found).toBeGreaterThan(size.trials / 4);
  },
  IS_FULL ? 3_600_000 : 120_000,
);
