import type { Metric } from '../../shared/types.js';
import { pause, Slice } from '../slices.js';
import type { Kernels, RowPage } from './kernels.js';

/** What an exact search of one query takes: fixedMs + rows × perRowMs. */
export interface SearchCost {
  readonly fixedMs: number;
  readonly perRowMs: number;
}

export interface Calibration {
  /** From this many rows on the GPU is the faster one; Infinity: never. */
  readonly crossoverRows: number;
  /** Undefined where the GPU was so slow that it was not measured further. */
  readonly gpu: SearchCost | undefined;
  readonly cpu: SearchCost;
}

/** The larger of the two blocks that are measured; more is closer to the truth, and takes longer. */
const MOST_BYTES = 24 << 20;
const MOST_ROWS = 16_384;
const SIZE_RATIO = 8;
const RUNS = 5;
/** A run repeats its search for so long: clocks have steps of 0.1 ms, more than a small search takes. */
const RUN_MS = 2;
const MOST_SEARCHES = 100;

/** A GPU that takes longer for the smaller block (at most 3 MiB) is none. */
const HOPELESS_MS = 25;

/**
 * Measures exact searches of two small blocks on both kernels and draws a line through each pair. Takes some tens of
 * milliseconds on a real GPU, its shaders' compilation apart, which would come with the first search anyway. The
 * blocks fit the caches of a CPU, which large segments do not: where it errs, it is in favour of the CPU.
 *
 * @param now milliseconds
 */
export async function calibrate(
  gpu: Kernels,
  cpu: Kernels,
  dimension: number,
  metric: Metric,
  now: () => number = () => performance.now(),
): Promise<Calibration> {
  const large = Math.min(
    MOST_ROWS,
    8 * SIZE_RATIO * Math.ceil(MOST_BYTES / (dimension * 4 * 8 * SIZE_RATIO)),
  );
  const page = await randomPage(large, dimension);
  const cpuCost = await costOf(cpu, page, dimension, metric, now, Number.POSITIVE_INFINITY);
  const gpuCost = await costOf(gpu, page, dimension, metric, now, HOPELESS_MS);
  return { crossoverRows: crossover(gpuCost, cpuCost!), gpu: gpuCost, cpu: cpuCost! };
}

function crossover(gpu: SearchCost | undefined, cpu: SearchCost): number {
  if (gpu === undefined) return Number.POSITIVE_INFINITY;
  const gain = cpu.perRowMs - gpu.perRowMs;
  const price = gpu.fixedMs - cpu.fixedMs;
  if (price <= 0) return gain >= 0 ? 0 : Number.POSITIVE_INFINITY;
  return gain > 0 ? Math.ceil(price / gain) : Number.POSITIVE_INFINITY;
}

async function costOf(
  kernels: Kernels,
  page: RowPage,
  dimension: number,
  metric: Metric,
  now: () => number,
  mostMs: number,
): Promise<SearchCost | undefined> {
  const large = page.norms.length;
  const small = large / SIZE_RATIO;
  const smallMs = await medianMs(kernels, firstRows(page, small, dimension), dimension, metric, now);
  if (smallMs > mostMs) return undefined;
  const largeMs = await medianMs(kernels, page, dimension, metric, now);
  const perRowMs = Math.max(0, (largeMs - smallMs) / (large - small));
  return { perRowMs, fixedMs: Math.max(0, smallMs - perRowMs * small) };
}

async function medianMs(
  kernels: Kernels,
  page: RowPage,
  dimension: number,
  metric: Metric,
  now: () => number,
): Promise<number> {
  const rows = page.norms.length;
  const block = await kernels.hold({ rows, dimension, metric }, [page]);
  try {
    const query = { vectors: unit(page.vectors.slice(0, dimension)), count: 1 };
    const took: number[] = [];
    // Compiles shaders.
    await block.search(query, 10, {});
    for (let run = 0; run < RUNS; run++) {
      await pause();
      const start = now();
      let elapsed = 0;
      let searches = 0;
      while (elapsed < RUN_MS && searches < MOST_SEARCHES) {
        await block.search(query, 10, {});
        searches++;
        elapsed = now() - start;
      }
      took.push(elapsed / searches);
    }
    return took.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!;
  } finally {
    await block.release();
  }
}

function firstRows({ vectors, norms }: RowPage, rows: number, dimension: number): RowPage {
  return { start: 0, vectors: vectors.slice(0, rows * dimension), norms: norms.slice(0, rows) };
}

/** Uniform in [−1, 1), by a linear congruential generator (Numerical Recipes): quality does not matter here. */
async function randomPage(rows: number, dimension: number): Promise<RowPage> {
  const vectors = new Float32Array(rows * dimension);
  const norms = new Float32Array(rows);
  const slice = new Slice();
  let state = 1;
  for (let row = 0; row < rows; row++) {
    let squares = 0;
    for (let i = row * dimension; i < (row + 1) * dimension; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      const value = Math.fround(state / 2 ** 31);
      vectors[i] = value;
      squares += value * value;
    }
    norms[row] = Math.sqrt(squares);
    if (slice.isOver()) await slice.next();
  }
  return { start: 0, vectors, norms };
}

function unit(vector: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}
