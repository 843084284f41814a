import { type Dataset, DIMENSIONS, type HeldOut, heldOutTotal, split } from './dataset.js';
import { normal, sample, uniform } from './random.js';

const DIMENSION = DIMENSIONS.mixture;
const CLUSTERS = 2_000;
/** Length of the noise relative to the cluster centre (length 1): neighbours overlap, but clusters are there. */
const SPREAD = 0.7;
const SEED = 20_384;

/**
 * Vectors like those of a sentence model: a mixture of 2,000 Gaussian clusters on the sphere whose sizes fall
 * off as 1/√rank, with a variance that decays along the axes (∝ (1 + j/24)⁻¹). Queries are further draws.
 */
export async function mixture(size: number, heldOut: HeldOut, pause: () => Promise<void>): Promise<Dataset> {
  const random = uniform(SEED);
  const gauss = normal(random);
  const axis = Float64Array.from({ length: DIMENSION }, (_, j) => 1 / Math.sqrt(1 + j / 24));
  const scale = 1 / Math.hypot(...axis);
  const centres = new Float32Array(CLUSTERS * DIMENSION);
  for (let i = 0; i < centres.length; i++) centres[i] = gauss() * axis[i % DIMENSION]! * scale;
  const cumulative = cumulativeWeights();

  const held = heldOutTotal(heldOut);
  const total = size + held;
  const rows = new Float32Array(total * DIMENSION);
  for (let row = 0; row < total; row++) {
    const from = pick(cumulative, random()) * DIMENSION;
    const to = row * DIMENSION;
    for (let j = 0; j < DIMENSION; j++) {
      rows[to + j] = centres[from + j]! + SPREAD * gauss() * axis[j]! * scale;
    }
    if (row % 4096 === 0) await pause();
  }
  return split('mixture', DIMENSION, rows, sample(uniform(SEED + 1), total, held), heldOut);
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
