import { InferenceSession } from 'onnxruntime-web/webgpu';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { createBitmap, setBit } from '../bitmap.js';
import { SeededRandom } from '../seeded-random.contract.js';
import type { Kernels, Scope } from './kernels.js';
import { expectBest, expectWithin, pagesOf, queriesOf, randomRows } from './kernels-oracle.contract.js';
import { configureOrt, type OrtTensor } from './ort.js';
import { OrtKernels } from './ort-kernels.js';
import { calibrate } from './webgpu-calibration.js';
import { openGpuDevice } from './webgpu-device.js';
import { webGpuKernels } from './webgpu-kernels.js';
import { GpuMasks } from './webgpu-masks.js';
import { GpuShard } from './webgpu-shard.js';

/** Where `run` of every session is; its type is not told. */
const { prototype: sessions } = InferenceSession as unknown as { prototype: InferenceSession };

const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2'];

afterEach(() => vi.restoreAllMocks());

describe('GPU kernels', () => {
  it.each(METRICS)('K2 under %s: 5,000×384, within the tolerances of WASM', async (metric) => {
    const [dimension, count, k] = [384, 5000, 10];
    const random = new SeededRandom(21);
    const rows = randomRows(random, count, dimension);
    const queries = queriesOf(metric, dimension, randomRows(random, 3, dimension).vectors);
    configureOrt({});
    const gpu = await webGpuKernels({ allowSoftware: true });
    const answers = [];
    for (const kernels of [gpu.kernels, new OrtKernels()] satisfies Kernels[]) {
      const block = await kernels.hold({ rows: count, dimension, metric }, pagesOf(rows, dimension, 1000));
      answers.push(await block.search(queries, k, {}));
      await block.release();
    }
    const [onGpu, onCpu] = answers;
    expectBest(onGpu!, { metric, dimension, rows, queries, k });
    // Norms are about 20.
    const tolerance = { cosine: 1e-5, dot: 1e-5 * 400, l2: 1e-5 * 40 }[metric];
    for (const [i, similarity] of onGpu!.similarities.entries()) {
      expectWithin(similarity, onCpu!.similarities[i]!, tolerance, `rank ${i}`);
    }
    await gpu.release();
  });

  it.each(METRICS)('K1 under %s: rows in several buffers, each within the limit', async (metric) => {
    const limit = 1 << 20;
    vi.spyOn(GPUSupportedLimits.prototype, 'maxStorageBufferBindingSize', 'get').mockReturnValue(limit);
    const createBuffer = vi.spyOn(GPUDevice.prototype, 'createBuffer');
    const { kernels, adapter, release } = await webGpuKernels({ allowSoftware: true });
    expect(adapter.maxBufferBytes).toBe(limit);
    createBuffer.mockClear();
    const [dimension, count] = [64, 9000];
    const random = new SeededRandom(22);
    const rows = randomRows(random, count, dimension);
    const block = await kernels.hold({ rows: count, dimension, metric }, pagesOf(rows, dimension, 1000));
    const sizes = createBuffer.mock.calls.map(([{ size }]) => size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(limit);
    expect(sizes.filter((size) => size > limit / 2).length).toBeGreaterThan(1);
    const excluded = createBitmap(count);
    for (let row = 0; row < count; row += 3) setBit(excluded, row);
    const scopes: Scope[] = [{}, { excluded }, { rows: Uint32Array.of(5, 4095, 4096, 8999) }];
    for (const scope of scopes) {
      const queries = queriesOf(metric, dimension, randomRows(random, 2, dimension).vectors);
      expectBest(await block.search(queries, 10, scope), { metric, dimension, rows, queries, k: 10, scope });
    }
    await block.release();
    await release();
  });

  // Shaders may take numbers below 2^−126 for zero.
  it('K2 under dot: queries come to the GPU near 1, however small', async () => {
    const { kernels, release } = await webGpuKernels({ allowSoftware: true });
    const block = await kernels.pass(
      { vectors: Float32Array.of(2 ** -62), norms: Float32Array.of(2 ** -62) },
      1,
      'dot',
    );
    const run = vi.spyOn(sessions, 'run');
    const best = await block.search({ vectors: Float32Array.of(2 ** -60, -(2 ** 60)), count: 2 }, 1, {});
    expect([...best.similarities]).toEqual([2 ** -122, -(2 ** -2)]);
    const query = run.mock.calls[0]![0].query as OrtTensor;
    expect([...(query.data as Float32Array)]).toEqual([1, -1]);
    await block.release();
    await release();
  });

  // ONNX Runtime computes with what is in the buffers when it runs.
  it('K1 rows are updated in place', async () => {
    const createBuffer = vi.spyOn(GPUDevice.prototype, 'createBuffer');
    const { kernels, release } = await webGpuKernels({ allowSoftware: true });
    createBuffer.mockClear();
    const [dimension, count] = [4, 12];
    const rows = randomRows(new SeededRandom(24), count, dimension);
    const block = await kernels.hold(
      { rows: count, dimension, metric: 'cosine' },
      pagesOf(rows, dimension, 8),
    );
    const vectors = createBuffer.mock.results[0]!.value as GPUBuffer;
    const device = createBuffer.mock.contexts[0] as GPUDevice;
    const queries = { vectors: Float32Array.of(0, 0, 0, 1), count: 1 };
    expect((await block.search(queries, 1, {})).similarities[0]).toBeLessThan(1);
    // Components of row 7 of the one tile, [4, 12].
    for (const [i, value] of [0, 0, 0, 1].entries()) {
      device.queue.writeBuffer(vectors, 4 * (i * count + 7), Float32Array.of(value));
    }
    const best = await block.search(queries, 1, {});
    expect([best.rows[0], best.similarities[0]]).toEqual([7, 1]);
    await block.release();
    await release();
  });

  it('K1 gives the memory of released blocks back', async () => {
    const { kernels, release } = await webGpuKernels({ allowSoftware: true });
    const rows = randomRows(new SeededRandom(23), 100, 8);
    const queries = queriesOf('l2', 8, rows.vectors.slice(0, 8));
    const createBuffer = vi.spyOn(GPUDevice.prototype, 'createBuffer');
    const block = await kernels.hold({ rows: 100, dimension: 8, metric: 'l2' }, pagesOf(rows, 8));
    const own = createBuffer.mock.results.map(({ value }) => vi.spyOn(value as GPUBuffer, 'destroy'));
    expect(own).toHaveLength(3);
    const searching = block.search(queries, 5, {});
    await block.release();
    expect((await searching).rows[0]).toBe(0);
    for (const destroy of own) expect(destroy).toHaveBeenCalledTimes(1);
    await release();
  });

  it('K1 keeps what few bitmaps leave out in GPU memory', async () => {
    const gpu = await openGpuDevice(true);
    const shard = await GpuShard.make(gpu, 0, 64, 4, 'dot');
    const masks = new GpuMasks(gpu);
    const bitmaps = Array.from({ length: 6 }, () => createBitmap(64));
    const buffers = await Promise.all(bitmaps.map((bitmap) => masks.of(bitmap, shard)));
    expect(await masks.of(bitmaps[0]!, shard)).toBe(buffers[0]);
    const destroyed = buffers.map((buffer) => vi.spyOn(buffer, 'destroy'));
    masks.trim();
    await Promise.resolve();
    expect(destroyed.map(({ mock }) => mock.calls.length)).toEqual([0, 1, 1, 0, 0, 0]);
    gpu.device.destroy();
  });

  it('K11 calibration gives up on a GPU that is slow', async () => {
    const { kernels, release } = await webGpuKernels({ allowSoftware: true });
    // A clock by which every search takes as long as one of SwiftShader's.
    let ms = 0;
    const { crossoverRows, gpu } = await calibrate(kernels, new OrtKernels(), 16, 'cosine', () => (ms += 30));
    expect(crossoverRows).toBe(Number.POSITIVE_INFINITY);
    expect(gpu).toBeUndefined();
    await release();
  });
});
