import { expect, it } from 'vitest';
import { jsKernels } from '../compute/js-kernels.js';
import { queriesOf, rowsFrom, trueSimilarity } from '../compute/kernels-oracle.contract.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { Pace } from './pace.js';
import { trueNeighbours } from './true-neighbours.js';

const pace = () => new Pace(1, { macsPerCall: 4_000_000 });

// 4,096 dimensions: 1,024 rows are compared at once, so that there are several pages.
it.each(['cosine', 'dot', 'l2'] as const)(
  'I6 neighbours are the truly nearest other rows (%s)',
  async (metric) => {
    const [dimension, count] = [4096, 1500];
    const random = new SeededRandom(1);
    const rows = rowsFrom(
      Float32Array.from({ length: count * dimension }, () => random.next() - 0.4),
      dimension,
    );
    const sample = Uint32Array.of(1400, 3);
    const shares: number[] = [];
    const found = await trueNeighbours(rows, { dimension, metric }, sample, 7, jsKernels, pace(), (share) =>
      shares.push(share),
    );
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    for (const [i, row] of sample.entries()) {
      const query = rows.vectors.slice(row * dimension, (row + 1) * dimension);
      const question = { metric, dimension, rows, queries: queriesOf(metric, dimension, query), k: 7 };
      const oracle = Array.from({ length: count }, (_, other) => other)
        .filter((other) => other !== row)
        .map((other) => ({ other, similarity: trueSimilarity(question, other, 0) }))
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, 7);
      expect([...found[i]!.rows]).toEqual(oracle.map(({ other }) => other));
      for (const [rank, { similarity }] of oracle.entries()) {
        expect(found[i]!.similarities[rank]).toBeCloseTo(similarity, 2);
      }
    }
  },
);

it('I6 a row that is there twice is its own neighbour once', async () => {
  const rows = rowsFrom(Float32Array.of(1, 0, 0, 1, 1, 0), 2);
  const shape = { dimension: 2, metric: 'cosine' } as const;
  const [first, last] = await trueNeighbours(
    rows,
    shape,
    Uint32Array.of(0, 2),
    5,
    jsKernels,
    pace(),
    () => {},
  );
  expect([...first!.rows]).toEqual([2, 1]);
  expect([...last!.rows]).toEqual([0, 1]);
});
