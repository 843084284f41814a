import fc from 'fast-check';
import { expect } from 'vitest';
import { compileFilter } from '../../shared/filter.js';
import { filter, metadata, oracle } from '../../shared/filter-oracle.contract.js';
import {
  MAX_QUERIES,
  type RemoteMatches,
  type RemoteQuery,
  type RemoteRecord,
} from '../../shared/sync/remote.js';
import type { JsonValue } from '../../shared/types.js';
import { hasBit } from '../../worker/bitmap.js';
import { metadataColumn } from '../../worker/filter/row-filter.contract.js';
import { RowFilter } from '../../worker/filter/row-filter.js';

const ROWS = 32;

/** A server with a collection of its own, of dimension 2. */
export interface FilterServer {
  store(records: readonly RemoteRecord[]): Promise<void>;
  query(queries: readonly RemoteQuery[]): Promise<readonly RemoteMatches[]>;
}

/** Random filters on random metadata: server, device and the oracle agree. */
export async function compareFilters(open: () => Promise<FilterServer>, filters: number, seed: number) {
  let selective = 0;
  for (let batch = 0; batch * MAX_QUERIES < filters; batch++) {
    const sample = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number, salt: number) =>
      fc.sample(fc.noBias(arbitrary), { numRuns, seed: seed + 2 * batch + salt });
    const some = sample(filter, Math.min(MAX_QUERIES, filters - batch * MAX_QUERIES), 0);
    // Records keep JSON, which has no −0.
    const kept = sample(metadata, ROWS, 1).map(
      (each) => each && (JSON.parse(JSON.stringify(each)) as JsonValue),
    );
    const server = await open();
    await server.store(
      kept.map((each, i) => ({
        id: `r${i}`,
        vector: Float32Array.of(1, i),
        ...(each === undefined ? {} : { metadata: JSON.stringify(each) }),
      })),
    );
    const vector = Float32Array.of(1, 1);
    const answers = await server.query(
      some.map((each) => ({ vector, topK: ROWS, filter: each }) as RemoteQuery),
    );
    const device = new RowFilter(ROWS, async () => metadataColumn(kept));
    for (const [i, each] of some.entries()) {
      const wanted = kept.map((record) => oracle(each, record));
      const ids = new Set(answers[i]!.ids);
      const passing = await device.passing(compileFilter(each));
      const isRight = wanted.every(
        (holds, row) => ids.has(`r${row}`) === holds && hasBit(passing, row) === holds,
      );
      // 10,000 expectations of 32 answers each would take most of the time.
      if (!isRight) {
        const where = `filter ${JSON.stringify(each)} of batch ${batch}, seed ${seed}`;
        expect(
          kept.map((_, row) => ids.has(`r${row}`)),
          `server: ${where}`,
        ).toEqual(wanted);
        expect(
          kept.map((_, row) => hasBit(passing, row)),
          `device: ${where}`,
        ).toEqual(wanted);
      }
      if (wanted.includes(true) && wanted.includes(false)) selective++;
    }
  }
  // Filters that hold for all or for none would hide most mistakes.
  expect(selective / filters).toBeGreaterThanOrEqual(0.3);
  return { selective: selective / filters };
}
