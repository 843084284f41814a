import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BackendStatus, Degradation } from '../../shared/types.js';
import { GPU_COMPONENTS, type SegmentShape } from './auto-gpu.js';
import { Compute, type ComputeOptions } from './compute.js';
import { FakeGpu } from './fake-gpu.contract.js';
import { MEASURED_WITH } from './gpu-findings.js';
import { WebGpuError } from './webgpu-device.js';

const segment = (rows: number, more: Partial<SegmentShape> = {}): SegmentShape => ({
  rows,
  dimension: 384,
  metric: 'cosine',
  ...more,
});

/** The first number of rows of 384 dimensions that a GPU is considered for. */
const LARGE = Math.ceil(GPU_COMPONENTS / 384);

const open = (gpu: FakeGpu, options: Partial<ComputeOptions> = {}) => {
  const told: BackendStatus[] = [];
  const steps: Degradation[] = [];
  const compute = new Compute(
    { backend: 'auto', kernel: 'auto', assetBaseUrl: undefined, ...options },
    { onChange: (status) => told.push(status), onDegraded: (step) => steps.push(step) },
    gpu.options(GPU_COMPONENTS),
  );
  compute.start();
  told.length = 0;
  return { compute, told, steps };
};

describe("Compute with backend 'auto'", () => {
  it('K11 takes the GPU for segments from the measured size on, and SIMD for the others', async () => {
    const gpu = new FakeGpu();
    gpu.crossoverRows = LARGE + 1000;
    const { compute, told, steps } = open(gpu);
    expect(await compute.considerGpu(segment(LARGE + 1000))).toBe(gpu.kernels);
    expect(await compute.considerGpu(segment(LARGE + 999))).toBeUndefined();
    expect(await compute.considerGpu(segment(2048))).toBeUndefined();
    // What holds all segments, and searches what is small or restricted.
    expect((await compute.kernels()).name).toBe('simd');
    expect(compute.status).toMatchObject({ active: 'wasm', kernel: 'simd', state: 'ready' });
    expect(compute.status.gpu).toEqual({
      used: true,
      reason: expect.stringContaining('from 167,667 rows of 384 dimensions under cosine'),
    });
    expect(gpu.calls).toMatchObject({ load: 1, release: 0 });
    expect(told.map(({ gpu }) => gpu?.used)).toEqual([true]);
    expect(steps).toEqual([]);
  });

  it('K11 asks for no adapter and loads nothing for what is small', async () => {
    const gpu = new FakeGpu();
    const { compute, told } = open(gpu);
    expect(compute.mayUseGpu(segment(LARGE - 1))).toBe(false);
    expect(await compute.considerGpu(segment(LARGE - 1))).toBeUndefined();
    expect(gpu.calls).toEqual({ adapter: 0, load: 0, calibrate: [], release: 0 });
    expect(compute.status.gpu).toEqual({
      used: false,
      reason: expect.stringContaining('64,000,000 vector components'),
    });
    expect(told).toEqual([]);
  });

  it.each([{ backend: 'wasm' }, { backend: 'js' }, { kernel: 'simd' }, { kernel: 'onnx' }] as const)(
    'K11 uses none where the caller has chosen: %o',
    async (options) => {
      const gpu = new FakeGpu();
      const { compute } = open(gpu, options);
      expect(compute.mayUseGpu(segment(LARGE))).toBe(false);
      await compute.considerGpu(segment(LARGE));
      expect(gpu.calls.adapter).toBe(0);
      expect(compute.status.gpu).toBeUndefined();
    },
  );

  it('K11 uses none where WebAssembly does not work, since ONNX Runtime would not either', async () => {
    const gpu = new FakeGpu();
    const { compute } = open(gpu);
    compute.giveUp(compute.active, new Error('forbidden'));
    await compute.considerGpu(segment(LARGE));
    expect(gpu.calls.adapter).toBe(0);
  });

  it('K11 remembers: a later visit measures nothing', async () => {
    const gpu = new FakeGpu();
    gpu.crossoverRows = LARGE;
    await open(gpu).compute.considerGpu(segment(LARGE));
    const { compute } = open(gpu);
    expect(await compute.considerGpu(segment(LARGE))).toBe(gpu.kernels);
    expect(gpu.calls).toMatchObject({ load: 2, calibrate: ['384 cosine'] });
  });

  it.each([Number.POSITIVE_INFINITY, 1_000_000])(
    'K11 gives the GPU back where it pays only from %d rows on, and a later visit does not load it',
    async (crossoverRows) => {
      const gpu = new FakeGpu();
      gpu.crossoverRows = crossoverRows;
      const first = open(gpu).compute;
      expect(await first.considerGpu(segment(LARGE))).toBeUndefined();
      expect(gpu.calls).toMatchObject({ load: 1, release: 1 });
      const { compute, told } = open(gpu);
      await compute.considerGpu(segment(LARGE));
      expect(gpu.calls).toMatchObject({ load: 1, calibrate: ['384 cosine'] });
      expect(compute.status.gpu).toEqual({ used: false, reason: expect.stringMatching(/^measured on this/) });
      expect(told).toEqual([]);
      // Where a larger one comes, what was measured decides.
      await compute.considerGpu(segment(1_000_000));
      expect(gpu.calls.load).toBe(Number.isFinite(crossoverRows) ? 2 : 1);
      expect(compute.status.gpu?.used).toBe(Number.isFinite(crossoverRows));
    },
  );

  it('K11 measures each dimension and metric by itself, and loads once', async () => {
    const gpu = new FakeGpu();
    const { compute } = open(gpu);
    const shapes = [segment(LARGE), segment(LARGE, { metric: 'l2' }), segment(640_000, { dimension: 100 })];
    await Promise.all(shapes.map((shape) => compute.considerGpu(shape)));
    expect(gpu.calls).toMatchObject({ load: 1, calibrate: ['384 cosine', '384 l2', '100 cosine'] });
    expect(gpu.findings?.crossovers).toEqual({ '384 cosine': 0, '384 l2': 0, '100 cosine': 0 });
  });

  it.each([
    ['another GPU', (gpu: FakeGpu) => Object.assign(gpu.adapterInfo, { description: 'Acme A2' })],
    [
      'another version',
      (gpu: FakeGpu) => {
        gpu.findings = { ...gpu.findings!, device: 'acme; a1; Acme A1; nearshore 0.0.9' };
      },
    ],
    [
      'nonsense',
      (gpu: FakeGpu) => {
        gpu.findings = { ...gpu.findings!, crossovers: { '384 cosine': Number.NaN } };
      },
    ],
  ])('K11 measures again where what is remembered is of %s', async (_, change) => {
    const gpu = new FakeGpu();
    await open(gpu).compute.considerGpu(segment(LARGE));
    change(gpu);
    await open(gpu).compute.considerGpu(segment(LARGE));
    expect(gpu.calls.calibrate).toHaveLength(2);
  });

  it('K11 remembers what the versions of package.json were measured with', () => {
    const { version, dependencies } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    );
    expect(MEASURED_WITH).toBe(`nearshore ${version}, onnxruntime-web ${dependencies['onnxruntime-web']}`);
  });

  it('K11 goes on where what was measured cannot be written', async () => {
    const gpu = new FakeGpu();
    gpu.failure.write = new Error('no room');
    const { compute } = open(gpu);
    await compute.considerGpu(segment(LARGE));
    expect(compute.status.gpu?.used).toBe(true);
  });

  it.each([
    ['adapter', new WebGpuError('software', 'The only GPU adapter computes on the CPU.')],
    ['adapter', new WebGpuError('no-adapter', 'The browser gives no GPU adapter.')],
    ['load', new TypeError('Failed to fetch')],
    ['calibrate', new WebGpuError('lost', 'The GPU device was lost.')],
  ] as const)(
    'K11 says why there is none where %s fails (%s), once: nothing got worse',
    async (what, error) => {
      const gpu = new FakeGpu();
      gpu.failure[what] = error;
      const { compute, told, steps } = open(gpu);
      expect(await compute.considerGpu(segment(LARGE))).toBeUndefined();
      expect(compute.status.gpu).toEqual({ used: false, reason: error.message });
      expect(steps).toEqual([]);
      expect(told).toEqual([]);
      gpu.failure = {};
      const calls = structuredClone(gpu.calls);
      expect(compute.mayUseGpu(segment(LARGE))).toBe(false);
      await compute.considerGpu(segment(LARGE));
      expect(gpu.calls).toEqual(calls);
      expect(gpu.findings).toBeUndefined();
    },
  );

  it('K11 K8 a lost device is one step down to SIMD, and is not tried again', async () => {
    const gpu = new FakeGpu();
    const { compute, told, steps } = open(gpu);
    await compute.considerGpu(segment(LARGE));
    gpu.lose('destroyed: for this test');
    await expect.poll(() => compute.status.gpu?.used).toBe(false);
    compute.giveUp(gpu.kernels, new Error('a search that failed by the same loss'));
    expect(steps).toEqual([
      {
        from: { backend: 'webgpu', kernel: 'onnx' },
        to: { backend: 'wasm', kernel: 'simd' },
        reason: 'WebGPU does not work here: destroyed: for this test',
      },
    ]);
    expect(compute.status).toMatchObject({
      active: 'wasm',
      state: 'ready',
      gpu: { used: false, reason: 'destroyed: for this test' },
    });
    expect(told.map(({ gpu }) => gpu?.used)).toEqual([true, false]);
    expect(await compute.considerGpu(segment(LARGE))).toBeUndefined();
    expect(gpu.calls.load).toBe(1);
  });

  it('K11 a device that is lost between measuring and use is never used', async () => {
    const gpu = new FakeGpu();
    const steps: Degradation[] = [];
    const { access, memory } = gpu.options(GPU_COMPONENTS);
    const compute = new Compute(
      { backend: 'auto', kernel: 'auto', assetBaseUrl: undefined },
      { onChange: () => {}, onDegraded: (step) => steps.push(step) },
      {
        access,
        memory: {
          ...memory,
          write: async () => {
            gpu.lose('reset');
          },
        },
      },
    );
    compute.start();
    expect(await compute.considerGpu(segment(LARGE))).toBeUndefined();
    expect(compute.status.gpu).toEqual({ used: false, reason: 'reset' });
    expect(gpu.calls.load).toBe(1);
    expect(steps).toEqual([]);
  });
});
