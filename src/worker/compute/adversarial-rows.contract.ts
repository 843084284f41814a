import type { Metric } from '../../shared/types.js';
import type { SeededRandom } from '../seeded-random.contract.js';

// Data for kernels that score by few digits first.

/** Given a dimension, how rows of a set are drawn. */
type Data = (random: SeededRandom, dimension: number) => () => number[];

export const numbers = (count: number, next: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => next(i));

const ANY_METRIC: Record<string, Data> = {
  'normal numbers': (random, dimension) => () => numbers(dimension, () => random.normal()),
  'rows that differ by less than a code': (random, dimension) => {
    const centre = numbers(dimension, () => random.normal());
    return () => centre.map((value) => value + 1e-3 * random.normal());
  },
  'rows that differ in the last digits': (random, dimension) => {
    const centre = numbers(dimension, () => random.normal());
    return () => centre.map((value) => value + 1e-6 * random.normal());
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
  'products that cancel': (random, dimension) => () => {
    const half = numbers(dimension >> 1, () => 1e6 * random.normal());
    return numbers(dimension, (i) => (half[i >> 1] ?? 0) * (1 - 2 * (i & 1)) + random.normal());
  },
  'few distinct rows': (random, dimension) => () => numbers(dimension, () => 2 * random.below(2) - 1),
};

/** Shorter than cosine takes, and too short for float32 to multiply. */
const NO_COSINE: Record<string, Data> = {
  'lengths about 2^-65': (random, dimension) => () => numbers(dimension, () => 2 ** -65 * random.normal()),
  'lengths about 2^-101': (random, dimension) => () => numbers(dimension, () => 2 ** -101 * random.normal()),
  'lengths about 2^-135': (random, dimension) => () => numbers(dimension, () => 2 ** -135 * random.normal()),
};

export function adversarialRows(metric: Metric): Record<string, Data> {
  return metric === 'cosine' ? ANY_METRIC : { ...ANY_METRIC, ...NO_COSINE };
}
