import { it } from 'vitest';
import { importDamaged } from './damage.contract.js';

it('B3 2,000 damaged files are detected or harmless, and change nothing', async () => {
  await importDamaged(2_000, 1);
}, 300_000);
