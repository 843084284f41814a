import { MEASURED_K, type MeasuredRecall, type RecallCurve } from './recall-curve.js';
import type { Neighbours } from './true-neighbours.js';

/** Each number of probes is at least this much greater than the one before. */
const STEP = 1.25;
/** Similarities whose difference is a smaller part of them are equal: float32 sums in another order. */
const EQUAL = 1e-6;

/** Adds up, query by query, how much is found with how many probes. */
export class RecallTally {
  readonly #probes: readonly number[];
  readonly #scanned: Float64Array;
  readonly #sums: readonly Sums[];
  readonly #rankOf: Uint32Array;
  #queries = 0;

  constructor(private readonly starts: Uint32Array) {
    const lists = starts.length - 1;
    this.#probes = probeNumbers(lists);
    this.#scanned = new Float64Array(this.#probes.length);
    this.#sums = MEASURED_K.map((k) => new Sums(k, this.#probes.length));
    this.#rankOf = new Uint32Array(lists);
  }

  /**
   * @param order lists by falling score for this query.
   * @param listOf row → list.
   */
  add(order: Uint32Array, neighbours: Neighbours, listOf: Uint32Array): void {
    this.#queries++;
    const { starts } = this;
    let scanned = 0;
    let point = 0;
    for (const [rank, list] of order.entries()) {
      this.#rankOf[list] = rank;
      scanned += starts[list + 1]! - starts[list]!;
      if (rank + 1 === this.#probes[point]) this.#scanned[point++]! += scanned;
    }
    const ranks = Uint32Array.from(neighbours.rows, (row) => this.#rankOf[listOf[row]!]!);
    for (const sums of this.#sums)
      sums.add(ranksOfBest(sums.k, ranks, neighbours.similarities), this.#probes);
  }

  curve(): RecallCurve {
    return {
      sample: this.#queries,
      rows: this.starts.at(-1)!,
      lists: this.starts.length - 1,
      probes: this.#probes,
      scanned: Array.from(this.#scanned, (sum) => Math.round(sum / this.#queries)),
      measured: this.#sums.map((sums) => sums.measured(this.#queries)),
    };
  }
}

/** Recall of the k best: its sum and that of its squares over the queries, by number of probes. */
class Sums {
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;

  constructor(
    readonly k: number,
    points: number,
  ) {
    this.#sum = new Float64Array(points);
    this.#squares = new Float64Array(points);
  }

  /** @param ranks of the lists that the k best are found in, ascending. */
  add(ranks: Uint32Array, probes: readonly number[]): void {
    let hits = 0;
    for (const [point, probed] of probes.entries()) {
      while (hits < ranks.length && ranks[hits]! < probed) hits++;
      const recall = ranks.length === 0 ? 1 : hits / ranks.length;
      this.#sum[point]! += recall;
      this.#squares[point]! += recall * recall;
    }
  }

  measured(queries: number): MeasuredRecall {
    const recall = Array.from(this.#sum, (sum) => sum / queries);
    const deviation = recall.map((mean, i) =>
      Math.sqrt(Math.max(0, this.#squares[i]! / queries - mean * mean)),
    );
    return { k: this.k, recall: recall.map(rounded), deviation: deviation.map(rounded) };
  }
}

/**
 * Ranks, ascending, at which k hits are found. A hit is what is as near as the k-th nearest, so of equally near rows
 * those in the lists that are probed first.
 */
function ranksOfBest(k: number, ranks: Uint32Array, similarities: Float32Array): Uint32Array {
  const width = Math.min(k, ranks.length);
  if (width === 0) return ranks;
  const last = similarities[width - 1]!;
  const least = last - EQUAL * Math.abs(last);
  let end = width;
  while (end < ranks.length && similarities[end]! >= least) end++;
  return ranks.slice(0, end).sort().subarray(0, width);
}

function probeNumbers(lists: number): number[] {
  const numbers: number[] = [];
  for (let probes = 1; probes < lists; probes = Math.max(probes + 1, Math.round(probes * STEP))) {
    numbers.push(probes);
  }
  return [...numbers, lists];
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
