import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packStrings } from '../../shared/string-column.js';
import { hashBytes, IdTable } from './id-table.js';

const encoder = new TextEncoder();

function find(table: IdTable, id: string): number {
  // In the middle of other bytes, as ids are in a column.
  const bytes = encoder.encode(`##${id}##`);
  const end = bytes.length - 2;
  return table.find(hashBytes(bytes, 2, end), bytes, 2, end);
}

it('finds each id at its row, and no other', () => {
  return fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.string({ maxLength: 4 }), { maxLength: 300 }),
      fc.array(fc.string({ maxLength: 4 })),
      async (ids, others) => {
        const table = await IdTable.build(packStrings(ids));
        for (const [row, id] of ids.entries()) if (find(table, id) !== row) expect.fail(id);
        for (const id of others) expect(find(table, id)).toBe(ids.indexOf(id));
      },
    ),
  );
});

it('is at most half full, and finds all of 20,000 ids', async () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `id-${i}`);
  const table = await IdTable.build(packStrings(ids));
  expect(ids.every((id, row) => find(table, id) === row)).toBe(true);
  expect(find(table, 'id-20000')).toBe(-1);
  expect(table.bytes / 4).toBeGreaterThanOrEqual(40_000);
  expect(table.bytes).toBeLessThanOrEqual(16 * 20_000);
});

it('tells ids with the same hash apart', async () => {
  // Both have the FNV-1a hash 0x5e4daa9d (http://www.isthe.com/chongo/tech/comp/fnv/).
  const twins = ['costarring', 'liquid'];
  const hashes = twins.map((id) => hashBytes(encoder.encode(id), 0, id.length));
  expect(hashes[0]).toBe(hashes[1]);
  const table = await IdTable.build(packStrings(['x', ...twins]));
  expect(twins.map((id) => find(table, id))).toEqual([1, 2]);
  expect(find(await IdTable.build(packStrings([twins[0]!])), twins[1]!)).toBe(-1);
});

it('finds nothing among no ids', async () => {
  expect(find(await IdTable.build(packStrings([])), 'a')).toBe(-1);
});
