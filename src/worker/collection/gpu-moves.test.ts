import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import type { Degradation } from '../../shared/types.js';
import { Compute } from '../compute/compute.js';
import { FakeGpu } from '../compute/fake-gpu.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import type { CollectionRow } from '../storage/storage.js';
import { batch, CONFIG, clientOf, openEngine } from './engine.contract.js';

// On a GPU that computes as plain JS does; on a real one: gpu-moves.webgpu.test.ts.

/** Rows from which on the GPU pays here; those of 2,500 are asked about, too. */
const CROSSOVER = 3000;

let gpu: FakeGpu;
let storage: MemoryStorage;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  gpu = new FakeGpu();
  gpu.crossoverRows = CROSSOVER;
  storage = new MemoryStorage();
});
afterEach(() => {
  vi.useRealTimers();
});

/** @param minComponents of segments that get an index */
async function open(minComponents = Number.POSITIVE_INFINITY) {
  const steps: Degradation[] = [];
  const compute = new Compute(
    { backend: 'auto', kernel: 'auto', assetBaseUrl: undefined },
    { onChange: () => {}, onDegraded: (step) => steps.push(step) },
    gpu.options(2 * 2048),
  );
  compute.start();
  const { engine } = await openEngine(storage, CONFIG, compute, minComponents);
  const { upsert, query } = clientOf(engine);
  return {
    steps,
    compute,
    engine,
    upsert,
    /** What is nearest to record n of `batch(0, …)`, which has to be that record. */
    ask: async (n: number, more = {}) => {
      const { ids, receipt } = await query([1, n], { topK: 1, ...more });
      expect(ids).toEqual([`r${String(n).padStart(6, '0')}`]);
      return receipt;
    },
  };
}

/** The second after the last answer. */
const passIdleTime = () => vi.advanceTimersByTime(1000);

describe("a collection under 'auto'", () => {
  it('K9 moves a large segment to the GPU in idle time after an answer, and holds later ones there at once', async () => {
    const { upsert, ask, compute, steps } = await open();
    await upsert(batch(0, 3000));
    expect(await ask(1)).toMatchObject({ backend: 'wasm', exact: true, plan: 'flat' });
    expect(gpu.calls.adapter).toBe(0);
    passIdleTime();
    await vi.waitFor(() => expect(gpu.held).toEqual([3000]));
    await vi.waitFor(async () => expect((await ask(2)).backend).toBe('webgpu'));
    expect(await ask(3)).toMatchObject({ backend: 'webgpu', kernel: 'onnx', exact: true, plan: 'flat' });
    expect(compute.status.gpu?.used).toBe(true);
    await upsert(batch(10_000, 3500));
    expect((await ask(4)).backend).toBe('webgpu');
    expect(gpu.held).toEqual([3000, 3500]);
    expect(gpu.calls).toEqual({ adapter: 1, load: 1, calibrate: ['2 cosine'], release: 0 });
    expect(steps).toEqual([]);
  });

  it('K9 Q8 leaves a smaller segment on SIMD, and the receipt tells the lowest', async () => {
    const { upsert, ask } = await open();
    await upsert(batch(0, 3000));
    await upsert(batch(10_000, 2500));
    await ask(1);
    passIdleTime();
    await vi.waitFor(() => expect(gpu.calls.adapter).toBe(2));
    await vi.waitFor(() => expect(gpu.held).toEqual([3000]));
    expect((await ask(2)).backend).toBe('wasm');
    expect(gpu.held).toEqual([3000]);
  });

  it('K9 looks for no GPU where nobody asks, or where all segments are small', async () => {
    const { upsert, ask } = await open();
    await upsert(batch(0, 2047));
    await ask(1);
    await upsert(batch(10_000, 3000));
    expect(vi.getTimerCount()).toBe(0);
    passIdleTime();
    expect(gpu.calls.adapter).toBe(0);
    await ask(2);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('K9 leaves what is probed on SIMD, exact searches of it too', async () => {
    const { engine, upsert, ask } = await open(1);
    await upsert(batch(0, 6000));
    await engine.optimize({ embedder: undefined, signal: new AbortController().signal, onProgress() {} });
    expect(await ask(1)).toMatchObject({ backend: 'wasm', plan: 'ivf' });
    expect(await ask(1, { exact: true })).toMatchObject({ backend: 'wasm', plan: 'flat' });
    expect(vi.getTimerCount()).toBe(1);
    passIdleTime();
    expect(await ask(2, { exact: true })).toMatchObject({ backend: 'wasm' });
    expect(gpu.calls.adapter).toBe(0);
    engine.close(new VectorStoreError('CLOSED', 'over'));
  });

  it('K9 moves a segment whose index is not worth probing', async () => {
    const { engine, upsert } = await open(1);
    await upsert(batch(0, 6000));
    await engine.optimize({ embedder: undefined, signal: new AbortController().signal, onProgress() {} });
    engine.close(new VectorStoreError('CLOSED', 'over'));
    const row = (await storage.readCollection(CONFIG.name))!;
    vi.spyOn(storage, 'createCollection').mockResolvedValue(withPoorRecall(row));
    const { ask } = await open(1);
    expect(await ask(1)).toMatchObject({ backend: 'wasm', plan: 'flat' });
    passIdleTime();
    await vi.waitFor(() => expect(gpu.held).toEqual([6000]));
    await vi.waitFor(async () => expect((await ask(2)).backend).toBe('webgpu'));
  });

  it('K9 K8 a search that fails on the GPU is answered by SIMD, in one step, and the GPU is not asked again', async () => {
    const { upsert, ask, steps, compute } = await open();
    await upsert(batch(0, 3000));
    await upsert(batch(10_000, 3000));
    await ask(1);
    passIdleTime();
    await vi.waitFor(() => expect(gpu.held).toEqual([3000, 3000]));
    await vi.waitFor(async () => expect((await ask(2)).backend).toBe('webgpu'));
    gpu.failure.search = new Error('the device was lost');
    const receipts = await Promise.all([3, 4, 5].map((n) => ask(n)));
    expect(receipts.map(({ backend, exact }) => [backend, exact])).toEqual(
      Array.from({ length: 3 }, () => ['wasm', true]),
    );
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
    expect((await ask(6)).backend).toBe('wasm');
    passIdleTime();
    expect((await ask(7)).backend).toBe('wasm');
    expect(gpu.calls).toMatchObject({ load: 1, release: 1 });
    expect(compute.status.gpu).toEqual({ used: false, reason: 'the device was lost' });
  });

  it('K9 K8 a segment that the GPU has no room for stays on SIMD, and one step tells', async () => {
    const { upsert, ask, steps } = await open();
    await upsert(batch(0, 3000));
    await ask(1);
    gpu.failure.hold = new Error('no room for 24000 bytes');
    passIdleTime();
    await vi.waitFor(() => expect(steps).toHaveLength(1));
    expect(steps[0]!.reason).toMatch(/no room/);
    expect((await ask(2)).backend).toBe('wasm');
  });

  it('K9 asks nothing more once it is closed', async () => {
    const { engine, upsert, ask } = await open();
    await upsert(batch(0, 3000));
    await ask(1);
    engine.close(new VectorStoreError('CLOSED', 'over'));
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** As measured on vectors that no lists suit. */
function withPoorRecall(row: CollectionRow): CollectionRow {
  const segments = row.segments.map((segment) => {
    const index = segment.index!;
    const measured = index.curve.measured.map((each) => ({ ...each, recall: each.recall.map(() => 0.1) }));
    return { ...segment, index: { ...index, curve: { ...index.curve, measured } } };
  });
  return { ...row, segments };
}
