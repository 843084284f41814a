import { bucketOf, type Dataset, FILTER_BUCKET } from '../data/dataset.js';
import { kthScores } from '../data/truth.js';

/** k-th true scores of the held-out queries, computed when first asked for. */
export class Truth {
  readonly #data: Dataset;
  readonly #k: number;
  readonly #pause: () => Promise<void>;
  readonly #known = new Map<string, Promise<Float64Array>>();

  constructor(data: Dataset, k: number, pause: () => Promise<void>) {
    this.#data = data;
    this.#k = k;
    this.#pause = pause;
  }

  tuning(): Promise<Float64Array> {
    return this.#once('tuning', this.#data.tuning, () => true);
  }

  queries(): Promise<Float64Array> {
    return this.#once('queries', this.#data.queries, () => true);
  }

  filtered(): Promise<Float64Array> {
    return this.#once('filtered', this.#data.queries, (row) => bucketOf(row) === FILTER_BUCKET);
  }

  #once(
    key: string,
    queries: readonly Float32Array[],
    passes: (row: number) => boolean,
  ): Promise<Float64Array> {
    let scores = this.#known.get(key);
    if (!scores) {
      scores = kthScores(this.#data.base, this.#data.dimension, queries, this.#k, passes, this.#pause);
      this.#known.set(key, scores);
    }
    return scores;
  }
}
