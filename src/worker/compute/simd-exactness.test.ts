import { describe, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { createBitmap, hasBit, setBit } from '../bitmap.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { bestLists } from './inverted-lists.js';
import type { InvertedLists, Rows, Scope } from './kernels.js';
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

const numbers = (count: number, next: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => next(i));

/** By name: how the rows of a set are drawn. */
const DATA: Record<string, (random: SeededRandom, dimension: number) => () => number[]> = {
  'normal numbers': (random, dimension) => () => numbers(dimension, () => random.normal()),
  'rows that differ by less than a code': (random, dimension) => {
    const centre = numbers(dimension, () => random.normal());
    return () => centre.map((value) => value + 1e-3 * random.normal());
  },
  'a cluster far from the origin': (random, dimension) => {
    const centre = numbers(dimension, () => 1e4 * random.normal());
    return () => centre.map((value) => value + random.normal());
  },
  'clusters far apart': (random, dimension) => {
    const centres = numbers(2, () => 1e3).map((scale) => numbers(dimension, () => scale * random.normal()));
    return () => random.pick(centres).map((value) => value + 0.1 * random.normal());
  },
  'one number that dwarfs the others': (random, dimension) => () => {
    const large = random.below(dimension);
    return numbers(dimension, (i) => (i === large ? 100 : 0.1) * random.normal());
  },
  'lengths from 2^-50 to 2^50': (random, dimension) => () => {
    const scale = 2 ** (100 * (random.next() - 0.5));
    return numbers(dimension, () => scale * random.normal());
  },
  'numbers from 2^-40 to 2^40': (random, dimension) => () =>
    numbers(dimension, () => random.normal() * 2 ** (80 * (random.next() - 0.5))),
  'few distinct rows': (random, dimension) => () => numbers(dimension, () => 2 * random.below(2) - 1),
};

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
  const shape = { rows: rows.norms.length, dimension, metric, lists };
  const block = await simdKernels()!.hold(shape, pagesOf(rows, dimension, 128));
  const best = await block.search(queries, k, scope);
  await block.release();
  for (let query = 0; query < queries.count; query++) {
    const oracle = rowsInScope(wanted, query)
      .map((row) => trueSimilarity(wanted, row, query))
      .sort((a, b) => b - a);
    for (let rank = 0; rank < Math.min(k, oracle.length); rank++) {
      const about = `query ${query}, rank ${rank}`;
      const at = query * best.k + rank;
      const expected = oracle[rank]!;
      // Two units in the last place: the norm of a row is rounded, and so is the similarity.
      expectWithin(best.similarities[at]!, expected, 2.5e-7 * Math.abs(expected) + 2 ** -140, about);
      const own = trueSimilarity(wanted, best.rows[at]!, query);
      expectWithin(best.similarities[at]!, own, 2.5e-7 * Math.abs(own) + 2 ** -140, about);
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
  it.each(Object.keys(DATA))('K1 exact to the last digits: %s', async (name) => {
    for (const dimension of DIMENSIONS) {
      const random = new SeededRandom(dimension);
      const draw = DATA[name]!(random, dimension);
      const drawn = numbers(ROWS, () => 0).flatMap(() => draw());
      const rows = rowsFrom(Float32Array.from(drawn), dimension);
      // Rows of the set themselves, their opposites and others: whoever is near, far or beside.
      const own = [...drawn.slice(0, 2 * dimension), ...drawn.slice(0, dimension).map((value) => -value)];
      const queries = queriesOf(metric, dimension, Float32Array.from([...own, ...draw(), ...draw()]));
      const excluded = createBitmap(ROWS);
      for (let row = 0; row < ROWS; row++) if (random.chance(0.2)) setBit(excluded, row);
      const scopes: Scope[] = [
        {},
        { excluded },
        { rows: Uint32Array.from(numbers(ROWS / 3, (i) => 3 * i + random.below(3))) },
      ];
      for (const k of [1, 10])
        for (const scope of scopes) await expectExact({ metric, dimension, rows, queries, k, scope });
    }
  });

  it('K7 the probed lists and their rows are exact to the last digits', async () => {
    for (const dimension of DIMENSIONS) {
      const random = new SeededRandom(dimension);
      const draw = DATA['normal numbers']!(random, dimension);
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
