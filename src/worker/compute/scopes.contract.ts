import { beforeAll, describe, expect, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { createBitmap, setBit } from '../bitmap.js';
import { SeededRandom } from '../seeded-random.contract.js';
import type { InvertedLists, Kernels, Rows, Scope } from './kernels.js';
import {
  type Case,
  expectBest,
  pagesOf,
  queriesOf,
  randomRows,
  rowsFrom,
} from './kernels-oracle.contract.js';

const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2'];

/** Lists of 1 to 9 consecutive rows, each with its mean. */
function listsOver({ vectors, norms }: Rows, dimension: number, random: SeededRandom): InvertedLists {
  const starts = [0];
  while (starts.at(-1)! < norms.length) {
    starts.push(Math.min(norms.length, starts.at(-1)! + 1 + Math.floor(9 * random.next())));
  }
  const centroids = new Float32Array((starts.length - 1) * dimension);
  for (let list = 0; list < starts.length - 1; list++) {
    const [from, to] = [starts[list]!, starts[list + 1]!];
    for (let i = from * dimension; i < to * dimension; i++) {
      centroids[list * dimension + (i % dimension)]! += vectors[i]! / (to - from);
    }
  }
  return { centroids, starts: Uint32Array.from(starts) };
}

/** What a search may be restricted to: rows, lists, everything but some. */
export function describeScopes(name: string, load: () => Promise<Kernels>): void {
  describe(`${name} keeps to the scope of a search`, () => {
    let kernels: Kernels;
    beforeAll(async () => {
      kernels = await load();
    });

    const expectAll = async (
      { metric, dimension, rows, lists }: Omit<Case, 'queries' | 'k' | 'scope'>,
      cases: readonly { scope: Scope; k: number; queries: number }[],
      random: SeededRandom,
    ) => {
      const shape = { rows: rows.norms.length, dimension, metric, lists };
      const block = await kernels.hold(shape, pagesOf(rows, dimension, 64));
      for (const { scope, k, queries: count } of cases) {
        const queries = queriesOf(metric, dimension, randomRows(random, count, dimension).vectors);
        const best = await block.search(queries, k, scope);
        expectBest(best, { metric, dimension, rows, lists, queries, k, scope });
      }
      await block.release();
    };

    it.each(METRICS)('K6 under %s: scores the given rows alone', async (metric) => {
      for (const dimension of [1, 3, 16, 100, 384]) {
        const random = new SeededRandom(dimension);
        const rows = randomRows(random, 700, dimension);
        const some = (share: number) =>
          Uint32Array.from([...rows.norms.keys()].filter(() => random.chance(share)));
        const chosen = [Uint32Array.of(0), Uint32Array.of(699), some(0.01), some(0.2), some(0.9), some(1)];
        const cases = [Uint32Array.of(), ...chosen].flatMap((only) =>
          [1, 10, 900].map((k, i) => ({ scope: { rows: only }, k, queries: 1 + i })),
        );
        await expectAll(
          { metric, dimension, rows, lists: listsOver(rows, dimension, random) },
          cases,
          random,
        );
      }
    });

    it.each(METRICS)('K7 under %s: scores the rows of the best lists alone', async (metric) => {
      for (const dimension of [1, 3, 16, 100, 384]) {
        const random = new SeededRandom(dimension);
        const rows = randomRows(random, 700, dimension);
        const lists = listsOver(rows, dimension, random);
        const excluded = createBitmap(700);
        for (let row = 0; row < 700; row++) if (random.chance(0.5)) setBit(excluded, row);
        const cases = [1, 2, 10, lists.starts.length - 1, 5000].flatMap((probes) => [
          { scope: { probes }, k: 10, queries: 1 },
          { scope: { probes, excluded }, k: 10, queries: 3 },
          { scope: { probes, excluded }, k: 300, queries: 2 },
        ]);
        await expectAll({ metric, dimension, rows, lists }, cases, random);
      }
    });

    it.each(METRICS)('K7 under %s: with every list probed the answer is the exact one', async (metric) => {
      const dimension = 24;
      const random = new SeededRandom(11);
      const rows = randomRows(random, 900, dimension);
      const lists = listsOver(rows, dimension, random);
      const shape = { rows: 900, dimension, metric, lists };
      const block = await kernels.hold(shape, pagesOf(rows, dimension, 64));
      const queries = queriesOf(metric, dimension, randomRows(random, 20, dimension).vectors);
      const exact = await block.search(queries, 10, {});
      const probed = await block.search(queries, 10, { probes: lists.starts.length - 1 });
      expect([...probed.rows]).toEqual([...exact.rows]);
      await block.release();
    });

    it('K7 without lists, or where rows are passed, probes are ignored', async () => {
      const dimension = 5;
      const random = new SeededRandom(12);
      const rows = randomRows(random, 40, dimension);
      const queries = queriesOf('dot', dimension, randomRows(random, 1, dimension).vectors);
      const held = await kernels.hold({ rows: 40, dimension, metric: 'dot' }, pagesOf(rows, dimension));
      const passed = await kernels.pass(rows, dimension, 'dot');
      for (const block of [held, passed]) {
        const wanted = { metric: 'dot', dimension, rows, queries, k: 5 } as const;
        expectBest(await block.search(queries, 5, { probes: 1 }), wanted);
        expectBest(await block.search(queries, 5, { rows: Uint32Array.of(3, 4) }), {
          ...wanted,
          scope: { rows: Uint32Array.of(3, 4) },
        });
        await block.release();
      }
    });

    // Shortcuts by rounded numbers have to prove that they miss nothing.
    it.each(METRICS)('K1 under %s: exact among near-duplicates and beside outliers', async (metric) => {
      const dimension = 48;
      const random = new SeededRandom(13);
      const centre = randomRows(random, 1, dimension).vectors;
      const near = Float32Array.from(
        { length: 3000 * dimension },
        (_, i) => centre[i % dimension]! * (i % dimension === 7 ? 60 : 1) + 2e-3 * random.normal(),
      );
      const rows = rowsFrom(near, dimension);
      const shape = { rows: 3000, dimension, metric };
      const block = await kernels.hold(shape, pagesOf(rows, dimension, 512));
      const queries = queriesOf(metric, dimension, near.slice(0, 2 * dimension));
      expectBest(await block.search(queries, 10, {}), { metric, dimension, rows, queries, k: 10 });
      await block.release();
    });
  });
}
