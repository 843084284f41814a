import { afterAll, expect, it } from 'vitest';
import { SeededRandom } from '../seeded-random.contract.js';
import { jsKernels } from './js-kernels.js';
import { describeKernels } from './kernels.contract.js';
import { expectBest, pagesOf, queriesOf, randomRows } from './kernels-oracle.contract.js';
import { configureOrt, threadCount } from './ort.js';
import { OrtKernels } from './ort-kernels.js';
import { describeScopes } from './scopes.contract.js';

const ort = new OrtKernels();

/** The heaps of WebAssembly modules that are loaded from now on. */
const memories: WebAssembly.Memory[] = [];
const { Memory } = WebAssembly;
WebAssembly.Memory = class extends Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    memories.push(this);
  }
};

/** The workers that are started from now on: ONNX Runtime's threads. */
const workers: string[] = [];
const { Worker } = globalThis;
globalThis.Worker = class extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    workers.push(String(url));
  }
};

configureOrt({});

afterAll(() => {
  globalThis.Worker = Worker;
  WebAssembly.Memory = Memory;
});

describeKernels('jsKernels in a browser', async () => jsKernels);
describeScopes('jsKernels in a browser', async () => jsKernels);
describeKernels('OrtKernels', async () => ort);
describeScopes('OrtKernels', async () => ort);

it('K4 uses WASM threads where the page is cross-origin isolated, and only there', async () => {
  const rows = randomRows(new SeededRandom(1), 20_000, 64);
  const queries = queriesOf('dot', 64, randomRows(new SeededRandom(2), 8, 64).vectors);
  const shape = { rows: 20_000, dimension: 64, metric: 'dot' } as const;
  const block = await ort.hold(shape, pagesOf(rows, 64, 4096));
  const best = await block.search(queries, 10, {});
  expectBest(best, { metric: 'dot', dimension: 64, rows, queries, k: 10 });
  await block.release();
  const started = workers.filter((url) => url.includes('ort'));
  if (globalThis.crossOriginIsolated && navigator.hardwareConcurrency > 1) {
    expect(threadCount()).toBeGreaterThan(1);
    expect(started.length).toBeGreaterThanOrEqual(threadCount() - 1);
  } else {
    expect(threadCount()).toBe(1);
    expect(started).toEqual([]);
  }
});

const heapBytes = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);

it.each(['cosine', 'l2'] as const)(
  'under %s the vectors are in memory once, whatever is asked',
  async (metric) => {
    const [dimension, count] = [512, 49_152];
    const page = randomRows(new SeededRandom(3), 512, dimension);
    function* pages() {
      for (let start = 0; start < count; start += 512) yield { start, ...structuredClone(page) };
    }
    const starts = Uint32Array.from({ length: count / 64 + 1 }, (_, i) => 64 * i);
    const lists = { centroids: new Float32Array((starts.length - 1) * dimension).fill(0.1), starts };
    const before = heapBytes();
    const block = await ort.hold({ rows: count, dimension, metric, lists }, pages());
    const queries = queriesOf(metric, dimension, randomRows(new SeededRandom(4), 1, dimension).vectors);
    for (const scope of [{}, { probes: 8 }, { rows: Uint32Array.of(7, 9000) }]) {
      expect((await block.search(queries, 10, scope)).rows[0]).not.toBe(-1);
    }
    // 96 MiB of vectors. WASM memory grows by a fifth at a time.
    const bytes = count * dimension * 4;
    expect(heapBytes() - before).toBeLessThan(1.3 * bytes);
    expect(block.bytes).toBeLessThan(1.05 * bytes);
    await block.release();
  },
);

it('K1 gives the memory of released blocks back', async () => {
  const dimension = 1024;
  const rows = {
    vectors: new Float32Array(4096 * dimension).fill(0.5),
    norms: new Float32Array(4096).fill(16),
  };
  const queries = { vectors: new Float32Array(dimension).fill(1), count: 1 };
  let settled = 0;
  for (let round = 0; round < 20; round++) {
    const block = await ort.hold({ rows: 4096, dimension, metric: 'dot' }, [{ start: 0, ...rows }]);
    expect((await block.search(queries, 1, {})).similarities[0]).toBe(512);
    await block.release();
    if (round === 3) settled = heapBytes();
  }
  // 16 rounds of 16 MiB more.
  expect(settled).toBeGreaterThan(16 << 20);
  expect(heapBytes()).toBe(settled);
});
