import { describe, expect, it } from 'vitest';
import type { BackendStatus, Degradation } from '../../shared/types.js';
import { Compute, type ComputeOptions } from './compute.js';
import { threadCount } from './ort.js';

// What Compute does where WebAssembly and ONNX Runtime work. Where ONNX Runtime does not:
// compute-without-ort.browser.test.ts, on a page of its own, since a page loads its WASM once.

const open = (backend: ComputeOptions['backend'], kernel: ComputeOptions['kernel'] = 'auto') => {
  const told: BackendStatus[] = [];
  const steps: Degradation[] = [];
  const compute = new Compute(
    { backend, kernel, assetBaseUrl: undefined },
    { onChange: (status) => told.push(status), onDegraded: (step) => steps.push(step) },
  );
  return { compute, told, steps };
};

describe('Compute', () => {
  it("K3 'auto': plain JS first, SIMD once it is compiled, and a change told once", async () => {
    const { compute, told } = open('auto');
    expect(compute.status).toMatchObject({ active: 'js', kernel: 'js', requested: 'auto', state: 'loading' });
    expect((await compute.kernels()).name).toBe('js');
    compute.start();
    compute.start();
    await compute.load();
    expect((await compute.kernels()).name).toBe('simd');
    expect(compute.status).toMatchObject({ active: 'wasm', kernel: 'simd', state: 'ready', threads: 1 });
    expect(compute.status.reason).not.toBe('');
    expect(told).toEqual([compute.status]);
  });

  it("K3 'wasm': waits for it", async () => {
    const { compute } = open('wasm');
    expect((await compute.kernels()).backend).toBe('wasm');
    expect(compute.status).toMatchObject({ active: 'wasm', requested: 'wasm', state: 'ready' });
  });

  it("K3 'js': uses no WebAssembly", async () => {
    const { compute, told } = open('js');
    await compute.load();
    expect((await compute.kernels()).backend).toBe('js');
    expect(compute.status).toMatchObject({ active: 'js', kernel: 'js', state: 'ready', threads: 1 });
    expect(told).toEqual([]);
  });

  it("K3 kernel 'onnx': SIMD answers until ONNX Runtime has loaded", async () => {
    const { compute, told } = open('auto', 'onnx');
    compute.start();
    expect((await compute.kernels()).name).toBe('simd');
    await compute.load();
    expect((await compute.kernels()).name).toBe('onnx');
    expect(compute.status).toMatchObject({ active: 'wasm', kernel: 'onnx', threads: threadCount() });
    expect(told.map(({ kernel }) => kernel)).toEqual(['simd', 'onnx']);
  });

  it('K8 what fails at work is given up, one step at a time, and status says why', async () => {
    const { compute, told, steps } = open('auto', 'onnx');
    await compute.load();
    const onnx = compute.active;
    compute.giveUp(onnx, new Error('out of memory'));
    compute.giveUp(onnx, new Error('a second failure of the same'));
    expect((await compute.kernels()).name).toBe('simd');
    expect(compute.status).toMatchObject({ kernel: 'simd', state: 'ready' });
    expect(compute.status.reason).toContain('out of memory');
    compute.giveUp(compute.active, new Error('no memory at all'));
    expect(compute.status).toMatchObject({ active: 'js', kernel: 'js', state: 'unavailable', threads: 1 });
    compute.giveUp(compute.active, new Error('plain JS is never given up'));
    await compute.load();
    expect((await compute.kernels()).name).toBe('js');
    expect(steps).toEqual([
      {
        from: { backend: 'wasm', kernel: 'onnx' },
        to: { backend: 'wasm', kernel: 'simd' },
        reason: expect.stringContaining('out of memory'),
      },
      {
        from: { backend: 'wasm', kernel: 'simd' },
        to: { backend: 'js', kernel: 'js' },
        reason: expect.stringContaining('no memory at all'),
      },
    ]);
    expect(told.map(({ kernel }) => kernel)).toEqual(['simd', 'onnx', 'simd', 'js']);
  });

  it("K3 'wasm': where nothing of it works any more, calls reject with BACKEND_UNAVAILABLE and the cause", async () => {
    const { compute } = open('wasm');
    await compute.load();
    const cause = new Error('out of memory');
    compute.giveUp(compute.active, cause);
    await expect(compute.kernels()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      cause,
      message: expect.stringContaining('out of memory'),
    });
  });
});
