import { describe, expect, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { adversarialRows, numbers } from './adversarial-rows.contract.js';
import { holdingAs, readerOf } from './compact-kernels.contract.js';
import { describeKernels } from './kernels.contract.js';
import {
  type Case,
  pagesOf,
  queriesOf,
  randomRows,
  rowsFrom,
  trueSimilarity,
} from './kernels-oracle.contract.js';
import { describeScopes } from './scopes.contract.js';
import { simdKernels } from './simd-kernels.js';

const kernels = simdKernels()!;
const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2'];

describeKernels('simdKernels that hold int8', async () => holdingAs('int8', kernels), ['hold']);
for (const precision of ['int16', 'int8'] as const) {
  describeScopes(`simdKernels that hold ${precision}`, async () => holdingAs(precision, kernels));
}

/** The bound of `Scope.rounded`: half a low in every number, and what float32 loses. */
function toleranceOf({ metric, dimension, rows, queries }: Case, row: number): number {
  const length = metric === 'cosine' ? 1 : rows.norms[row]!;
  const query = Math.hypot(...queries.vectors.subarray(0, dimension));
  // No number of a row, relative to a mean of others, is above the sum of their greatest lengths.
  const greatest = metric === 'cosine' ? 2 : Math.max(...rows.norms) + length;
  const ofLows = (greatest / 127 / 508) * Math.sqrt(dimension) * 1.01 + greatest * 1e-5;
  // Rows whose numbers are below 2^-100 have zeros as codes.
  const ofRow = ofLows + 2 ** -100 * Math.sqrt(dimension);
  // The least that a float32 tells from zero.
  return (metric === 'l2' ? ofRow : ofRow * query) + 2 ** -149;
}

describe.each(METRICS)('int16 under %s', (metric) => {
  const data = adversarialRows(metric);
  it.each(Object.keys(data))('K9 a rounded similarity is within its bound: %s', async (name) => {
    for (const dimension of [1, 3, 8, 100, 384]) {
      const random = new SeededRandom(dimension);
      const draw = data[name]!(random, dimension);
      const rows = rowsFrom(Float32Array.from(numbers(300, () => 0).flatMap(() => draw())), dimension);
      const queries = queriesOf(metric, dimension, Float32Array.from(draw()));
      const { readRows, counted } = readerOf(rows, dimension);
      const compact = { precision: 'int16', readRows } as const;
      const block = await kernels.hold(
        { rows: 300, dimension, metric, compact },
        pagesOf(rows, dimension, 128),
      );
      const best = await block.search(queries, 300, { rounded: true });
      expect(best.rounded).toBe(true);
      expect(counted.rows).toBe(0);
      expect(new Set(best.rows).size).toBe(300);
      const wanted: Case = { metric, dimension, rows, queries, k: 300 };
      for (const [rank, row] of best.rows.entries()) {
        const difference = Math.abs(best.similarities[rank]! - trueSimilarity(wanted, row, 0));
        if (difference <= toleranceOf(wanted, row)) continue;
        expect.fail(`dimension ${dimension}, row ${row}: off by ${difference}`);
      }
      await block.release();
    }
  });

  it('K9 ordinary rows are scored to 1e-5 of the lengths, in their order', async () => {
    const dimension = 384;
    const random = new SeededRandom(2);
    const rows = randomRows(random, 2000, dimension);
    const queries = queriesOf(metric, dimension, randomRows(random, 1, dimension).vectors);
    const compact = { precision: 'int16', readRows: readerOf(rows, dimension).readRows } as const;
    const block = await kernels.hold(
      { rows: 2000, dimension, metric, compact },
      pagesOf(rows, dimension, 512),
    );
    const best = await block.search(queries, 100, { rounded: true });
    const wanted: Case = { metric, dimension, rows, queries, k: 100 };
    const length = metric === 'cosine' ? 1 : Math.hypot(...queries.vectors);
    const truth = numbers(2000, (row) => trueSimilarity(wanted, row, 0)).sort((a, b) => b - a);
    for (const [rank, row] of best.rows.entries()) {
      const scale = length * (metric === 'cosine' ? 1 : metric === 'dot' ? rows.norms[row]! : 1);
      expect(Math.abs(best.similarities[rank]! - trueSimilarity(wanted, row, 0))).toBeLessThan(1e-5 * scale);
      expect(Math.abs(best.similarities[rank]! - truth[rank]!)).toBeLessThan(1e-5 * scale);
    }
  });
});

describe('what compact blocks cost', () => {
  const dimension = 384;
  const rows = randomRows(new SeededRandom(1), 8000, dimension);
  const queries = queriesOf('cosine', dimension, randomRows(new SeededRandom(2), 1, dimension).vectors);
  const hold = async (precision: 'int16' | 'int8') => {
    const { readRows, counted } = readerOf(rows, dimension);
    const shape = { rows: 8000, dimension, metric: 'cosine', compact: { precision, readRows } } as const;
    return { block: await kernels.hold(shape, pagesOf(rows, dimension, 800)), counted };
  };

  it.each(['int16', 'int8'] as const)('K9 %s reads few rows for an exact answer', async (precision) => {
    const { block, counted } = await hold(precision);
    const best = await block.search(queries, 10, {});
    expect(best.rounded).toBe(false);
    expect(counted.rows).toBeGreaterThanOrEqual(10);
    expect(counted.rows).toBeLessThan(precision === 'int16' ? 13 : 80);
  });

  it('K9 int8 is not rounded, even where it may be', async () => {
    const { block, counted } = await hold('int8');
    expect((await block.search(queries, 10, { rounded: true })).rounded).toBe(false);
    expect(counted.rows).toBeGreaterThanOrEqual(10);
  });

  it('K9 what holding takes is known before: a quarter, a half, or five quarters of float32', async () => {
    const size = { rows: 8000, dimension, metric: 'cosine', lists: 0 } as const;
    for (const [precision, least, most] of [
      ['int8', 0.25, 0.28],
      ['int16', 0.5, 0.53],
      ['float32', 1.25, 1.28],
    ] as const) {
      const bytes = kernels.bytesToHold(size, precision)!;
      const shape = { rows: 8000, dimension, metric: 'cosine' } as const;
      const block =
        precision === 'float32'
          ? await kernels.hold(shape, pagesOf(rows, dimension, 800))
          : (await hold(precision)).block;
      expect(block.bytes).toBeGreaterThanOrEqual(bytes);
      expect(block.bytes).toBeLessThan(bytes + 65_536 * 2);
      const scratch = 700_000 + (precision === 'float32' ? 0 : 1024 * dimension * 4);
      expect(bytes).toBeGreaterThan(rows.vectors.byteLength * least);
      expect(bytes).toBeLessThan(rows.vectors.byteLength * most + scratch);
    }
  });
});

it('K9 where all rows are equal, all are read, and the answer is exact', async () => {
  const dimension = 4;
  const count = 20_000;
  const rows = rowsFrom(
    Float32Array.from({ length: count * dimension }, (_, at) => 0.1 * (1 + (at % dimension))),
    dimension,
  );
  const queries = queriesOf('cosine', dimension, Float32Array.of(1, 2, 3, 4));
  for (const precision of ['int16', 'int8'] as const) {
    const { readRows, counted } = readerOf(rows, dimension);
    const shape = { rows: count, dimension, metric: 'cosine', compact: { precision, readRows } } as const;
    const block = await kernels.hold(shape, pagesOf(rows, dimension, 4096));
    const best = await block.search(queries, 5, {});
    expect(counted.rows).toBe(count);
    expect(best.scanned).toBe(count);
    expect(new Set(best.rows).size).toBe(5);
    for (const similarity of best.similarities) expect(similarity).toBeCloseTo(1, 6);
  }
});
