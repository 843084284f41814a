import { describe, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { createBitmap, hasBit, setBit } from '../bitmap.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { adversarialRows, numbers } from './adversarial-rows.contract.js';
import { holdingAs } from './compact-kernels.contract.js';
import { bestLists } from './inverted-lists.js';
import type { BestRows, InvertedLists, Rows } from './kernels.js';
import {
  type Case,
  expectWithin,
  pagesOf,
  queriesOf,
  rowsFrom,
  trueSimilarity,
} from './kernels-oracle.contract.js';
import { simdKernels } from './simd-kernels.js';

// The kernel looks at int8 codes first. What it returns must be the best of all the same: here to the last digits of
// float32, which is stricter than the contract, on data that codes tell badly apart.

const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2'];
const DIMENSIONS = [1, 2, 3, 8, 9, 33, 100];
const ROWS = 600;

function rowsInScope(wanted: Case, query: number): number[] {
  const { metric, dimension, rows, queries, scope = {}, lists } = wanted;
  if (scope.rows !== undefined) return [...scope.rows];
  const all = [...rows.norms.keys()].filter((row) => !scope.excluded || !hasBit(scope.excluded, row));
  if (scope.probes === undefined || lists === undefined) return all;
  const vector = queries.vectors.subarray(query * dimension, (query + 1) * dimension);
  const probed = bestLists(lists, metric, vector, scope.probes);
  return all.filter((row) =>
    probed.some((list) => row >= lists.starts[list]! && row < lists.starts[list + 1]!),
  );
}

async function expectExact(wanted: Case): Promise<void> {
  const { metric, dimension, rows, lists, queries, k, scope = {} } = wanted;
  const kernels = simdKernels()!;
  const shape = { rows: rows.norms.length, dimension, metric, lists };
  const blocks = [await kernels.hold(shape, pagesOf(rows, dimension, 128))];
  if (lists === undefined) blocks.push(await kernels.pass(rows, dimension, metric));
  for (const precision of ['int16', 'int8'] as const) {
    blocks.push(await holdingAs(precision, kernels).hold(shape, pagesOf(rows, dimension, 128)));
  }
  for (const block of blocks) {
    expectBestOfAll(await block.search(queries, k, scope), wanted);
    await block.release();
  }
}

function expectBestOfAll(best: BestRows, wanted: Case): void {
  for (let query = 0; query < wanted.queries.count; query++) {
    const oracle = rowsInScope(wanted, query)
      .map((row) => trueSimilarity(wanted, row, query))
      .sort((a, b) => b - a);
    for (let rank = 0; rank < Math.min(wanted.k, oracle.length); rank++) {
      const at = query * best.k + rank;
      const own = trueSimilarity(wanted, best.rows[at]!, query);
      for (const expected of [oracle[rank]!, own]) {
        // Two units in the last place: the norm of a row is rounded, and so is the similarity.
        const tolerance = 2.5e-7 * Math.abs(expected) + 2 ** -149;
        expectWithin(best.similarities[at]!, expected, tolerance, `query ${query}, rank ${rank}`);
      }
    }
  }
}

function listsOf({ vectors, norms }: Rows, dimension: number): InvertedLists {
  const starts = Uint32Array.from(numbers(norms.length / 20 + 1, (i) => 20 * i));
  const centroids = new Float32Array((starts.length - 1) * dimension);
  for (let i = 0; i < vectors.length; i++) {
    centroids[Math.floor(i / dimension / 20) * dimension + (i % dimension)]! += vectors[i]! / 20;
  }
  return { centroids, starts };
}

describe.each(METRICS)('simdKernels under %s', (metric) => {
  const data = adversarialRows(metric);
  it.each(Object.keys(data))('K1 exact to the last digits: %s', async (name) => {
    for (const dimension of DIMENSIONS) {
      const random = new SeededRandom(dimension);
      const draw = data[name]!(random, dimension);
      const drawn = numbers(ROWS, () => 0).flatMap(() => draw());
      const rows = rowsFrom(Float32Array.from(drawn), dimension);
      // Near, opposite, at a right angle, and far longer.
      const row = drawn.slice(0, dimension);
      const aside = row.map((_, i) => (row[i ^ 1] ?? row[i]!) * (1 - 2 * (i & 1)));
      const long = row.map(() => 2 ** 40);
      const vectors = [...row, ...row.map((value) => -value), ...draw(), ...aside, ...long];
      const queries = queriesOf(metric, dimension, Float32Array.from(vectors));
      const excluded = createBitmap(ROWS);
      for (let row = 0; row < ROWS; row++) if (random.chance(0.2)) setBit(excluded, row);
      const listed = Uint32Array.from(numbers(ROWS / 3, (i) => 3 * i + random.below(3)));
      for (const k of [1, 10]) {
        for (const scope of [{}, { excluded }, { rows: listed }]) {
          await expectExact({ metric, dimension, rows, queries, k, scope });
        }
      }
    }
  });

  it('K7 the probed lists and their rows are exact to the last digits', async () => {
    for (const dimension of DIMENSIONS) {
      const random = new SeededRandom(dimension);
      const draw = data['normal numbers']!(random, dimension);
      const rows = rowsFrom(Float32Array.from(numbers(ROWS, () => 0).flatMap(() => draw())), dimension);
      const queries = queriesOf(metric, dimension, Float32Array.from([...draw(), ...draw(), ...draw()]));
      for (const probes of [1, 3, 9]) {
        const lists = listsOf(rows, dimension);
        await expectExact({ metric, dimension, rows, lists, queries, k: 5, scope: { probes } });
      }
    }
  });

  it('K1 exact where more rows may be the best than there is room to note', async () => {
    const dimension = 16;
    const random = new SeededRandom(5);
    const centre = numbers(dimension, () => random.normal());
    // Codes are of rows relative to the mean of the first: these are all over the place, so that it is no help.
    const first = numbers(128 * dimension, () => random.normal());
    const near = numbers(9000, () => 0).flatMap(() => centre.map((value) => value + 1e-4 * random.normal()));
    const rows = rowsFrom(Float32Array.from([...first, ...near]), dimension);
    const queries = queriesOf(metric, dimension, Float32Array.from(centre));
    for (const k of [1, 3, 400]) await expectExact({ metric, dimension, rows, queries, k });
  });
});

// Codes of a row are off by half a code in each number but its greatest, of a query by half of one of its own. In
// these rows that counts in full, in one direction for the one and in the other for the other.
it('K1 exact where the codes of two rows are off by as much as they can be, in opposite directions', async () => {
  const [over, under] = [0.500005 / 127, 0.599995 / 127];
  const drawn = [1, over, 1.2, under];
  const rows = rowsFrom(Float32Array.from([...drawn, ...drawn.map((value) => -value)]), 2);
  const queries = { vectors: Float32Array.of(0, 1), count: 1 };
  await expectExact({ metric: 'dot', dimension: 2, rows, queries, k: 1 });
});

it('K1 exact where the codes of the query are off by as much as they can be', async () => {
  const number = 10.50001 / 32767;
  const drawn = [127, 127, 127 * (1 + number + 7e-6), 0];
  const rows = rowsFrom(Float32Array.from([...drawn, ...drawn.map((value) => -value)]), 2);
  const queries = { vectors: Float32Array.of(1, number), count: 1 };
  await expectExact({ metric: 'dot', dimension: 2, rows, queries, k: 1 });
});

it('K1 exact where every code is as great as it can be, and adds to the same sum', async () => {
  const dimension = 4096;
  const random = new SeededRandom(3);
  const draw = adversarialRows('dot')['few distinct rows']!(random, dimension);
  const drawn = numbers(20, () => 0).flatMap(() => draw());
  const rows = rowsFrom(Float32Array.from([...drawn, ...drawn.map((value) => -value)]), dimension);
  const queries = { vectors: rows.vectors.slice(0, 3 * dimension), count: 3 };
  for (const metric of ['dot', 'l2'] as const) await expectExact({ metric, dimension, rows, queries, k: 3 });
});

it('K1 what an earlier block left in the memory has no effect', async () => {
  const kernels = simdKernels()!;
  const random = new SeededRandom(4);
  const dimension = 5;
  const everything = createBitmap(2000).fill(255);
  const draw = adversarialRows('dot')['normal numbers']!(random, dimension);
  const rowsOf = (count: number) =>
    rowsFrom(Float32Array.from(numbers(count, () => 0).flatMap(() => draw())), dimension);
  for (let count = 100; count < 2000; count += 50) {
    // Leaves "no row" wherever rows could have been: as a float32, not a number.
    const before = await kernels.pass(rowsOf(count), dimension, 'dot');
    await before.search({ vectors: Float32Array.from(draw()), count: 1 }, 40, { excluded: everything });
    const queries = { vectors: Float32Array.from(draw()), count: 1 };
    await expectExact({
      metric: 'dot',
      dimension,
      rows: rowsOf(count + random.below(2000)),
      queries,
      k: 2000,
    });
  }
});
