import { InferenceSession } from 'onnxruntime-web/webgpu';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SeededRandom } from '../seeded-random.contract.js';
import { expectBest, pagesOf, queriesOf, randomRows } from './kernels-oracle.contract.js';
import { openGpuDevice } from './webgpu-device.js';
import { webGpuKernels } from './webgpu-kernels.js';

// What is missing, refused, lost or broken.

const { prototype: adapters } = GPUAdapter;
/** Where `release` of every session is; its type is not told. */
const { prototype: sessions } = InferenceSession as unknown as { prototype: InferenceSession };
const { requestDevice } = adapters;
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** The devices that are opened from now on. */
function devices(): GPUDevice[] {
  const opened: GPUDevice[] = [];
  vi.spyOn(adapters, 'requestDevice').mockImplementation(async function (this: GPUAdapter, descriptor) {
    const device = await requestDevice.call(this, descriptor);
    opened.push(device);
    return device;
  });
  return opened;
}

const [dimension, count] = [12, 700];
const rows = randomRows(new SeededRandom(1), count, dimension);
const shape = { rows: count, dimension, metric: 'l2' } as const;
const queries = queriesOf('l2', dimension, randomRows(new SeededRandom(2), 2, dimension).vectors);
const asked = { ...shape, rows, queries, k: 10 };

describe('webGpuKernels', () => {
  it('K8 a lost device rejects every search at once, and a new one answers; 20 times', {
    timeout: 300_000,
  }, async () => {
    const opened = devices();
    for (let round = 0; round < 20; round++) {
      const { kernels, lost } = await webGpuKernels({ allowSoftware: true });
      const block = await kernels.hold(shape, pagesOf(rows, dimension, 64));
      expectBest(await block.search(queries, 10, {}), asked);
      const pending = Array.from({ length: 6 }, () => block.search(queries, 10, {}));
      // Before the first has been answered, or after one of the first four.
      await pending[(round % 5) - 1];
      opened.at(-1)!.destroy();
      const settled = await Promise.allSettled(pending);
      for (const each of settled) {
        if (each.status === 'fulfilled') expectBest(each.value, asked);
        else expect(each.reason).toMatchObject({ name: 'WebGpuError', failure: 'lost' });
      }
      expect(settled.at(-1)!.status).toBe('rejected');
      expect(await lost).toContain('destroyed');
      await expect(block.search(queries, 10, {})).rejects.toMatchObject({ failure: 'lost' });
      await expect(kernels.pass(rows, dimension, 'l2')).rejects.toMatchObject({ failure: 'lost' });
      await block.release();
    }
    expect(opened).toHaveLength(20);
  });

  it('K8 what a lost device never answers is given up', async () => {
    const gpu = await openGpuDevice(true);
    const never = gpu.guard(() => new Promise(() => undefined));
    gpu.device.destroy();
    await expect(never).rejects.toMatchObject({ name: 'WebGpuError', failure: 'lost' });
    await expect(gpu.guard(async () => 1)).rejects.toMatchObject({ failure: 'lost' });
  });

  it('K8 a device that is lost while rows are taken in', async () => {
    const opened = devices();
    const { kernels } = await webGpuKernels({ allowSoftware: true });
    const pages = [...pagesOf(rows, dimension, 64)];
    function* losing() {
      yield pages[0]!;
      opened[0]!.destroy();
      yield* pages.slice(1);
    }
    const release = vi.spyOn(sessions, 'release');
    await expect(kernels.hold(shape, losing())).rejects.toMatchObject({ failure: 'lost' });
    await vi.waitFor(() => expect(release).toHaveBeenCalledTimes(1));
  });

  it('K8 a device that is lost while ONNX Runtime loads', async () => {
    vi.spyOn(adapters, 'requestDevice').mockImplementation(async function (this: GPUAdapter, descriptor) {
      const device = await requestDevice.call(this, descriptor);
      device.destroy();
      return device;
    });
    await expect(webGpuKernels({ allowSoftware: true })).rejects.toMatchObject({ failure: 'lost' });
    vi.restoreAllMocks();
    const { kernels, release } = await webGpuKernels({ allowSoftware: true });
    expect(kernels.backend).toBe('webgpu');
    await release();
  });

  it('K8 an error that the GPU reports is not answered over', async () => {
    const opened = devices();
    const { kernels, release } = await webGpuKernels({ allowSoftware: true });
    const block = await kernels.hold(shape, pagesOf(rows, dimension));
    expectBest(await block.search(queries, 10, {}), asked);
    opened[0]!.createBuffer({ size: 2 ** 45, usage: 0x80 });
    await expect(block.search(queries, 10, {})).rejects.toMatchObject({ failure: 'broken' });
    await release();
  });

  it('K8 memory that the GPU does not have', async () => {
    const gpu = await openGpuDevice(true);
    await expect(gpu.allocate(2 ** 45)).rejects.toMatchObject({ failure: 'out-of-memory' });
    // And nothing is broken by it.
    (await gpu.allocate(1024)).destroy();
    gpu.device.destroy();
  });

  it('K8 K11 says what is missing', async () => {
    await expect(webGpuKernels({})).rejects.toMatchObject({ name: 'WebGpuError', failure: 'software' });
    vi.spyOn(navigator.gpu, 'requestAdapter').mockResolvedValue(null);
    await expect(webGpuKernels({})).rejects.toMatchObject({ failure: 'no-adapter' });
    vi.restoreAllMocks();
    vi.spyOn(adapters, 'requestDevice').mockRejectedValue(new Error('no'));
    await expect(webGpuKernels({ allowSoftware: true })).rejects.toMatchObject({ failure: 'no-adapter' });
    vi.stubGlobal('navigator', {});
    await expect(webGpuKernels({})).rejects.toMatchObject({ failure: 'unsupported' });
  });
});
