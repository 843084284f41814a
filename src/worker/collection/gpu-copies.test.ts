import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import type { Degradation } from '../../shared/types.js';
import { Compute } from '../compute/compute.js';
import { FakeGpu } from '../compute/fake-gpu.contract.js';
import { pause } from '../slices.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { batch, CONFIG, callOptions, clientOf, openEngine } from './engine.contract.js';
import { ANSWERS_BEFORE_GPU } from './gpu-copies.js';

// On a GPU that computes as plain JS does; on a real one: gpu-copies.webgpu.test.ts.

/** Rows from which on the GPU pays here; those of 2,500 are asked about, too. */
const CROSSOVER = 3000;

let gpu: FakeGpu;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  gpu = new FakeGpu();
  gpu.crossoverRows = CROSSOVER;
});
afterEach(() => {
  vi.useRealTimers();
});

/**
 * @param indexed components of segments that get an index
 * @param considered components of segments that a GPU is looked for
 */
async function open(indexed = Number.POSITIVE_INFINITY, considered = 2 * 2100) {
  const steps: Degradation[] = [];
  const compute = new Compute(
    { backend: 'auto', kernel: 'auto', assetBaseUrl: undefined },
    { onChange: () => {}, onDegraded: (step) => steps.push(step) },
    gpu.options(considered),
  );
  compute.start();
  const storage = new MemoryStorage();
  const { engine } = await openEngine(storage, CONFIG, compute, indexed);
  const { upsert, query } = clientOf(engine);
  let asked = 0;
  /** What is nearest to a record of `batch(0, …)`, which has to be that record; another one each time. */
  const ask = async (more = {}) => {
    const n = asked++;
    const { ids, receipt } = await query([1, n], { topK: 1, ...more });
    expect(ids).toEqual([`r${String(n).padStart(6, '0')}`]);
    return receipt;
  };
  /** Asks as often as a GPU is worth a look, and lets the second after the last answer pass. */
  const askOften = async (more = {}) => {
    for (let i = 0; i < ANSWERS_BEFORE_GPU; i++) await ask(more);
    vi.advanceTimersByTime(1000);
  };
  return { steps, storage, compute, engine, upsert, ask, askOften };
}

/** Asks, copies, and waits for an answer from the copy. */
async function onGpu() {
  const opened = await open();
  await opened.upsert(batch(0, 3000));
  await opened.askOften();
  await vi.waitFor(async () => expect((await opened.ask()).backend).toBe('webgpu'));
  return opened;
}

describe("a collection under 'auto'", () => {
  it('K11 is answered by a GPU once it has been asked often, and rested a second', async () => {
    const { upsert, ask, compute, steps } = await open();
    await upsert(batch(0, 3000));
    for (let i = 1; i < ANSWERS_BEFORE_GPU; i++) {
      expect(await ask()).toMatchObject({ backend: 'wasm', exact: true, plan: 'flat' });
    }
    expect(vi.getTimerCount()).toBe(0);
    await ask();
    vi.advanceTimersByTime(999);
    await ask();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(999);
    expect(gpu.calls.adapter).toBe(0);
    vi.advanceTimersByTime(1);
    await vi.waitFor(() => expect(gpu.held).toEqual([3000]));
    await vi.waitFor(async () => expect((await ask()).backend).toBe('webgpu'));
    expect(await ask()).toMatchObject({ backend: 'webgpu', kernel: 'onnx', exact: true, plan: 'flat' });
    expect(compute.status.gpu?.used).toBe(true);
    expect(gpu.calls).toEqual({ adapter: 1, load: 1, calibrate: ['2 cosine'], release: 0 });
    expect(vi.getTimerCount()).toBe(0);
    expect(steps).toEqual([]);
  });

  it('K11 Q8 a segment in which it does not pay stays with SIMD, and the receipt tells the lowest', async () => {
    const { upsert, ask } = await onGpu();
    await upsert(batch(10_000, 2500));
    expect((await ask()).backend).toBe('wasm');
    vi.advanceTimersByTime(1000);
    await vi.waitFor(() => expect(gpu.calls.adapter).toBe(2));
    expect((await ask()).backend).toBe('wasm');
    await upsert(batch(20_000, 3500));
    await ask();
    vi.advanceTimersByTime(1000);
    await vi.waitFor(() => expect(gpu.held).toEqual([3000, 3500]));
    expect(gpu.calls).toMatchObject({ load: 1, calibrate: ['2 cosine'] });
  });

  it('K11 gives the copy of a segment back with the segment', async () => {
    const { engine } = await onGpu();
    await engine.delete({ ids: ['r002999'] }, 'disk', callOptions());
    await engine.optimize(callOptions());
    await vi.waitFor(() => expect(gpu.held).toEqual([]));
  });

  it('K11 looks for no GPU where all segments are small, or few records are left by a filter', async () => {
    const { upsert, askOften } = await open();
    await upsert(batch(0, 2000));
    await askOften();
    await upsert(batch(0, 3000, { old: true }));
    await upsert(batch(0, 100, { old: false }));
    await askOften({ filter: { old: false } });
    expect(gpu.calls.adapter).toBe(0);
  });

  it('K11 probes and reads few rows on SIMD, and searches all of an indexed segment on the GPU', async () => {
    const { engine, upsert, ask, askOften } = await open(1, 1);
    await upsert([...batch(0, 40, { few: true }), ...batch(40, 5960, { few: false })]);
    await engine.optimize(callOptions());
    await askOften();
    expect(gpu.calls.adapter).toBe(0);
    await askOften({ exact: true });
    await vi.waitFor(async () => expect((await ask({ exact: true })).backend).toBe('webgpu'));
    expect(await ask()).toMatchObject({ backend: 'wasm', plan: 'ivf' });
    expect(await ask({ filter: { few: true } })).toMatchObject({ backend: 'wasm', exact: true, scanned: 40 });
    engine.close(new VectorStoreError('CLOSED', 'over'));
  });

  it('K11 K8 a search that fails on the GPU is answered by SIMD, in one step, and the GPU is not asked again', async () => {
    const { upsert, ask, askOften, steps, compute } = await onGpu();
    await upsert(batch(10_000, 3000));
    await askOften();
    await vi.waitFor(() => expect(gpu.held).toEqual([3000, 3000]));
    await vi.waitFor(async () => expect((await ask()).backend).toBe('webgpu'));
    gpu.failure.search = new Error('the device was lost');
    const receipts = await Promise.all([ask(), ask(), ask()]);
    for (const receipt of receipts) expect(receipt).toMatchObject({ backend: 'wasm', exact: true });
    expect(steps).toEqual([
      {
        from: { backend: 'webgpu', kernel: 'onnx' },
        to: { backend: 'wasm', kernel: 'simd' },
        reason: 'WebGPU does not work here: the device was lost',
      },
    ]);
    expect(gpu.held).toEqual([]);
    gpu.failure = {};
    await upsert(batch(20_000, 3000));
    await askOften();
    expect((await ask()).backend).toBe('wasm');
    expect(gpu.calls).toMatchObject({ load: 1, release: 1 });
    expect(compute.status.gpu).toEqual({ used: false, reason: 'the device was lost' });
  });

  it('K11 K8 a segment that the GPU has no room for stays with SIMD, and one step tells', async () => {
    const { upsert, ask, askOften, steps } = await open();
    await upsert(batch(0, 3000));
    gpu.failure.hold = new Error('no room for 24000 bytes');
    await askOften();
    await vi.waitFor(() => expect(steps).toHaveLength(1));
    expect(steps[0]!.reason).toMatch(/no room/);
    expect((await ask()).backend).toBe('wasm');
  });

  it('K11 copies nothing of a collection that was closed meanwhile', async () => {
    const { engine, upsert, storage, compute, askOften } = await open();
    await upsert(batch(0, 3000));
    const readPages = vi.spyOn(storage, 'readPages');
    gpu.whileLoading = async () => {
      engine.close(new VectorStoreError('CLOSED', 'over'));
      readPages.mockClear();
    };
    await askOften();
    await vi.waitFor(() => expect(compute.status.gpu?.used).toBe(true));
    // As many turns as a copy would need.
    for (let turn = 0; turn < 50; turn++) await pause();
    expect(readPages).not.toHaveBeenCalled();
    expect(gpu.held).toEqual([]);
  });

  it('K11 does not take a page that cannot be read for a failure of the GPU', async () => {
    const { upsert, storage, compute, ask, askOften, steps } = await open();
    await upsert(batch(0, 3000));
    const unread = new VectorStoreError('STORAGE_BLOCKED', 'not now');
    gpu.whileLoading = async () => {
      vi.spyOn(storage, 'readPages').mockRejectedValue(unread);
    };
    await askOften();
    await vi.waitFor(() => expect(storage.readPages).toHaveBeenCalled());
    vi.restoreAllMocks();
    expect((await ask()).backend).toBe('wasm');
    expect(compute.status.gpu?.used).toBe(true);
    expect(steps).toEqual([]);
  });

  it('K11 asks nothing more once it is closed', async () => {
    const { engine, upsert, ask } = await open();
    await upsert(batch(0, 3000));
    for (let i = 0; i < ANSWERS_BEFORE_GPU; i++) await ask();
    expect(vi.getTimerCount()).toBe(1);
    const answering = ask();
    engine.close(new VectorStoreError('CLOSED', 'over'));
    expect(vi.getTimerCount()).toBe(0);
    await answering;
    expect(vi.getTimerCount()).toBe(0);
  });
});
