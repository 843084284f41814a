import { expect, it } from 'vitest';
import { RawStorage } from '../storage/raw-storage.contract.js';
import { batch, CONFIG, callOptions, clientOf, openEngine } from './engine.contract.js';

const ROWS = 10_000;

/** Bytes of pages and row states, as they lie there. */
function storedBytes({ pages, rowStates }: RawStorage): number {
  const sizes = [...pages.values(), ...rowStates.values()].map((stored) => {
    const { bytes, dead } = stored as { bytes?: Uint8Array; dead?: Uint8Array };
    return (bytes ?? dead!).length;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

it('N3 after half of the records is deleted, optimize leaves less than 0.6 times the bytes', async () => {
  const storage = new RawStorage();
  const { engine } = await openEngine(storage, CONFIG);
  const notes = clientOf(engine);
  for (let from = 0; from < ROWS; from += 2_500) await notes.upsert(batch(from, 2_500, { some: 'metadata' }));
  await engine.optimize(callOptions());
  const full = { own: (await engine.stats()).diskBytes, stored: storedBytes(storage) };
  const every2nd = batch(0, ROWS).filter((_, i) => i % 2 === 0);
  await notes.deleteIds(every2nd.map(({ id }) => id));
  expect(storedBytes(storage)).toBeGreaterThan(full.stored);
  await engine.optimize(callOptions());
  const left = { own: (await engine.stats()).diskBytes, stored: storedBytes(storage) };
  expect(left.own / full.own).toBeLessThan(0.6);
  expect(left.stored / full.stored).toBeLessThan(0.6);
  expect(await engine.count(undefined)).toBe(ROWS / 2);
});
