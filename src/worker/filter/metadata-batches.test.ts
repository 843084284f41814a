import { expect, test } from 'vitest';
import type { JsonValue } from '../../shared/types.js';
import { metadataBatches } from './metadata-batches.js';
import { metadataColumn } from './row-filter.contract.js';

async function readAll(records: readonly (JsonValue | undefined)[], rows: readonly number[]) {
  const values: (JsonValue | undefined)[] = [];
  const sizes: number[] = [];
  for await (const batch of metadataBatches(metadataColumn(records), Uint32Array.from(rows))) {
    expect(batch.from).toBe(values.length);
    values.push(...batch.values);
    sizes.push(batch.values.length);
  }
  return { values, sizes };
}

test('gives the metadata of the rows asked for, undefined where there is none', async () => {
  const records = Array.from({ length: 300 }, (_, n) =>
    n % 7 === 0 ? undefined : { n, text: 'é€🦀\ud800' },
  );
  for (const step of [1, 3, 50]) {
    const rows = records.map((_, row) => row).filter((row) => row % step === 0);
    expect((await readAll(records, rows)).values).toEqual(rows.map((row) => records[row]));
  }
  expect((await readAll(records, [])).values).toEqual([]);
});

test('a batch ends after 64 rows, or with the row that brings it to 32 KiB', async () => {
  const small = Array.from({ length: 150 }, () => ({}));
  const rows = small.map((_, row) => row);
  expect((await readAll(small, rows)).sizes).toEqual([64, 64, 22]);
  const large = [10, 20_000, 60_000, 20_000, 20_000, 10].map((length) => ({ text: 'x'.repeat(length) }));
  const { values, sizes } = await readAll(large, [0, 1, 2, 3, 4, 5]);
  expect(values).toEqual(large);
  expect(sizes).toEqual([3, 2, 1]);
});
