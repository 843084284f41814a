import { expect, it } from 'vitest';
import { packStrings } from '../../shared/string-column.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { sortRowsById } from './sort-rows.js';

it.each([0, 1, 2, 2_047, 2_048, 2_049, 4_096, 4_097, 6_145, 12_000])(
  'C11 sorts %i rows by id, in the order of UTF-16 code units',
  async (count) => {
    const random = new SeededRandom(count);
    const units = ['a', 'Z', '9', 'é', '～', '🦀', '\u{10ffff}', '\0'];
    const ids = Array.from({ length: count }, (_, i) => {
      const prefix = Array.from({ length: random.below(4) }, () => random.pick(units)).join('');
      return `${prefix}|${i}`;
    });
    const sorted = await sortRowsById(packStrings(ids));
    const expected = ids.map((_, row) => row).sort((a, b) => (ids[a]! < ids[b]! ? -1 : 1));
    expect([...sorted]).toEqual(expected);
  },
);
