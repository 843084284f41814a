import { InferenceSession } from 'onnxruntime-web/wasm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { createBitmap, setBit } from '../bitmap.js';
import { SeededRandom } from '../seeded-random.contract.js';
import type { InvertedLists, RowPage, Scope } from './kernels.js';
import {
  expectBest,
  expectWithin,
  pagesOf,
  queriesOf,
  randomRows,
  rowsFrom,
  trueSimilarity,
} from './kernels-oracle.contract.js';
import { configureOrt, type OrtTensor } from './ort.js';
import { OrtKernels } from './ort-kernels.js';

// What is particular to the ONNX Runtime kernels; the contract: kernels.browser.test.ts.

const kernels = new OrtKernels();
configureOrt({});
afterEach(() => vi.restoreAllMocks());

/** Where `run` and `release` of every session are; its type is not told. */
const { prototype } = InferenceSession as unknown as { prototype: InferenceSession };

const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2'];

interface Setting {
  metric: Metric;
  rows: number;
  dimension: number;
  /** Rows of each list, repeated. */
  listSizes?: readonly number[];
}

function make({ metric, rows: count, dimension, listSizes }: Setting) {
  const random = new SeededRandom(count + dimension);
  const rows = randomRows(random, count, dimension);
  const lists = listSizes && listsOf(count, dimension, listSizes, random);
  const pages = pagesOf(rows, dimension, 512);
  return {
    hold: () => kernels.hold({ rows: count, dimension, metric, lists }, pages),
    ask: (queries: number, k: number, scope: Scope = {}) => ({
      ...{ metric, dimension, rows, lists, k, scope },
      queries: queriesOf(metric, dimension, randomRows(random, queries, dimension).vectors),
    }),
    random,
  };
}

function listsOf(
  rows: number,
  dimension: number,
  sizes: readonly number[],
  random: SeededRandom,
): InvertedLists {
  const starts = [0];
  while (starts.at(-1)! < rows)
    starts.push(Math.min(rows, starts.at(-1)! + sizes[(starts.length - 1) % sizes.length]!));
  const { vectors } = randomRows(random, starts.length - 1, dimension);
  return { centroids: vectors, starts: Uint32Array.from(starts) };
}

function everyThird(rows: number) {
  const excluded = createBitmap(rows);
  for (let row = 0; row < rows; row += 3) setBit(excluded, row);
  return excluded;
}

describe('OrtKernels', () => {
  it.each(METRICS)('K7 under %s: a query of lists is one run, masked or not', async (metric) => {
    const { hold, ask } = make({ metric, rows: 3000, dimension: 24, listSizes: [40, 64, 1, 17] });
    const block = await hold();
    const run = vi.spyOn(prototype, 'run');
    for (const scope of [{ probes: 5 }, { probes: 5, excluded: everyThird(3000) }, {}]) {
      const asked = ask(1, 10, scope);
      expectBest(await block.search(asked.queries, asked.k, scope), asked);
    }
    const probed = run.mock.calls.map(([feeds]) => (feeds.isProbe as OrtTensor).data[0]);
    expect(probed).toEqual([1, 1, 0]);
    await block.release();
  });

  // 4,096 dimensions: 1,024 rows are the 16 MiB of one session.
  it.each(METRICS)('K1 under %s: rows in several sessions are searched as one block', async (metric) => {
    const { hold, ask, random } = make({ metric, rows: 2100, dimension: 4096 });
    const create = vi.spyOn(InferenceSession, 'create');
    const block = await hold();
    expect(create).toHaveBeenCalledTimes(3);
    const some = Uint32Array.from(
      Array.from({ length: 2100 }, (_, row) => row).filter(() => random.chance(0.05)),
    );
    const scopes: Scope[] = [
      {},
      { excluded: everyThird(2100) },
      { rows: some },
      { rows: Uint32Array.of(1500) },
    ];
    for (const scope of scopes) {
      const asked = ask(2, 12, scope);
      expectBest(await block.search(asked.queries, asked.k, scope), asked);
    }
    const release = vi.spyOn(prototype, 'release');
    await block.release();
    expect(release).toHaveBeenCalledTimes(3);
  });

  // Their mean is no centre to either of them, so that 2q·x − |x|² cannot tell the rows of one apart.
  it('K1 under l2: the nearest of two distant groups of near neighbours', async () => {
    const [dimension, radius] = [16, 300];
    const random = new SeededRandom(7);
    const near = (sign: number) =>
      Array.from({ length: dimension }, () => sign * radius + 0.03 * random.normal());
    const rows = rowsFrom(
      Float32Array.from(Array.from({ length: 32 }, (_, row) => near(row % 2 === 0 ? 1 : -1)).flat()),
      dimension,
    );
    const shape = { rows: 32, dimension, metric: 'l2' } as const;
    const block = await kernels.hold(shape, pagesOf(rows, dimension));
    const queries = {
      vectors: Float32Array.from(Array.from({ length: 50 }, () => near(1)).flat()),
      count: 50,
    };
    const best = await block.search(queries, 1, {});
    const asked = { ...shape, rows, queries, k: 1 };
    for (let query = 0; query < 50; query++) {
      const nearest = Math.max(...Array.from({ length: 32 }, (_, row) => trueSimilarity(asked, row, query)));
      expectWithin(best.similarities[query]!, nearest, 1e-4, `query ${query}`);
    }
    await block.release();
  });

  it('K1 under l2: more candidates than one run can measure', async () => {
    const { hold, ask } = make({ metric: 'l2', rows: 300, dimension: 4096, listSizes: [20] });
    const block = await hold();
    for (const scope of [{}, { excluded: everyThird(300) }, { probes: 11 }]) {
      const asked = ask(2, 150, scope);
      expectBest(await block.search(asked.queries, asked.k, scope), asked);
    }
    await block.release();
  });

  it.each(METRICS)('K7 under %s: more lists than one run can gather', async (metric) => {
    const { hold, ask } = make({ metric, rows: 1300, dimension: 4096, listSizes: [20] });
    const block = await hold();
    for (const scope of [{ probes: 60 }, { probes: 33, excluded: everyThird(1300) }]) {
      const asked = ask(2, 10, scope);
      expectBest(await block.search(asked.queries, asked.k, scope), asked);
    }
    await block.release();
  });

  it.each(METRICS)('K7 under %s: one list much longer than the others', async (metric) => {
    const { hold, ask } = make({
      metric,
      rows: 20_000,
      dimension: 4,
      listSizes: [...new Array(400).fill(5), 9000],
    });
    const block = await hold();
    // Tables as wide as the longest list would take five times as much as the rows.
    expect(block.bytes).toBeLessThan(1.5 * 20_000 * 4 * 4);
    for (const probes of [1, 3, 300]) {
      const asked = ask(3, 10, { probes, excluded: everyThird(20_000) });
      expectBest(await block.search(asked.queries, asked.k, asked.scope), asked);
    }
    await block.release();
  });

  it('K1 asks for a page when the one before has been taken in, and gives up what was made if one fails', async () => {
    const dimension = 4096;
    const { vectors, norms } = randomRows(new SeededRandom(5), 512, dimension);
    const create = vi.spyOn(InferenceSession, 'create');
    const release = vi.spyOn(prototype, 'release');
    async function* pages(): AsyncGenerator<RowPage> {
      yield { start: 0, vectors, norms };
      vectors.fill(Number.NaN);
      yield { start: 512, vectors, norms };
      expect(create).toHaveBeenCalledTimes(1);
      throw new Error('no such page');
    }
    const held = kernels.hold({ rows: 2048, dimension, metric: 'dot' }, pages());
    await expect(held).rejects.toThrow('no such page');
    expect(release).toHaveBeenCalledTimes(1);
  });
});
