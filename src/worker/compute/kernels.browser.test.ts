import { afterAll, expect, it } from 'vitest';
import { SeededRandom } from '../seeded-random.contract.js';
import { jsKernels } from './js-kernels.js';
import { describeKernels } from './kernels.contract.js';
import { expectBest, queriesOf, randomRows } from './kernels-oracle.contract.js';
import { configureOrt, threadCount } from './ort.js';
import { OrtKernels } from './ort-kernels.js';

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
describeKernels('OrtKernels', async () => ort);

it('K4 uses WASM threads where the page is cross-origin isolated, and only there', async () => {
  const rows = randomRows(new SeededRandom(1), 20_000, 64);
  const queries = queriesOf('dot', 64, randomRows(new SeededRandom(2), 8, 64).vectors);
  const block = await ort.hold(rows, 64, 'dot');
  const best = await block.search(queries, 10, undefined);
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

it('K1 gives the memory of released blocks back', async () => {
  const dimension = 1024;
  const rows = {
    vectors: new Float32Array(4096 * dimension).fill(0.5),
    norms: new Float32Array(4096).fill(16),
  };
  const queries = { vectors: new Float32Array(dimension).fill(1), count: 1 };
  const heap = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  let settled = 0;
  for (let round = 0; round < 20; round++) {
    const block = await ort.hold(rows, dimension, 'dot');
    expect((await block.search(queries, 1, undefined)).similarities[0]).toBe(512);
    await block.release();
    if (round === 3) settled = heap();
  }
  // 16 rounds of 16 MiB more.
  expect(settled).toBeGreaterThan(16 << 20);
  expect(heap()).toBe(settled);
});
