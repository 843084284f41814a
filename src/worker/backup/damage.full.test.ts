import { it } from 'vitest';
import { importDamaged } from './damage.contract.js';

it('B3 20,000 damaged files are detected or harmless, and change nothing', async () => {
  await importDamaged(20_000, Date.now() % 1e6);
});
