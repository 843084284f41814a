import { type Dataset, DIMENSIONS, type HeldOut, heldOutTotal, split } from './dataset.js';
import { sample, uniform } from './random.js';

const DIMENSION = DIMENSIONS.glove;
const SEED = 20_100;

/** All there are. */
export const GLOVE_WORDS = 341_479;

/**
 * The most frequent words of GloVe 6B as 100-d vectors; a seeded choice of them is held out as queries. Where there are
 * not enough for both, the held-out ones are taken off the size.
 */
export async function glove(size: number, heldOut: HeldOut): Promise<Dataset> {
  const held = heldOutTotal(heldOut);
  const total = Math.min(size + held, GLOVE_WORDS);
  const bytes = total * DIMENSION * 4;
  const response = await fetch(new URL(`peers-data/glove-100.f32?bytes=${bytes}`, document.baseURI));
  if (!response.ok) {
    throw new Error(
      `GloVe answered ${response.status}. Start the page by "npm run bench", which fetches it.`,
    );
  }
  const rows = new Float32Array(await response.arrayBuffer());
  if (rows.length !== total * DIMENSION) {
    throw new Error(
      `GloVe has ${rows.length / DIMENSION} words instead of ${total}. Delete bench/.peers and start again.`,
    );
  }
  return split('glove', DIMENSION, rows, sample(uniform(SEED), total, held), heldOut);
}
