import { beforeAll, describe, expect, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { type Bitmap, createBitmap, setBit } from '../bitmap.js';
import { SeededRandom } from '../seeded-random.contract.js';
import type { BestRows, InvertedLists, Kernels, RowBlock, Rows } from './kernels.js';
import {
  type Case,
  expectBest,
  expectWithin,
  pagesOf,
  queriesOf,
  randomRows,
  rowsFrom,
  trueSimilarity,
} from './kernels-oracle.contract.js';

const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2'];
const DIMENSIONS = [1, 2, 3, 4, 5, 7, 100, 384, 4096];
const ROW_COUNTS = [1, 7, 8, 9, 1000];

function bitmapOf(rows: number, isSet: (row: number) => boolean): Bitmap {
  const bitmap = createBitmap(rows);
  for (let row = 0; row < rows; row++) if (isSet(row)) setBit(bitmap, row);
  return bitmap;
}

/** @param makes blocks of one kind only, where the other is no different from that of kernels tested elsewhere. */
export function describeKernels(
  name: string,
  load: () => Promise<Kernels>,
  makes: readonly ('hold' | 'pass')[] = ['hold', 'pass'],
): void {
  describe(`${name} keeps the contract of Kernels`, () => {
    let kernels: Kernels;
    beforeAll(async () => {
      kernels = await load();
    });

    const hold = (rows: Rows, dimension: number, metric: Metric, lists?: InvertedLists) =>
      kernels.hold({ rows: rows.norms.length, dimension, metric, lists }, pagesOf(rows, dimension));
    const makers = {
      hold,
      pass: (rows: Rows, dimension: number, metric: Metric) => kernels.pass(rows, dimension, metric),
    };
    const withBlock = async (
      make: keyof typeof makers,
      { metric, dimension, rows }: Pick<Case, 'metric' | 'dimension' | 'rows'>,
      task: (block: RowBlock) => Promise<void>,
    ) => {
      const block = await makers[make](rows, dimension, metric);
      expect(block.backend).toBe(kernels.backend);
      expect(block.kernel).toBe(kernels.name);
      expect(block.rows).toBe(rows.norms.length);
      await task(block);
      await block.release();
    };

    describe.each(makes)('%s', (make) => {
      it.each(DIMENSIONS)(
        'K1 gives the best rows of dimension %i, with any k, mask and batch',
        async (dimension) => {
          for (const count of ROW_COUNTS) {
            const random = new SeededRandom(1000 * dimension + count);
            const rows = randomRows(random, count, dimension);
            const masks: (Bitmap | undefined)[] = [
              undefined,
              bitmapOf(count, () => true),
              bitmapOf(count, () => random.chance(0.4)),
              bitmapOf(count, (row) => row === count - 1),
              bitmapOf(count, (row) => row !== count - 1),
            ];
            for (const metric of METRICS) {
              await withBlock(make, { metric, dimension, rows }, async (block) => {
                for (const [i, k] of [1, 3, 10, count, count + 5].entries()) {
                  const own = randomRows(random, 1 + (i % 3), dimension).vectors;
                  const queries = queriesOf(metric, dimension, own);
                  const excluded = masks[i];
                  const best = await block.search(queries, k, { excluded });
                  expectBest(best, { metric, dimension, rows, queries, k, scope: { excluded } });
                }
              });
            }
          }
        },
      );

      it.each(METRICS)('K1 under %s: every mask with every k', async (metric) => {
        const dimension = 5;
        for (const count of [1, 7, 8, 9, 15, 16, 17, 33]) {
          const random = new SeededRandom(count);
          const rows = randomRows(random, count, dimension);
          const queries = queriesOf(metric, dimension, randomRows(random, 2, dimension).vectors);
          await withBlock(make, { metric, dimension, rows }, async (block) => {
            for (let share = 0; share <= 10; share++) {
              const excluded = bitmapOf(count, () => random.chance(share / 10));
              for (const k of [1, 2, 5, count, 100_000]) {
                const best = await block.search(queries, k, { excluded });
                expectBest(best, { metric, dimension, rows, queries, k, scope: { excluded } });
              }
            }
          });
        }
      });

      it.each(METRICS)('K1 under %s: a batch of 100 queries gives what each alone gives', async (metric) => {
        const dimension = 100;
        const random = new SeededRandom(4);
        const rows = randomRows(random, 1000, dimension);
        const excluded = bitmapOf(1000, () => random.chance(0.3));
        const queries = queriesOf(metric, dimension, randomRows(random, 100, dimension).vectors);
        const k = 7;
        await withBlock(make, { metric, dimension, rows }, async (block) => {
          const together = await block.search(queries, k, { excluded });
          expectBest(together, { metric, dimension, rows, queries, k, scope: { excluded } });
          for (let q = 0; q < queries.count; q++) {
            const own = { vectors: queries.vectors.slice(q * dimension, (q + 1) * dimension), count: 1 };
            const alone = await block.search(own, k, { excluded });
            for (let rank = 0; rank < k; rank++) {
              expectWithin(
                alone.similarities[rank]!,
                together.similarities[q * k + rank]!,
                metric === 'cosine' ? 1e-5 : 1e-3,
                `query ${q}, rank ${rank}`,
              );
            }
          }
        });
      });

      it.each(METRICS)('K1 under %s: each of equal rows is given once', async (metric) => {
        const dimension = 3;
        const one = [0.6, -0.48, 0.64];
        const rows = rowsFrom(Float32Array.from(Array.from({ length: 40 }, () => one).flat()), dimension);
        const queries = queriesOf(metric, dimension, Float32Array.from(one));
        await withBlock(make, { metric, dimension, rows }, async (block) => {
          for (const k of [1, 5, 39, 40, 41]) {
            expectBest(await block.search(queries, k, {}), { metric, dimension, rows, queries, k });
          }
        });
      });

      it.each([
        ['dot', 62],
        ['l2', 62],
        ['cosine', 62],
        ['cosine', -62],
        ['dot', -62],
        ['l2', -20],
      ] as const)(
        'K2 under %s: vectors of norm 2^%i neither overflow nor vanish',
        async (metric, exponent) => {
          for (const dimension of [1, 4, 384]) {
            const random = new SeededRandom(exponent + dimension);
            const unit = randomRows(random, 60, dimension);
            const scaled = unit.vectors.map((value, i) => {
              // A little below the limit, so that rounding does not go beyond it.
              const scale = (0.999999 * 2 ** exponent) / unit.norms[Math.floor(i / dimension)]!;
              return value * scale;
            });
            const rows = rowsFrom(scaled, dimension);
            const own = scaled.slice(0, 3 * dimension).map((value) => -value);
            const queries = queriesOf(metric, dimension, own);
            await withBlock(make, { metric, dimension, rows }, async (block) => {
              const best = await block.search(queries, 60, {});
              expect([...best.similarities].every(Number.isFinite)).toBe(true);
              expectBest(best, { metric, dimension, rows, queries, k: 60 });
              if (metric === 'cosine') return;
              // Relative precision: the absolute tolerance would hide a product that vanished.
              for (let rank = 0; rank < 60; rank++) {
                const truth = trueSimilarity(
                  { metric, dimension, rows, queries, k: 60 },
                  best.rows[rank]!,
                  0,
                );
                expectWithin(
                  best.similarities[rank]!,
                  truth,
                  1e-4 * (metric === 'dot' ? 4 : 2) ** exponent,
                  `rank ${rank}`,
                );
              }
            });
          }
        },
      );

      it('K1 under l2: the distance of a row to itself is zero, however far from the origin', async () => {
        const dimension = 100;
        const random = new SeededRandom(9);
        const rows = randomRows(random, 200, dimension, 1e3);
        const queries = { vectors: rows.vectors.slice(50 * dimension, 53 * dimension), count: 3 };
        await withBlock(make, { metric: 'l2', dimension, rows }, async (block) => {
          const best = await block.search(queries, 2, {});
          expect([best.rows[0], best.rows[2], best.rows[4]]).toEqual([50, 51, 52]);
          for (const at of [0, 2, 4]) expect(Math.abs(best.similarities[at]!)).toBe(0);
        });
      });

      // 2q·x − |x|² alone has lost these differences: |x|² is 10^4 to 10^8 times the squares of the distances.
      it.each([100, 1_000, 10_000])(
        'K1 under l2: finds the nearest of 1,000 near-duplicates %i away from the origin',
        async (radius) => {
          const dimension = 16;
          const random = new SeededRandom(radius);
          const centre = Array.from({ length: dimension }, () => (radius * (1 + random.next())) / 6);
          const near = () => centre.map((value) => value + 0.1 * random.normal());
          const rows = rowsFrom(Float32Array.from(Array.from({ length: 1000 }, near).flat()), dimension);
          const queries = { vectors: Float32Array.from([...near(), ...near(), ...near()]), count: 3 };
          const wanted: Case = { metric: 'l2', dimension, rows, queries, k: 10 };
          await withBlock(make, wanted, async (block) => {
            const best = await block.search(queries, 10, {});
            for (let q = 0; q < 3; q++) {
              const truth = Array.from({ length: 1000 }, (_, row) => trueSimilarity(wanted, row, q)).sort(
                (a, b) => b - a,
              );
              for (let rank = 0; rank < 10; rank++) {
                expectWithin(
                  best.similarities[10 * q + rank]!,
                  truth[rank]!,
                  1e-4,
                  `query ${q}, rank ${rank}`,
                );
              }
            }
          });
        },
      );

      it('K1 answers searches that overlap, on one block and on several', async () => {
        const dimension = 8;
        const random = new SeededRandom(6);
        const blocks = await Promise.all(
          METRICS.flatMap((metric) =>
            [30, 500].map(async (count) => {
              const rows = randomRows(random, count, dimension);
              return { metric, rows, block: await makers[make](rows, dimension, metric) };
            }),
          ),
        );
        const searches = Array.from({ length: 60 }, async (_, i) => {
          const { metric, rows, block } = blocks[i % blocks.length]!;
          const count = rows.norms.length;
          const queries = queriesOf(metric, dimension, randomRows(random, 1 + (i % 4), dimension).vectors);
          const excluded = i % 2 === 0 ? undefined : bitmapOf(count, () => random.chance(0.5));
          const best = await block.search(queries, 5, { excluded });
          expectBest(best, { metric, dimension, rows, queries, k: 5, scope: { excluded } });
        });
        await Promise.all(searches);
        for (const { block } of blocks) await block.release();
      });

      it('K1 answers the same when asked again, and leaves what it was given as it was', async () => {
        const dimension = 6;
        const random = new SeededRandom(8);
        for (const metric of METRICS) {
          const rows = randomRows(random, 70, dimension);
          const queries = queriesOf(metric, dimension, randomRows(random, 2, dimension).vectors);
          const masks = [bitmapOf(70, (row) => row % 3 === 0), bitmapOf(70, (row) => row % 3 === 1)];
          const given = structuredClone({ rows, queries, masks });
          await withBlock(make, { metric, dimension, rows }, async (block) => {
            const answers: BestRows[] = [];
            for (const excluded of [masks[0], masks[1], undefined, masks[0], masks[1], undefined]) {
              answers.push(structuredClone(await block.search(queries, 9, { excluded })));
            }
            expect(answers.slice(3)).toEqual(answers.slice(0, 3));
            expect(answers[0]).not.toEqual(answers[1]);
          });
          expect({ rows, queries, masks }).toEqual(given);
        }
      });
    });

    it('K1 a held block keeps answering when other blocks are released', async () => {
      const dimension = 4;
      const rows = randomRows(new SeededRandom(2), 50, dimension);
      const queries = queriesOf('dot', dimension, randomRows(new SeededRandom(3), 1, dimension).vectors);
      const [kept, released] = [await hold(rows, dimension, 'dot'), await hold(rows, dimension, 'dot')];
      const passed = await kernels.pass(rows, dimension, 'dot');
      await released.release();
      await passed.release();
      const again = await kernels.pass(rows, dimension, 'dot');
      for (const block of [kept, again]) {
        expectBest(await block.search(queries, 5, {}), {
          metric: 'dot',
          dimension,
          rows,
          queries,
          k: 5,
        });
      }
      await kept.release();
    });

    it('K1 a held block needs the rows it was made of only where it says so', async () => {
      const dimension = 4;
      const rows = randomRows(new SeededRandom(2), 50, dimension);
      const copy = structuredClone(rows);
      const queries = queriesOf('l2', dimension, randomRows(new SeededRandom(3), 1, dimension).vectors);
      const block = await kernels.hold({ rows: 50, dimension, metric: 'l2' }, [{ start: 0, ...rows }]);
      if (kernels.holdsByReference) expect(block.bytes).toBe(0);
      else {
        rows.vectors.fill(0);
        rows.norms.fill(1);
        expect(block.bytes).toBeGreaterThanOrEqual(copy.vectors.byteLength);
      }
      const wanted: Case = { metric: 'l2', dimension, rows: copy, queries, k: 5 };
      expectBest(await block.search(queries, 5, {}), wanted);
      await block.release();
    });
  });
}
