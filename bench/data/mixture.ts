import {
  type Dataset,
  DIMENSIONS,
  dealt,
  type HeldOut,
  heldOutTotal,
  MOST_IN_MEMORY,
  normalise,
  type Part,
  rawBytes,
  split,
} from './dataset.js';
import { normal, sample, uniform } from './random.js';

const DIMENSION = DIMENSIONS.mixture;
const CLUSTERS = 2_000;
/** Length of the noise relative to the cluster centre (length 1): neighbours overlap, but clusters are there. */
const SPREAD = 0.7;
const SEED = 20_384;
const PART_ROWS = 100_000;
const ROWS_PER_PAUSE = 4096;

/**
 * Vectors like those of a sentence model: a mixture of 2,000 Gaussian clusters on the sphere whose sizes fall
 * off as 1/√rank, with a variance that decays along the axes (∝ (1 + j/24)⁻¹). Queries are further draws.
 */
export async function mixture(size: number, heldOut: HeldOut, pause: () => Promise<void>): Promise<Dataset> {
  const held = heldOutTotal(heldOut);
  const total = size + held;
  const heldRows = sample(uniform(SEED + 1), total, held);
  if (rawBytes({ size, dimension: DIMENSION }) > MOST_IN_MEMORY) {
    return inParts(size, new Set(heldRows), heldOut, pause);
  }
  const rows = new Float32Array(total * DIMENSION);
  const draw = draws();
  for (let row = 0; row < total; row++) {
    draw(rows, row * DIMENSION);
    if (row % ROWS_PER_PAUSE === 0) await pause();
  }
  return split('mixture', DIMENSION, rows, heldRows, heldOut);
}

async function inParts(
  size: number,
  isHeld: ReadonlySet<number>,
  heldOut: HeldOut,
  pause: () => Promise<void>,
): Promise<Dataset> {
  const total = size + isHeld.size;
  const held: Float32Array[] = [];
  for await (const { row, vector } of eachRow(total, pause)) {
    if (isHeld.has(row)) held.push(vector.slice());
    if (held.length === isHeld.size) break;
  }
  return {
    name: 'mixture',
    size,
    dimension: DIMENSION,
    async *parts(): AsyncGenerator<Part> {
      const vectors = new Float32Array(PART_ROWS * DIMENSION);
      let from = 0;
      let count = 0;
      for await (const { row, vector } of eachRow(total, pause)) {
        if (isHeld.has(row)) continue;
        vectors.set(vector, count++ * DIMENSION);
        if (count < PART_ROWS) continue;
        yield { from, vectors };
        from += count;
        count = 0;
      }
      if (count > 0) yield { from, vectors: vectors.subarray(0, count * DIMENSION) };
    },
    ...dealt(held, heldOut),
  };
}

/** The same rows each time; a vector is good until the next one is asked for. */
async function* eachRow(
  total: number,
  pause: () => Promise<void>,
): AsyncGenerator<{ row: number; vector: Float32Array }> {
  const draw = draws();
  const vector = new Float32Array(DIMENSION);
  for (let row = 0; row < total; row++) {
    draw(vector, 0);
    normalise(vector);
    yield { row, vector };
    if (row % ROWS_PER_PAUSE === 0) await pause();
  }
}

/** Each call writes the next row into `to`, from `at` on. */
function draws(): (to: Float32Array, at: number) => void {
  const random = uniform(SEED);
  const gauss = normal(random);
  const axis = Float64Array.from({ length: DIMENSION }, (_, j) => 1 / Math.sqrt(1 + j / 24));
  const scale = 1 / Math.hypot(...axis);
  const centres = new Float32Array(CLUSTERS * DIMENSION);
  for (let i = 0; i < centres.length; i++) centres[i] = gauss() * axis[i % DIMENSION]! * scale;
  const cumulative = cumulativeWeights();
  return (to, at) => {
    const from = pick(cumulative, random()) * DIMENSION;
    for (let j = 0; j < DIMENSION; j++) {
      to[at + j] = centres[from + j]! + SPREAD * gauss() * axis[j]! * scale;
    }
  };
}

function cumulativeWeights(): Float64Array {
  const cumulative = new Float64Array(CLUSTERS);
  let sum = 0;
  for (let i = 0; i < CLUSTERS; i++) cumulative[i] = sum += 1 / Math.sqrt(i + 1);
  return cumulative.map((value) => value / sum);
}

/** First position whose cumulative weight exceeds `at`. */
function pick(cumulative: Float64Array, at: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
