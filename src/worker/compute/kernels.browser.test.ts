import { afterAll, expect, it, vi } from 'vitest';
import { SeededRandom } from '../seeded-random.contract.js';
import { jsKernels } from './js-kernels.js';
import { describeKernels, expectBest, queriesOf, randomRows } from './kernels.contract.js';
import { configureOrt, threadCount } from './ort.js';
import { OrtKernels } from './ort-kernels.js';

const ort = new OrtKernels();
const workers = vi.spyOn(globalThis, 'Worker');
configureOrt({});

afterAll(() => workers.mockRestore());

describeKernels('jsKernels in a browser', async () => jsKernels);
describeKernels('OrtKernels', async () => ort);

it('K4 uses WASM threads where the page is cross-origin isolated, and only there', async () => {
  const rows = randomRows(new SeededRandom(1), 20_000, 64);
  const queries = queriesOf('dot', 64, randomRows(new SeededRandom(2), 8, 64).vectors);
  const block = await ort.hold(rows, 64, 'dot');
  const best = await block.search(queries, 10, undefined);
  expectBest(best, { metric: 'dot', dimension: 64, rows, queries, k: 10 });
  await block.release();
  const started = workers.mock.calls.map(([url]) => String(url)).filter((url) => url.includes('ort'));
  if (globalThis.crossOriginIsolated && navigator.hardwareConcurrency > 1) {
    expect(threadCount()).toBeGreaterThan(1);
    expect(started.length).toBeGreaterThanOrEqual(threadCount() - 1);
  } else {
    expect(threadCount()).toBe(1);
    expect(started).toEqual([]);
  }
});

it('K1 gives the memory of released blocks back: 4.5 GiB, 64 MiB at a time, in a heap of 4 GiB', async () => {
  const dimension = 1024;
  const count = 16_384;
  const rows = {
    vectors: new Float32Array(count * dimension).fill(0.5),
    norms: new Float32Array(count).fill(16),
  };
  const queries = { vectors: new Float32Array(dimension).fill(1), count: 1 };
  for (let round = 0; round < 72; round++) {
    rows.vectors[(round + 1) * dimension] = 9;
    const block = await ort.hold(rows, dimension, 'dot');
    const best = await block.search(queries, 1, undefined);
    expect([best.rows[0]! <= round + 1, best.similarities[0]]).toEqual([true, 512 + 8.5]);
    await block.release();
  }
});
