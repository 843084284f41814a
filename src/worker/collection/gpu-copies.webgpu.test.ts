import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CollectionConfig, Degradation } from '../../shared/types.js';
import { type GpuAccess, gpuAccess } from '../compute/auto-gpu.js';
import { Compute } from '../compute/compute.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { IndexedDbStorage } from '../storage/indexeddb-storage.js';
import { uniqueStoreName } from '../storage/storage.contract.js';
import type { Storage } from '../storage/storage.js';
import { callOptions, openEngine, packRecords, trueScore } from './engine.contract.js';
import { ANSWERS_BEFORE_GPU } from './gpu-copies.js';

// On SwiftShader, which has to be allowed here: what computes on the CPU is refused otherwise.

const DIMENSION = 32;
const [LARGE, SMALL] = [4000, 2100];
/** Rows from which on the GPU is said to pay; both sizes are asked about. */
const CROSSOVER = 3000;

const { requestDevice } = GPUAdapter.prototype;
const storages: Storage[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const storage of storages.splice(0)) await storage.destroy();
});

/** Opens a store as a visit to its page does. */
async function visit(store: string, access: GpuAccess) {
  const storage = new IndexedDbStorage(store);
  storages.push(storage);
  await storage.open();
  const steps: Degradation[] = [];
  const compute = new Compute(
    { backend: 'auto', kernel: 'auto', assetBaseUrl: undefined },
    { onChange: () => {}, onDegraded: (step) => steps.push(step) },
    {
      access,
      memory: {
        read: async () => (await storage.readStore()).gpu,
        write: (findings) => storage.writeGpuFindings(findings),
      },
      minComponents: SMALL * DIMENSION,
    },
  );
  compute.start();
  return { storage, compute, steps };
}

/** A collection of so many rows, and questions to it that the truth is known of. */
async function collectionOf({ storage, compute }: Awaited<ReturnType<typeof visit>>, rows: number) {
  const config: CollectionConfig = { name: `of-${rows}`, dimension: DIMENSION, metric: 'cosine' };
  const { engine } = await openEngine(storage, config, compute);
  const random = new SeededRandom(rows);
  const vector = () => Float32Array.from({ length: DIMENSION }, () => random.next() - 0.5);
  const records = Array.from({ length: rows }, (_, i) => ({ id: `r${i}`, vector: vector() }));
  if ((await engine.count(undefined)) === 0)
    await engine.upsert(packRecords(records, DIMENSION), 'upsert', 'memory', callOptions());
  /** Receipts of so many questions in one call. */
  const askMany = async (count: number) => {
    const queries = Array.from({ length: count }, () => ({ vector: vector(), topK: 10 }));
    const answers = await engine.query(queries, callOptions());
    for (const [i, { scores, ids }] of answers.entries()) {
      const truth = records.map((record) => trueScore('cosine', queries[i]!.vector, record.vector));
      truth.sort((a, b) => b - a);
      for (const [rank, score] of scores.entries()) expect(score).toBeCloseTo(truth[rank]!, 5);
      expect(ids).toHaveLength(10);
    }
    return answers.map(({ receipt }) => receipt);
  };
  return { askMany, ask: async () => (await askMany(1))[0]! };
}

type Asked = Awaited<ReturnType<typeof collectionOf>>;

/** Asks as often as a GPU is worth a look, and lets the second after the answers pass. */
async function askOften({ askMany }: Asked): Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  await askMany(ANSWERS_BEFORE_GPU);
  vi.advanceTimersByTime(1000);
  vi.useRealTimers();
}

const expectBackend = (backend: string, { ask }: Asked) =>
  vi.waitFor(async () => expect(await ask()).toMatchObject({ backend, exact: true, plan: 'flat' }), 60_000);

/** SwiftShader, allowed, and said to pay from `CROSSOVER` rows on. */
function allowed() {
  const calibrate = vi.fn<GpuAccess['calibrate']>(async () => ({
    crossoverRows: CROSSOVER,
    gpu: undefined,
    cpu: { fixedMs: 0, perRowMs: 1 },
  }));
  return { ...gpuAccess(undefined, true), calibrate };
}

describe("a store under 'auto'", () => {
  it('K11 refuses an adapter that computes on the CPU, without loading anything, and says so', async () => {
    const load = vi.fn<GpuAccess['load']>();
    const opened = await visit(uniqueStoreName(), { ...gpuAccess(undefined), load });
    const large = await collectionOf(opened, LARGE);
    await askOften(large);
    await expect
      .poll(() => opened.compute.status.gpu?.reason)
      .toMatch(/^The only GPU adapter .+ computes on/);
    expect(opened.compute.status).toMatchObject({ active: 'wasm', kernel: 'simd', gpu: { used: false } });
    expect((await large.ask()).backend).toBe('wasm');
    expect(load).not.toHaveBeenCalled();
    expect(opened.steps).toEqual([]);
  });

  it('K11 K2 answers by the GPU where it pays, by WASM where it does not, and remembers', async () => {
    const store = uniqueStoreName();
    const access = allowed();
    for (const round of [1, 2]) {
      const opened = await visit(store, access);
      const [large, small] = [await collectionOf(opened, LARGE), await collectionOf(opened, SMALL)];
      expect((await large.ask()).backend).toBe('wasm');
      await askOften(large);
      await expectBackend('webgpu', large);
      await askOften(small);
      await expectBackend('wasm', small);
      expect((await large.askMany(5)).map(({ backend }) => backend)).toEqual(Array(5).fill('webgpu'));
      expect(opened.compute.status.gpu).toEqual({
        used: true,
        reason: expect.stringContaining('from 3,000 rows'),
      });
      expect(opened.steps, `visit ${round}`).toEqual([]);
      expect(access.calibrate, `visit ${round}`).toHaveBeenCalledTimes(1);
      await opened.storage.close();
    }
  });

  it('K11 keeps to what it has measured', async () => {
    const opened = await visit(uniqueStoreName(), gpuAccess(undefined, true));
    const large = await collectionOf(opened, LARGE);
    await askOften(large);
    await expect
      .poll(() => opened.compute.status.gpu?.reason, { timeout: 120_000 })
      .toMatch(/^measured on this device/);
    const { gpu } = await opened.storage.readStore();
    const crossover = gpu!.crossovers[`${DIMENSION} cosine`]!;
    expect(crossover).toBeGreaterThanOrEqual(0);
    expect(opened.compute.status.gpu?.used).toBe(LARGE >= crossover);
    await expectBackend(LARGE >= crossover ? 'webgpu' : 'wasm', large);
    expect(opened.steps).toEqual([]);
  });

  it('K11 K8 when the device is destroyed, WASM answers what was asked, and one event tells', async () => {
    const devices: GPUDevice[] = [];
    vi.spyOn(GPUAdapter.prototype, 'requestDevice').mockImplementation(async function (
      this: GPUAdapter,
      descriptor,
    ) {
      const device = await requestDevice.call(this, descriptor);
      devices.push(device);
      return device;
    });
    const opened = await visit(uniqueStoreName(), allowed());
    const large = await collectionOf(opened, LARGE);
    await askOften(large);
    await expectBackend('webgpu', large);
    const asked = [large.ask(), large.ask(), large.ask()];
    devices[0]!.destroy();
    const backends = (await Promise.all(asked)).map(({ backend }) => backend);
    expect(backends.at(-1)).toBe('wasm');
    expect((await large.ask()).backend).toBe('wasm');
    expect(opened.steps).toEqual([
      {
        from: { backend: 'webgpu', kernel: 'onnx' },
        to: { backend: 'wasm', kernel: 'simd' },
        reason: expect.stringMatching(/^WebGPU does not work here: /),
      },
    ]);
    await askOften(large);
    expect((await large.ask()).backend).toBe('wasm');
    expect(opened.compute.status.gpu?.used).toBe(false);
    expect(devices).toHaveLength(1);
  });

  it('K11 K8 where the GPU has no room for a segment, WASM goes on, and one event tells', async () => {
    const opened = await visit(uniqueStoreName(), allowed());
    const large = await collectionOf(opened, LARGE);
    // Buffers of a segment's size are asked for larger than any GPU is.
    const { createBuffer } = GPUDevice.prototype;
    vi.spyOn(GPUDevice.prototype, 'createBuffer').mockImplementation(function (this: GPUDevice, descriptor) {
      const isOfSegment = descriptor.size >= LARGE * DIMENSION * 4;
      return createBuffer.call(this, isOfSegment ? { ...descriptor, size: 2 ** 45 } : descriptor);
    });
    await askOften(large);
    await expect.poll(() => opened.steps, { timeout: 60_000 }).toHaveLength(1);
    expect(opened.steps[0]).toMatchObject({
      from: { backend: 'webgpu' },
      to: { backend: 'wasm', kernel: 'simd' },
      reason: expect.stringMatching(/no room/),
    });
    expect((await large.ask()).backend).toBe('wasm');
    expect(opened.steps).toHaveLength(1);
  });
});
